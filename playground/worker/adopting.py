"""A cluster that was simulated elsewhere (a graded one, a demo's) begins to live here, with its history."""

from __future__ import annotations

import secrets
import time
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgpack
import orjson

from cluster_core.persistence.log import ClusterExists, Lease, Record, Row, Stored, Write
from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.saved import Saved
from playground.engine.port import EngineError, NameTaken

if TYPE_CHECKING:
    from .host import Host

Answer = dict[str, Any]
_MOST_BYTES = 256 * 1024 * 1024


def pack(begin: Saved, cluster: Cluster) -> dict[str, Any]:
    """A cluster as `adopt` takes it, with what has happened since `begin`; rows are alike enough to become small."""
    changes, revision, state = cluster.take_uncommitted()
    rows = sorted([*begin.rows, *changes], key=lambda row: row.revision)
    packed = zlib.compress(msgpack.packb([list(row) for row in rows]), 1)
    where = {"first": begin.revision, "revision": revision}
    return {"spec": cluster.spec.encode(), "rows": packed, **where, "state": state}


def _unpack(data: bytes) -> list[Row]:
    opened = zlib.decompressobj()
    text = opened.decompress(data, _MOST_BYTES)
    if opened.unconsumed_tail:
        raise EngineError("the cluster's history is too large", 413)
    return [Row(*row) for row in msgpack.unpackb(text)]


async def adopt(host: Host, name: str, args: Mapping[str, Any]) -> Answer:
    """{"spec", "rows", "first", "revision", "state"}: everything since revision `first`, and the engine's state after
    `revision`. The cluster is paused."""
    from .commands import Wanted  # commands imports this module

    wanted = Wanted(name)
    rows, first, revision, state = _unpack(args["rows"]), args["first"], args["revision"], args["state"]
    spec = orjson.dumps({**orjson.loads(args["spec"]), "name": wanted.name})
    settings = orjson.dumps({"speed": 1.0, "paused": True}).decode()
    seed = orjson.loads(spec)["seed"]
    record = Record(wanted.name, secrets.token_urlsafe(24), spec.decode(), seed, time.time(), settings)
    newest = {row.key: row for row in rows}
    living = [row for row in newest.values() if row.value is not None]
    stored = Stored(record, revision, revision, state, living)
    engine = host.builder.load(stored)
    lease = Lease(name, host.owner, 1, time.time() + host.limits.lease_seconds, host.address)
    try:
        await host.committer.call(host.log.create, record, Write(name, 1, revision, rows, state), lease)
    except ClusterExists:
        raise NameTaken(f'cluster "{name}" already exists') from None
    await host.committer.call(host.log.compact, name, 1, first)  # nobody can look at what was before
    host.settle_in(stored, engine, lease)
    return {"name": name, "token": record.token, "seed": seed, "revision": revision}
