"""Priority classes. Models pkg/registry/scheduling/priorityclass."""

from __future__ import annotations

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.checks import choice, immutable
from cluster_core.kinds.columns import documented
from cluster_core.machinery.field import Errors, Path, forbidden
from cluster_core.machinery.typed import Obj

_DOCUMENTED = "scheduling.v1.PriorityClass"


def default(priority_class: Obj) -> Obj:
    return {"preemptionPolicy": "PreemptLowerPriority", **priority_class}


_SYSTEM = {
    "system-node-critical": (2_000_001_000, "value of system-node-critical PriorityClass must be 2000001000"),
    "system-cluster-critical": (2_000_000_000, "value of system-cluster-critical PriorityClass must be 2000000000"),
}
_HIGHEST = 1_000_000_000
_PREFIX = "system-"


def validate(priority_class: Obj) -> Errors:
    errors: Errors = []
    name, value = priority_class["metadata"].get("name", ""), priority_class.get("value", 0)
    if name.startswith(_PREFIX):
        problem = _system_problem(name, value, bool(priority_class.get("globalDefault")))
        if problem:
            detail = "priority class names with 'system-' prefix are reserved for system use only. error: "
            errors.append(forbidden(Path("metadata", "name"), detail + problem))
    elif value > _HIGHEST:
        detail = f"maximum allowed value of a user defined priority is {_HIGHEST}"
        errors.append(forbidden("value", detail))
    if priority_class.get("preemptionPolicy") is not None:
        policy = priority_class["preemptionPolicy"]
        choice(errors, Path("preemptionPolicy"), policy, ("PreemptLowerPriority", "Never"))
    return errors


def _system_problem(name: str, value: int, is_default: bool) -> str:
    """Models IsKnownSystemPriorityClass."""
    if name not in _SYSTEM:
        return f"{name} is not a known system priority class"
    wanted, problem = _SYSTEM[name]
    if value != wanted:
        return problem
    return f"globalDefault of {name} PriorityClass must be false" if is_default else ""


def validate_update(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    if new.get("value", 0) != old.get("value", 0):
        errors.append(forbidden("value", "may not be changed in an update."))
    immutable(errors, Path("preemptionPolicy"), new.get("preemptionPolicy"), old.get("preemptionPolicy"))
    return errors


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
    validate=validate,
    validate_update=validate_update,
    columns=COLUMNS,
    prepare_create=lambda obj: {**obj, "metadata": {**obj["metadata"], "generation": 1}},
)
