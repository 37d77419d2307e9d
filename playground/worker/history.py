"""The past of a cluster: what its log still knows of it, the picture as of a revision, and a new cluster begun from there.

The log keeps every change since its last compaction; the state at a revision is the newest row of each key up to it.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from cluster_core.machinery.typed import Obj
from cluster_core.persistence.log import ClusterExists, Lease, Row, Stored, Write
from playground.engine.port import EngineError, NameTaken
from playground.live.feedsession import session_of
from playground.live.thin import KINDS, Thin, thin

from .feed import Load
from .resident import Resident

if TYPE_CHECKING:
    from .host import Host

Answer = dict[str, Any]
_MOST_CHANGES = 2000
_QUIET_KINDS = ("Lease", "Event")
"""What happened besides is told without them: heartbeats and reports."""


async def history(host: Host, resident: Resident, args: Mapping[str, Any]) -> Answer:
    """{"revision"?}: the objects as of it, thinned as for the diagram; without: which changes are remembered."""
    rows = await _rows(host, resident)
    if args.get("revision") is None:
        return _overview(rows, await _oldest(host, resident), resident.committed)
    revision = await _checked(host, resident, args["revision"])
    return _picture(resident, _as_of(rows, revision), revision)


async def fork(host: Host, resident: Resident, args: Mapping[str, Any]) -> Answer:
    """{"name", "revision"?, "limits"?}: a new, paused cluster that begins with the objects as of a revision.

    What its parts remember beside the store (machines, plans) is that of now; they compare it with what they find.
    """
    from .commands import Wanted  # commands imports this module

    wanted = Wanted(str(args.get("name", "")))
    rows = await _rows(host, resident)
    revision = await _checked(host, resident, args.get("revision") or resident.committed)
    stored = await host.committer.call(host.log.load, resident.name)
    record = _record(resident, wanted.name, args.get("limits"))
    living = sorted(_as_of(rows, revision).values())
    lease = Lease(record.name, host.owner, 1, time.time() + host.limits.lease_seconds, host.address)
    first = Write(record.name, 1, revision, living, stored.state)
    engine = host.builder.load(Stored(record, revision, revision, stored.state, living))
    try:
        await host.committer.call(host.log.create, record, first, lease)
    except ClusterExists:
        raise NameTaken(f'cluster "{record.name}" already exists') from None
    host.settle_in(Stored(record, revision, revision, stored.state), engine, lease)
    return {"name": record.name, "token": record.token, "seed": record.seed, "revision": revision}


def _record(resident: Resident, name: str, limits: Mapping[str, float] | None) -> Any:
    """`limits`: those of the new cluster; None: as the old one's."""
    old = resident.record
    before = orjson.loads(old.spec)
    kept = before.get("limits", {}) if limits is None else dict(limits)
    spec = orjson.dumps({**before, "name": name, "limits": kept}).decode()
    settings = orjson.dumps({"speed": 1.0, "paused": True}).decode()
    token = secrets.token_urlsafe(24)
    return replace(old, name=name, token=token, spec=spec, created=time.time(), settings=settings)


# ---------------------------------------------------------------------------------------------------- reading the log


async def _rows(host: Host, resident: Resident) -> list[Row]:
    """Everything the log has, up to what is durable by now."""
    await host.durable(resident, resident.engine.revision)
    return list(await host.committer.call(host.log.history, resident.name, 0))


async def _oldest(host: Host, resident: Resident) -> int:
    stored = await host.committer.call(host.log.load, resident.name)
    return max(1, stored.compacted)


async def _checked(host: Host, resident: Resident, revision: Any) -> int:
    if isinstance(revision, bool) or not isinstance(revision, int):
        raise EngineError("revision: a whole number is required")
    oldest = await _oldest(host, resident)
    if not oldest <= revision <= resident.committed:
        raise EngineError(f"revision: from {oldest} to {resident.committed}", 410)
    return revision


def _as_of(rows: Iterable[Row], revision: int) -> dict[str, Row]:
    """The living rows by key."""
    found: dict[str, Row] = {}
    for row in rows:
        if row.revision > revision:
            break
        found[row.key] = row
    return {key: row for key, row in found.items() if row.value is not None}


# ---------------------------------------------------------------------------------------------------- what is told


def _overview(rows: Sequence[Row], oldest: int, newest: int) -> Answer:
    """{first, last, changes: [[revision, verb, kind, namespace, name, time]]}, oldest first."""
    known: dict[str, Obj] = {}
    changes = [change for row in rows if (change := _change(row, known)) and row.revision >= oldest]
    return {"first": oldest, "last": newest, "changes": changes[-_MOST_CHANGES:]}


def _change(row: Row, known: dict[str, Obj]) -> list[Any] | None:
    before = known.get(row.key)
    obj = _object(row) if row.value is not None else known.pop(row.key, None)
    if obj is None:
        return None
    if row.value is not None:
        known[row.key] = obj
    if obj["kind"] in _QUIET_KINDS:
        return None
    verb = "deleted" if row.value is None else "updated" if before else "created"
    metadata = obj["metadata"]
    return [row.revision, verb, obj["kind"], metadata.get("namespace", ""), metadata["name"], _last_touched(metadata)]


def _last_touched(metadata: Mapping[str, Any]) -> str:
    times = [entry.get("time") or "" for entry in metadata.get("managedFields", ())]
    return max([*times, metadata.get("creationTimestamp") or ""])


def _object(row: Row) -> Obj | None:
    """What the API server wrote; None for anything else in the store."""
    if not row.key.startswith("/registry/") or row.value is None:
        return None
    try:
        obj = orjson.loads(row.value)
        return obj if obj["kind"] and obj["metadata"]["uid"] else None
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None


def _picture(resident: Resident, rows: Mapping[str, Row], revision: int) -> Answer:
    """A snapshot frame, as `feed` sends it, of another time."""
    objects = [obj for row in rows.values() if (obj := _stamped(row)) and obj["kind"] in KINDS]
    by_name = {(obj["kind"], obj["metadata"].get("namespace", ""), obj["metadata"]["name"]): obj for obj in objects}
    thinned = [thin(obj["kind"], obj, lambda *key: by_name.get(key)) for obj in objects]
    load = Load()
    for entry in thinned:
        if entry["k"] == "Pod":
            load.update(entry["uid"], entry)
    whole = [entry | {"requested": load.of(entry["name"])} if entry["k"] == "Node" else entry for entry in thinned]
    now = max((_last_touched(obj["metadata"]) for obj in objects), default="")
    return {
        "type": "snapshot",
        "session": session_of(resident.record.token),
        "revision": revision,
        "time": now,
        "objects": [*whole, *_components(resident, thinned)],
    }


def _stamped(row: Row) -> Obj | None:
    obj = _object(row)
    return obj and {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(row.revision)}}


def _components(resident: Resident, thinned: Iterable[Thin]) -> list[Thin]:
    """The control plane's parts, as healthy as their static pods were."""
    pods = {entry["name"]: entry for entry in thinned if entry["k"] == "Pod"}
    facts = [fact for fact in resident.engine.facts() if fact["k"] == "Component"]
    return [fact | {"healthy": _was_ready(pods.get(f"{fact['name']}-{fact['node']}"))} for fact in facts]


def _was_ready(pod: Thin | None) -> bool:
    return pod is None or pod["ready"][0] == pod["ready"][1]
