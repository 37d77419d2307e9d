"""Namespaces. Models pkg/registry/core/namespace: spec.finalizers hold a namespace until its content is gone."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_core.apiserver import objectmeta_validation
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.kind import Column, Kind, Subresource
from cluster_core.apiserver.lifecycle import update
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.checks import finalizer
from cluster_core.machinery import names
from cluster_core.machinery.field import Errors, Path, invalid
from cluster_core.machinery.typed import Obj

_FINALIZERS = Path("spec", "finalizers")
_NAME_LABEL = "kubernetes.io/metadata.name"


def default(namespace: Obj) -> Obj:
    """Every namespace carries its name as a label."""
    metadata = namespace.get("metadata") or {}
    if not metadata.get("name"):
        return namespace
    labels = {**metadata.get("labels", {}), _NAME_LABEL: metadata["name"]}
    return {**namespace, "metadata": {**metadata, "labels": labels}}


def prepare_create(namespace: Obj) -> Obj:
    finalizers = namespace.get("spec", {}).get("finalizers", [])
    if "kubernetes" not in finalizers:
        finalizers = [*finalizers, "kubernetes"]
    return {**namespace, "spec": {"finalizers": finalizers}, "status": {"phase": "Active"}}


def prepare_update(new: Obj, old: Obj) -> Obj:
    """Only the finalize subresource changes spec.finalizers."""
    return {**new, "spec": old["spec"]}


def finalizers(namespace: Obj) -> Sequence[str]:
    return [*namespace["metadata"].get("finalizers", ()), *namespace.get("spec", {}).get("finalizers", ())]


def on_deleting(namespace: Obj) -> Obj:
    metadata = {key: value for key, value in namespace["metadata"].items() if key != "deletionGracePeriodSeconds"}
    return {**namespace, "metadata": metadata, "status": {**namespace.get("status", {}), "phase": "Terminating"}}


def validate(namespace: Obj) -> Errors:
    """ValidateNamespace: all finalizers are told about as one."""
    errors: Errors = []
    for each in (namespace.get("spec") or {}).get("finalizers") or ():
        finalizer(errors, _FINALIZERS, each)
    return errors


def validate_update(new: Obj, old: Obj) -> Errors:
    return [*objectmeta_validation.validate(KIND, new), *validate(new)]


def validate_status(new: Obj, old: Obj) -> Errors:
    deleting = new["metadata"].get("deletionTimestamp") is not None
    phase = (new.get("status") or {}).get("phase", "")
    wanted, when = ("Terminating", "is not empty") if deleting else ("Active", "is empty")
    if phase == wanted:
        return []
    detail = f"may only be '{wanted}' if `deletionTimestamp` {when}"
    return [invalid(Path("status", "Phase"), phase, detail)]


def validate_finalize(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    for index, each in enumerate((new.get("spec") or {}).get("finalizers") or ()):
        finalizer(errors, _FINALIZERS[index], each)
    return errors


def _finalize(context: Context, namespace: Obj, body: Obj | None) -> Obj:
    """What is sent, with the status as it was."""
    sent = default(body or {})
    context.subresource = "finalize"
    return update(context, lambda old: {**sent, "spec": sent.get("spec") or {}, "status": old.get("status") or {}})


COLUMNS = (
    NAME,
    Column(
        "Status", lambda obj, now: obj.get("status", {}).get("phase", ""), description="The status of the namespace"
    ),
    AGE,
)

KIND = Kind(
    "Namespace",
    plural="namespaces",
    short=("ns",),
    namespaced=False,
    verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
    default=default,
    prepare_create=prepare_create,
    before_store=lambda context, new, old: default(new),  # a generated name was not known before
    prepare_update=prepare_update,
    validate=validate,
    validate_update=validate_update,
    validate_status=validate_status,
    validate_name=names.dns1123_label,
    fields=lambda obj: {"status.phase": obj.get("status", {}).get("phase", "")},
    columns=COLUMNS,
    status=True,
    finalizers=finalizers,
    on_deleting=on_deleting,
    returns_deleted=True,
    subresources=(Subresource("finalize", ("update",), "Namespace", call=_finalize, validate=validate_finalize),),
)
