"""The past of a cluster: what its log still knows of it, the picture as of a revision, and a new cluster begun from there.

The log keeps every change since its last compaction; the state at a revision is the newest row of each key up to it.
However long that is, one answer tells a page of it; what is not asked for is not read.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson

from cluster_core.machinery.typed import Obj
from cluster_core.persistence.log import ClusterExists, Lease, Row, Span, Stored, Write
from playground.engine.port import EngineError, NameTaken
from playground.live.feedsession import session_of
from playground.live.thin import KINDS, Thin, thin

from .feed import Load
from .resident import Resident

if TYPE_CHECKING:
    from .host import Host

Answer = dict[str, Any]
MOST_CHANGES = 500
"""In one page, unless less is asked for."""
_TOLD = Span(within="/registry/", without=("/registry/leases/", "/registry/events/"))
"""What happened is told without heartbeats and reports, and without what no API server wrote."""


async def history(host: Host, resident: Resident, args: Mapping[str, Any]) -> Answer:
    """One view of what is remembered, up to now: see `pages`, `picture`, `revisions`, `origins`."""
    await host.durable(resident, resident.engine.revision)
    if args.get("revision") is not None:
        return await picture(host, resident, args)
    if args.get("objects"):
        return await origins(host, resident, args)
    return await (revisions if args.get("revisions") else pages)(host, resident, args)


async def pages(host: Host, resident: Resident, args: Mapping[str, Any]) -> Answer:
    """{"limit"?, "continue"?}: {first, last, changes: [[revision, verb, kind, namespace, name, time]], continue?}.

    The newest changes, oldest first; `continue`, while there are older ones, asks for those before them.
    """
    oldest = await _oldest(host, resident)
    span = replace(_TOLD, after=oldest - 1, before=args.get("continue"))
    rows = await host.committer.call(host.log.newest, resident.name, span, args.get("limit") or MOST_CHANGES)
    answer = {"first": oldest, "last": resident.committed, "changes": await _changes(host, resident, rows)}
    older = replace(span, before=rows[0].revision) if rows else None
    more = older and await host.committer.call(host.log.newest, resident.name, older, 1)
    return answer | ({"continue": rows[0].revision} if more else {})


async def revisions(host: Host, resident: Resident, args: Mapping[str, Any]) -> Answer:
    """{first, last, revisions}: every one at which something changed, in order: what a scrubber can stop at."""
    oldest = await _oldest(host, resident)
    found = await host.committer.call(host.log.revisions, resident.name, replace(_TOLD, after=oldest - 1))
    return {"first": oldest, "last": resident.committed, "revisions": found}


async def origins(host: Host, resident: Resident, args: Mapping[str, Any]) -> Answer:
    """{"objects": ["Pod/default/web"]}: {origins: {object: the revision at which it was created}}, of those that live."""
    wanted = {name: key for name in args["objects"] if (key := _key(resident, name))}
    rows = await host.committer.call(host.log.of_keys, resident.name, list(wanted.values()))
    newest = {row.key: row for row in rows}
    found = {name: newest[key] for name, key in wanted.items() if key in newest}
    return {"origins": {name: row.create_revision for name, row in found.items() if row.value is not None}}


def _key(resident: Resident, name: str) -> str | None:
    kind, _, place = name.partition("/")
    namespace, _, own = place.partition("/")
    return resident.engine.key(kind, namespace, own)


async def picture(host: Host, resident: Resident, args: Mapping[str, Any]) -> Answer:
    """{"revision"}: the objects as of it, thinned as for the diagram, and what changed at it."""
    revision = await _checked(host, resident, args["revision"])
    rows = await host.committer.call(host.log.as_of, resident.name, revision)
    span = replace(_TOLD, after=revision - 1, before=revision + 1)
    changed = await host.committer.call(host.log.newest, resident.name, span, 1)
    return _picture(resident, rows, revision) | {"changes": await _changes(host, resident, changed)}


async def fork(host: Host, resident: Resident, args: Mapping[str, Any]) -> Answer:
    """{"name", "revision"?, "limits"?}: a new, paused cluster that begins with the objects as of a revision.

    What its parts remember beside the store (machines, plans) is that of now; they compare it with what they find.
    """
    from .commands import Wanted  # commands imports this module

    wanted = Wanted(str(args.get("name", "")))
    await host.durable(resident, resident.engine.revision)
    revision = await _checked(host, resident, args.get("revision") or resident.committed)
    stored = await host.committer.call(host.log.load, resident.name)
    record = _record(resident, wanted.name, args.get("limits"))
    living = await host.committer.call(host.log.as_of, resident.name, revision)
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


async def _oldest(host: Host, resident: Resident) -> int:
    return max(1, await host.committer.call(host.log.compacted, resident.name))


async def _checked(host: Host, resident: Resident, revision: Any) -> int:
    if isinstance(revision, bool) or not isinstance(revision, int):
        raise EngineError("revision: a whole number is required")
    oldest = await _oldest(host, resident)
    if not oldest <= revision <= resident.committed:
        raise EngineError(f"revision: from {oldest} to {resident.committed}", 410)
    return revision


# ---------------------------------------------------------------------------------------------------- what is told


async def _changes(host: Host, resident: Resident, rows: Sequence[Row]) -> list[list[Any]]:
    """What each row says; a deletion is told with what was deleted."""
    gone = {row.key for row in rows if row.value is None}
    before = await host.committer.call(host.log.of_keys, resident.name, gone) if gone else []
    told = (_change(row, row if row.value is not None else _last_before(row, before)) for row in rows)
    return [change for change in told if change]


def _last_before(deletion: Row, rows: Iterable[Row]) -> Row:
    earlier = [row for row in rows if row.key == deletion.key and row.revision < deletion.revision]
    return earlier[-1] if earlier else deletion


def _change(row: Row, said: Row) -> list[Any] | None:
    obj = _object(said)
    if obj is None:
        return None
    verb = "deleted" if row.value is None else "created" if row.version == 1 else "updated"
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


def _picture(resident: Resident, rows: Iterable[Row], revision: int) -> Answer:
    """A snapshot frame, as `feed` sends it, of another time."""
    objects = [obj for row in rows if (obj := _stamped(row)) and obj["kind"] in KINDS]
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
