"""Pod disruption budgets. Models pkg/registry/policy/poddisruptionbudget."""

from __future__ import annotations

from collections.abc import Callable

from cluster_core.apiserver.internal import internal
from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.checks import label_selector, nonnegatives, supported
from cluster_core.kinds.columns import status_number
from cluster_core.kinds.conditions_validation import conditions
from cluster_core.kinds.rollout_validation import at_most_all, int_or_percent
from cluster_core.machinery.field import Errors, Path, invalid
from cluster_core.machinery.typed import Obj

_SPEC = Path("spec")
_STATUS = {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0}


def prepare_create(budget: Obj) -> Obj:
    return {**budget, "status": _STATUS}


def _amount(key: str) -> Callable[[Obj, int], str]:
    return lambda obj, now: str(obj.get("spec", {}).get(key, "N/A"))


def validate(budget: Obj) -> Errors:
    errors: Errors = []
    spec = budget.get("spec") or {}
    if "minAvailable" in spec and "maxUnavailable" in spec:
        detail = "minAvailable and maxUnavailable cannot be both set"
        errors.append(invalid(_SPEC, internal("policy.PodDisruptionBudgetSpec", spec), detail))
    for key in ("minAvailable", "maxUnavailable"):
        if key in spec:
            int_or_percent(errors, _SPEC / key, spec[key])
            at_most_all(errors, _SPEC / key, spec[key])
    label_selector(errors, _SPEC / "selector", spec.get("selector"))
    known = ("AlwaysAllow", "IfHealthyBudget")
    supported(errors, _SPEC / "unhealthyPodEvictionPolicy", spec.get("unhealthyPodEvictionPolicy"), known)
    return errors


def validate_status(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    keys = ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")
    nonnegatives(errors, new.get("status") or {}, Path("status"), *keys)
    conditions(errors, Path("status", "conditions"), (new.get("status") or {}).get("conditions") or ())
    return errors


COLUMNS = (
    NAME,
    Column("Min Available", _amount("minAvailable"), description="The minimum number of pods that must be available."),
    Column(
        "Max Unavailable", _amount("maxUnavailable"), description="The maximum number of pods that may be unavailable."
    ),
    Column(
        "Allowed Disruptions",
        status_number("disruptionsAllowed"),
        "integer",
        description="Calculated number of pods that may be disrupted at this time.",
    ),
    AGE,
)

KIND = Kind(
    "PodDisruptionBudget",
    plural="poddisruptionbudgets",
    group="policy",
    short=("pdb",),
    prepare_create=prepare_create,
    validate=validate,
    validate_update=lambda new, old: validate(new),
    validate_status=validate_status,
    metadata_first=False,
    repeats_metadata_check=False,
    columns=COLUMNS,
    status=True,
    generation=True,
    unconditional_update=False,
)
