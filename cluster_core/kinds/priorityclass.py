"""Priority classes. Models pkg/registry/scheduling/priorityclass."""

from __future__ import annotations

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.columns import documented
from cluster_core.machinery.typed import Obj

_DOCUMENTED = "scheduling.v1.PriorityClass"


def default(priority_class: Obj) -> Obj:
    return {"preemptionPolicy": "PreemptLowerPriority", **priority_class}


COLUMNS = (
    NAME,
    Column("Value", lambda obj, now: obj.get("value", 0), "integer", description=documented(_DOCUMENTED, "value")),
    Column(
        "Global-Default",
        lambda obj, now: bool(obj.get("globalDefault")),
        "boolean",
        description=documented(_DOCUMENTED, "globalDefault"),
    ),
    AGE,
    Column(
        "PreemptionPolicy",
        lambda obj, now: obj.get("preemptionPolicy", ""),
        description=documented(_DOCUMENTED, "preemptionPolicy"),
    ),
)

KIND = Kind(
    "PriorityClass",
    plural="priorityclasses",
    group="scheduling.k8s.io",
    namespaced=False,
    short=("pc",),
    default=default,
    columns=COLUMNS,
    generation=True,
)
