"""Pod disruption budgets. Models pkg/registry/policy/poddisruptionbudget."""

from __future__ import annotations

from collections.abc import Callable

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.columns import status_number
from cluster_core.machinery.typed import Obj

_STATUS = {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0}


def prepare_create(budget: Obj) -> Obj:
    return {**budget, "status": _STATUS}


def _amount(key: str) -> Callable[[Obj, int], str]:
    return lambda obj, now: str(obj.get("spec", {}).get(key, "N/A"))


COLUMNS = (
    NAME,
    Column(
        "Min Available", _amount("minAvailable"), description="The minimum number of pods that must be available."
    ),
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
    columns=COLUMNS,
    status=True,
    generation=True,
    unconditional_update=False,
)
