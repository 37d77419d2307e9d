"""What field selectors may name, per kind. Models the field label conversions of pkg/apis/*/v1/conversion.go."""

from __future__ import annotations

from cluster_core.apiserver.context import Context
from cluster_core.apiserver.kind import Kind, Served
from cluster_core.machinery import errors, gofmt
from cluster_core.machinery.typed import Obj

_PROBE: Obj = {"metadata": {"name": "", "namespace": ""}, "spec": {}, "status": {}}
_REGARDING = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
_EVENTS = {
    **{f"regarding.{part}": f"involvedObject.{part}" for part in _REGARDING},
    "reason": "reason",
    "type": "type",
    "reportingController": "reportingComponent",
    "metadata.name": "metadata.name",
    "metadata.namespace": "metadata.namespace",
}
_OWN_LABELS = frozenset(
    {"CertificateSigningRequest", "Event", "Namespace", "Node", "Pod", "ReplicationController", "Secret", "Service"}
)
"""Kinds with a conversion of field labels of their own: they refuse in other words than the default one."""
_OTHER_NAMES = {"Pod": {"spec.host": "spec.nodeName"}}


def selectable(kind: Kind, served: Served, obj: Obj) -> dict[str, str]:
    """The values field selectors see of a stored object when they are put to this version."""
    metadata = obj["metadata"]
    found = {"metadata.name": metadata["name"]}
    if kind.namespaced:
        found["metadata.namespace"] = metadata.get("namespace", "")
    fields = served.fields or kind.fields
    return {**found, **fields(obj)} if fields else found


def convert_label(context: Context, label: str, value: str) -> tuple[str, str]:
    """The name and value to compare for those a client gave. Raises 400 for what the kind cannot be selected by."""
    kind = context.kind
    if not label and not value:
        return "", ""
    if context.served.group == "events.k8s.io":
        found = _EVENTS.get(label)
    else:
        found = _OTHER_NAMES.get(kind.name, {}).get(label, label)
        known = selectable(kind, context.served, {**_PROBE, "apiVersion": context.api_version})
        found = found if found in known or (kind.fields is None and found == "metadata.namespace") else None
    if found is None:
        raise errors.bad_request(_unknown(kind, label))
    return found, value


def _unknown(kind: Kind, label: str) -> str:
    if kind.name == "Job":
        return f"field label {gofmt.quote(label)} not supported for Job"
    if kind.name == "ResourceSlice":
        return f"field label not supported for {kind.group}/{kind.version}, Kind={kind.name}: {label}"
    if kind.name not in _OWN_LABELS and "types" not in kind.facts:
        return f'{gofmt.quote(label)} is not a known field selector: only "metadata.name", "metadata.namespace"'
    return f"field label not supported: {label}"
