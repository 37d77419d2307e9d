"""Runtime classes. Models pkg/registry/node/runtimeclass."""

from __future__ import annotations

from cluster_core.apiserver.internal import internal
from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.affinity_validation import tolerations
from cluster_core.kinds.amounts import rounded
from cluster_core.kinds.checks import immutable, labels, named
from cluster_core.kinds.node_labels import deprecated
from cluster_core.kinds.resources_validation import container_resources
from cluster_core.machinery import names
from cluster_core.machinery.field import Errors, Path, duplicate
from cluster_core.machinery.typed import Obj


def default(runtime_class: Obj) -> Obj:
    overhead = runtime_class.get("overhead") or {}
    if not overhead.get("podFixed"):
        return runtime_class
    return {**runtime_class, "overhead": {**overhead, "podFixed": rounded(overhead["podFixed"])}}


def validate(runtime_class: Obj) -> Errors:
    errors: Errors = []
    named(errors, Path("handler"), runtime_class.get("handler", ""), names.dns1123_label)
    fixed = (runtime_class.get("overhead") or {}).get("podFixed")
    if fixed:
        container_resources(errors, Path("overhead"), {"limits": fixed})
    scheduling = runtime_class.get("scheduling") or {}
    labels(errors, Path("scheduling", "nodeSelector"), scheduling.get("nodeSelector"))
    found = scheduling.get("tolerations") or ()
    tolerations(errors, Path("scheduling", "tolerations"), found)
    for index, toleration in enumerate(found):
        if toleration in found[:index]:
            errors.append(duplicate(Path("scheduling", "tolerations")[index], internal("core.Toleration", toleration)))
    return errors


def validate_update(new: Obj, old: Obj) -> Errors:
    errors = validate(new)
    immutable(errors, Path("handler"), new.get("handler", ""), old.get("handler", ""))
    return errors


def warnings(new: Obj, old: Obj | None) -> list[str]:
    keys = (new.get("scheduling") or {}).get("nodeSelector") or {}
    return [f"scheduling.nodeSelector: {deprecated(key)}" for key in keys if deprecated(key)]


KIND = Kind(
    "RuntimeClass",
    plural="runtimeclasses",
    group="node.k8s.io",
    namespaced=False,
    default=default,
    warnings=warnings,
    validate=validate,
    validate_update=validate_update,
    columns=(NAME, Column("Handler", lambda obj, now: obj.get("handler", "")), AGE),
    allow_create_on_update=True,
    unconditional_update=False,
)
