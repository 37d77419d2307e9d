"""Which fields the cluster's own parts own, told when an object is shown by itself or in a table.

Parts write untracked (docs/decisions/0002), so what nobody in metadata.managedFields owns is theirs: the status of most
kinds is the controller manager's, of pods the kubelet's; what is controlled by another, a controller has made. Without
a sign of either nothing is told: a client may have emptied the entries. Lists, watches and large tables send what is stored, without these entries.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from cluster_core.apiserver import decode, schema
from cluster_core.apiserver.body import type_of
from cluster_core.apiserver.context import Context
from cluster_core.machinery import fieldset, managedfields, managers, structured
from cluster_core.machinery.fieldset import FieldSet
from cluster_core.machinery.managers import UPDATE, Managed, Owned
from cluster_core.machinery.typed import Obj, Type

_CONTROLLERS, _KUBELET, _SERVER = "kube-controller-manager", "kubelet", "kube-apiserver"
_REMEMBERED = 16
"""Objects whose entries are kept for whoever asks again: a millisecond's work, and some kilobytes each."""
ROWS = 25
"""A table of more rows goes without: nobody reads them there."""
_STATUS_WRITERS = {"Pod": _KUBELET}
_UNTOLD = frozenset(("Node",))
"""Whose status both clients and kubelets make when they make the object."""
_BOOTSTRAP = "kubernetes.io/bootstrapping"
_FIRST_PHASES = {"PersistentVolume": "Pending", "PersistentVolumeClaim": "Pending", "Pod": "Pending"}
_BOUND = fieldset.of_paths((fieldset.field("spec"), fieldset.field("nodeName")))
"""A binding is written past all tracking."""
_ANNOTATIONS = (fieldset.field("metadata"), fieldset.field("annotations"))
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def told(context: Context, obj: Obj) -> Obj:
    """The object with entries for what parts have written. Those of custom resources are not told apart."""
    metadata = obj["metadata"]
    if "types" in context.kind.facts or context.kind.name in _UNTOLD or "uid" not in metadata:
        return obj
    key, known = (metadata["uid"], metadata.get("resourceVersion", ""), context.api_version), context.server.fields.shown
    if key not in known:
        known[key] = _entries(context, obj)
        if len(known) > _REMEMBERED:
            known.pop(next(iter(known)))
    entries = known[key]
    return {**obj, "metadata": {**metadata, "managedFields": entries}} if entries else obj


def _entries(context: Context, obj: Obj) -> list[dict[str, Any]]:
    type, bare = type_of(context), managers.without_entries(obj)
    before = managers.decode_or_none(managers.entries_of(obj))
    managed = before or _made(context, type, bare)
    return managers.encode(_with_status(context, type, bare, managed) if managed else managed)


def _made(context: Context, type: Type, bare: Obj) -> Managed:
    """The entry of the part that made the object, if one has: what is controlled by another, or the first roles."""
    metadata = bare["metadata"]
    controlled = any(owner.get("controller") for owner in metadata.get("ownerReferences") or ())
    name = _SERVER if _BOOTSTRAP in (metadata.get("labels") or {}) else _CONTROLLERS if controlled else ""
    if not name:
        return {}
    writer = managedfields.Writer(name, context.api_version, metadata["creationTimestamp"])
    whole = {key: value for key, value in bare.items() if key != "status"}
    made = managers.decode_or_none(managers.entries_of(managedfields.update(type, None, whole, writer)))
    return {who: owned.with_fields(fieldset.difference(owned.fields, _BOUND)) for who, owned in made.items()}


def _with_status(context: Context, type: Type, bare: Obj, managed: Managed) -> Managed:
    fields = fieldset.union(_changed_status(context, type, bare), _annotations(bare))
    for owned in managed.values():
        fields = fieldset.difference(fields, owned.fields)
    if not fields or "status" not in type.fields:
        return managed
    name = _STATUS_WRITERS.get(context.kind.name, _CONTROLLERS)
    who = managers.manager(name, UPDATE, context.api_version, "status")
    if who in managed:
        fields = fieldset.union(fields, managed[who].fields)
    return {**managed, who: Owned(fields, context.api_version, _newest(bare))}


def _changed_status(context: Context, type: Type, bare: Obj) -> FieldSet:
    """What the status has that it had not when the object was made, or bound."""
    if not bare.get("status"):
        return fieldset.EMPTY
    member = type.fields["status"].type
    changed = structured.compare(member, _first_status(context, type, bare), bare["status"]).changed()
    return {fieldset.field("status"): changed} if changed else fieldset.EMPTY


def _annotations(bare: Obj) -> FieldSet:
    names = bare["metadata"].get("annotations") or {}
    return fieldset.of_paths(*((*_ANNOTATIONS, fieldset.field(name)) for name in names), _ANNOTATIONS) if names else fieldset.EMPTY


def _first_status(context: Context, type: Type, bare: Obj) -> dict[str, Any]:
    first = dict(_blank(type.schema_name))
    if context.api_version == context.kind.api_version:
        made = context.kind.prepare_create({key: value for key, value in bare.items() if key != "status"})
        first |= made.get("status") or {}
    phase = bare["status"].get("phase")
    if context.kind.name == "Namespace" or phase == _FIRST_PHASES.get(context.kind.name, ""):  # the server sets that of namespaces
        first |= {key: value for key, value in bare["status"].items() if key in ("phase", "lastPhaseTransitionTime")}
    bound = [each for each in bare["status"].get("conditions") or () if each.get("type") == "PodScheduled"]
    return {**first, "conditions": bound} if bound else first


@cache
def _blank(schema_name: str) -> dict[str, Any]:
    found: dict[str, Any] = decode.normalize(schema.definition(schema_name), {}).get("status") or {}
    return found


def _newest(bare: Obj) -> str:
    """The latest time the status tells of, which is about when it was written."""
    found = _TIME.findall(str(bare.get("status")))
    return max(found) if found else str(bare["metadata"]["creationTimestamp"])
