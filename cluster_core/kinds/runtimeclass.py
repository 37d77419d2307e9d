"""Runtime classes. Models pkg/registry/node/runtimeclass."""

from __future__ import annotations

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.amounts import rounded
from cluster_core.machinery.typed import Obj


def default(runtime_class: Obj) -> Obj:
    overhead = runtime_class.get("overhead") or {}
    if not overhead.get("podFixed"):
        return runtime_class
    return {**runtime_class, "overhead": {**overhead, "podFixed": rounded(overhead["podFixed"])}}


KIND = Kind(
    "RuntimeClass",
    plural="runtimeclasses",
    group="node.k8s.io",
    namespaced=False,
    default=default,
    columns=(NAME, Column("Handler", lambda obj, now: obj.get("handler", "")), AGE),
    allow_create_on_update=True,
    unconditional_update=False,
)
