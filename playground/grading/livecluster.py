"""A live cluster as a hand-in: its saved form, taken from the log, and whether its state was forged, or reached by what is
forbidden."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import orjson

from cluster_core.simulation.saved import ClusterSpec, Saved
from cluster_core.simulation.witness import Witness

from .exercise import Forbidden
from .means import merged, of_object
from .saying import Said

_OWN = ("/registry/events/", "/registry/leases/", "/registry/endpointslices/")
"""What only the cluster writes. Its parts leave no managedFields, clients always do."""


def saved(name: str) -> Saved:
    """The cluster as last committed. Raises ClusterUnknown."""
    from cluster_core.persistence.orm import OrmLog  # Django's models, which grading itself does without

    stored = OrmLog().load(name)
    return Saved(ClusterSpec.decode(stored.record.spec), stored.rows, stored.revision, bytes(stored.state))


def forgeries(found: Saved) -> Iterator[str]:
    """Status and events that a client wrote by hand: what the cluster itself has seen, and what objects show."""
    yield from orjson.loads(found.state)["parts"].get(Witness.name, ())
    for row in found.rows:
        if not row.key.startswith("/registry/") or row.value is None or b'"managedFields"' not in row.value:
            continue
        metadata = _metadata(row.value)
        for entry in metadata.get("managedFields", ()):
            by_hand = entry.get("subresource") == "status" or "f:status" in (entry.get("fieldsV1") or {})
            if by_hand or row.key.startswith(_OWN):
                template = "the status of %(object)s was written by %(who)s" if by_hand else "%(object)s was written by %(who)s"
                yield Said(template, object=row.key.removeprefix("/registry/"), who=entry.get("manager"))
                break


def _metadata(value: bytes) -> dict[str, Any]:
    try:
        found: dict[str, Any] = orjson.loads(value)["metadata"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {}
    return found


# ---------------------------------------------------------------------------------------------------- forbidden means


def violations(forbidden: Forbidden, begun: Saved, found: Saved) -> Iterator[str]:
    """What was done that is forbidden, as far as a cluster shows it: it is compared with how it began. Verbs leave no trace."""
    before, now = _objects(begun), _objects(found)
    rules = replace(forbidden, forging=True)  # `forgeries` sees to these
    for key, obj in now.items():
        if (mine := _written(before.get(key), obj, rules)) is not None:
            yield from (Said("%(object)s: %(why)s", object=_name(obj), why=each) for each in of_object(rules, mine))
    for key in before.keys() - now.keys():
        if _name(before[key]) in forbidden.objects:
            yield Said("%(object)s may not be changed", object=_name(before[key]))


def _objects(found: Saved) -> dict[str, dict[str, Any]]:
    rows = {row.key: orjson.loads(row.value) for row in found.rows if row.value and row.key.startswith("/registry/")}
    return {key: obj for key, obj in rows.items() if isinstance(obj, dict) and "kind" in obj and "metadata" in obj}


def _name(obj: Mapping[str, Any]) -> str:
    return f"{obj['kind']}/{obj['metadata'].get('name', '')}"


def _written(was: Mapping[str, Any] | None, obj: Mapping[str, Any], rules: Forbidden) -> dict[str, Any] | None:
    """The part of an object that clients have written, None when they have not since the beginning."""
    if was is not None and _content(was) == _content(obj):
        return None
    metadata = obj["metadata"]
    entries = [each for each in metadata.get("managedFields") or () if "subresource" not in each]
    if not entries and not (was is not None and (_name(obj) in rules.objects or obj["kind"] in rules.kinds)):
        return None  # one of the cluster's own parts made it
    place = {key: metadata[key] for key in ("name", "namespace") if key in metadata}
    fields: dict[str, Any] = {}
    for each in entries:
        fields = merged(fields, _fields(each.get("fieldsV1") or {}))
    return {**fields, "kind": obj["kind"], "metadata": {**(fields.get("metadata") or {}), **place}}


def _content(obj: Mapping[str, Any]) -> Any:
    """What people write of an object: neither its status nor what is noted beside."""
    return {key: value for key, value in obj.items() if key not in ("status", "metadata")}, obj["metadata"].get("labels")


def _fields(owned: Mapping[str, Any]) -> dict[str, Any]:
    """The names in fieldsV1, without list items: {"spec": {"nodeName": {}}}."""
    found: dict[str, Any] = {}
    for key, inner in owned.items():
        below = _fields(inner) if isinstance(inner, dict) else {}
        found = merged(found, {key[2:]: below} if key.startswith("f:") else below)
    return found
