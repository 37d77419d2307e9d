"""Events: what parts tell people. Equal ones within a while become one with a count.

Models client-go/tools/record: the aggregation key, names of the form "object.hash", counts and first and last time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cluster_core.machinery.seed import uuid_of
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


def record(client: Client, about: Obj, what: Occurrence) -> None:
    """Write the event, or count it on the one that says the same. It never refuses: a lost event harms nobody."""
    if client.server.silent:
        return
    metadata = about["metadata"]
    namespace = metadata.get("namespace") or "default"
    digits = _digits(client, about, what)
    name = _name(about, digits)
    known = client.get("Event", namespace, name)
    if known is None:
        if not _namespace_is_gone(client, namespace):
            _store(client, _event(client, about, what, name), digits)
        return
    changed = {**known, "count": known.get("count", 1) + 1, "lastTimestamp": client.server.world.clock.timestamp()}
    client.update("Event", changed)


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
    metadata["creationTimestamp"] = event["firstTimestamp"]
    server.storage.put(kind, event)


def _namespace_is_gone(client: Client, namespace: str) -> bool:
    """Terminating namespaces take no new events."""
    found = client.get("Namespace", "", namespace)
    return found is None or "deletionTimestamp" in found["metadata"]


def _digits(client: Client, about: Obj, what: Occurrence) -> str:
    """64 hexadecimal digits that tell occurrences apart."""
    uid = about["metadata"].get("uid", "")
    seed = client.server.world.seed
    return seed.digits("event", uid, what.type, what.reason, what.message, what.component, what.field_path)


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


def _event(client: Client, about: Obj, what: Occurrence, name: str) -> dict[str, Any]:
    now = client.server.world.clock.timestamp()
    source = {"component": what.component, **({"host": what.host} if what.host else {})}
    event = {
        "metadata": {"name": name, "namespace": about["metadata"].get("namespace") or "default"},
        "involvedObject": reference(about, what.field_path),
        "reason": what.reason,
        "message": what.message,
        "source": source,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
        "type": what.type,
        "eventTime": None,
        "reportingComponent": what.component,
        "reportingInstance": what.host,
    }
    return {**event, "action": what.action} if what.action else event
