"""Events: what parts tell people. Equal ones within a while become one with a count, or one with a series.

Models client-go's two recorders. Most parts use tools/record: equal words are counted on one event with first and last time.
Those that name an action (the scheduler) use tools/events: an event has one time, and what is alike whatever its words, about
the object as it was, continues as a series. Names have the form "object.hash".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cluster_core.apiserver.world import CONTROL_PLANE
from cluster_core.machinery.seed import uuid_of
from cluster_core.machinery.timestamps import SECOND, any_time
from cluster_core.machinery.typed import Obj

if TYPE_CHECKING:
    from cluster_core.apiserver.client import Client


@dataclass(frozen=True, slots=True)
class Occurrence:
    """What happened, and who says so."""

    type: str
    reason: str
    message: str
    component: str
    host: str = ""
    field_path: str = ""
    action: str = ""
    """Told through events.k8s.io, which alone knows actions and related objects."""
    related: Obj | None = None


_FINISHED = 6 * 60 * SECOND
"""A series that has paused so long is over (finishTime)."""


def record(client: Client, about: Obj, what: Occurrence) -> None:
    """Write the event, or count it on the one that says the same. It never refuses: a lost event harms nobody, and one that
    happens while nobody answers is lost."""
    if client.server.silent or client.server.etcd_fault:
        return
    namespace = about["metadata"].get("namespace") or "default"
    digits, known = _latest(client, namespace, about, what)
    if known is not None:
        client.update("Event", {**known, **_once_more(client, known, what)})
    elif not _namespace_is_gone(client, namespace):
        event = _event(about, what, _name(about, digits))
        times = _series_times if what.action else _counted_times
        _store(client, {**event, **times(client, what)}, digits)


def _latest(client: Client, namespace: str, about: Obj, what: Occurrence) -> tuple[str, Obj | None]:
    """(the digits of the event's name, the event that this continues)."""
    turn = 0
    while True:
        digits = _digits(client, about, what, turn)
        known = client.get("Event", namespace, _name(about, digits))
        if known is None or not what.action or not _is_finished(client, known):
            return digits, known
        turn += 1


def _is_finished(client: Client, event: Obj) -> bool:
    last = (event.get("series") or {}).get("lastObservedTime") or event.get("eventTime") or event["metadata"]["creationTimestamp"]
    return client.server.world.clock.now - any_time(last) > _FINISHED


def _once_more(client: Client, known: Obj, what: Occurrence) -> Obj:
    """What changes when the same is said again. (The real recorder of series writes a count of 2, and later ones late.)"""
    clock = client.server.world.clock
    if not what.action:
        return {"count": known.get("count", 1) + 1, "lastTimestamp": clock.timestamp()}
    count = (known.get("series") or {"count": 1})["count"] + 1
    return {"series": {"count": count, "lastObservedTime": clock.microtime()}}


def is_recorded(client: Client, about: Obj, what: Occurrence) -> bool:
    """Whether this has been said about the object already, within the time that events are kept."""
    namespace = about["metadata"].get("namespace") or "default"
    return client.get("Event", namespace, _name(about, _digits(client, about, what))) is not None


def _store(client: Client, event: dict[str, Any], digits: str) -> None:
    """Write a new event without the ceremony of a request: there are many, and admission has nothing to say to them. An event
    that comes again after it has been forgotten is another object: the revision is part of its uid."""
    server = client.server
    server.require_etcd()
    kind = client.kind("Event")
    metadata = event["metadata"]
    metadata["uid"] = uuid_of(f"{server.storage.revision & 0xFFFFFFFF:08x}{digits[24:48]}")
    metadata["creationTimestamp"] = server.world.clock.timestamp()
    server.storage.put(kind, event)


def _namespace_is_gone(client: Client, namespace: str) -> bool:
    """Terminating namespaces take no new events."""
    found = client.get("Namespace", "", namespace)
    return found is None or "deletionTimestamp" in found["metadata"]


def _digits(client: Client, about: Obj, what: Occurrence, turn: int = 0) -> str:
    """64 hexadecimal digits that tell occurrences apart."""
    metadata = about["metadata"]
    seed, uid = client.server.world.seed, metadata.get("uid", "")
    if not what.action:
        return seed.digits("event", uid, what.type, what.reason, what.message, what.component, what.field_path)
    related = (what.related or {}).get("metadata", {}).get("uid", "")
    version = metadata.get("resourceVersion", "")
    return seed.digits("series", uid, version, what.type, what.reason, what.action, what.component, related, str(turn))


def _name(about: Obj, digits: str) -> str:
    """The object's name and the first 16 of the occurrence's digits."""
    return f"{about['metadata']['name']}.{digits[:16]}"


def reference(about: Obj, field_path: str = "") -> dict[str, Any]:
    """A v1.ObjectReference to the object."""
    metadata = about["metadata"]
    found: dict[str, Any] = {"kind": about["kind"], "name": metadata["name"], "apiVersion": about["apiVersion"]}
    for key in ("namespace", "uid", "resourceVersion"):
        if metadata.get(key):
            found[key] = metadata[key]
    return {**found, "fieldPath": field_path} if field_path else found


def _event(about: Obj, what: Occurrence, name: str) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": about["metadata"].get("namespace") or "default"},
        "involvedObject": reference(about, what.field_path),
        "reason": what.reason,
        "message": what.message,
        "type": what.type,
        "reportingComponent": what.component,
    }


def _counted_times(client: Client, what: Occurrence) -> dict[str, Any]:
    now = client.server.world.clock.timestamp()
    source = {"component": what.component, **({"host": what.host} if what.host else {})}
    times = {"firstTimestamp": now, "lastTimestamp": now, "count": 1, "eventTime": None}
    return {**times, "source": source, "reportingInstance": what.host}


def _series_times(client: Client, what: Occurrence) -> dict[str, Any]:
    now = client.server.world.clock.microtime()
    times = {"firstTimestamp": None, "lastTimestamp": None, "eventTime": now, "action": what.action}
    whole: dict[str, Any] = {**times, "source": {}, "reportingInstance": f"{what.component}-{CONTROL_PLANE}"}
    return whole if what.related is None else {**whole, "related": reference(what.related)}
