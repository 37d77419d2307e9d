"""Priority level configurations. Models pkg/registry/flowcontrol/prioritylevelconfiguration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.columns import NONE, documented
from cluster_core.kinds.flowcontrol_validation import priority_level, priority_level_status
from cluster_core.machinery.typed import Obj

_EXEMPT = {"nominalConcurrencyShares": 0, "lendablePercent": 0}
_LIMITED = {"nominalConcurrencyShares": 30, "lendablePercent": 0}
_QUEUING = {"queues": 64, "handSize": 8, "queueLengthLimit": 50}
_DOCUMENTED = "flowcontrol.v1.PriorityLevelConfigurationSpec"


def default(found: Obj) -> Obj:
    spec = dict(found.get("spec") or {})
    if spec.get("exempt") is not None:
        spec["exempt"] = _filled(_EXEMPT, spec["exempt"])
    if spec.get("limited") is not None:
        limited = _filled(_LIMITED, spec["limited"])
        response = limited.get("limitResponse") or {}
        if response.get("queuing") is not None:
            limited["limitResponse"] = {**response, "queuing": _queuing(response["queuing"])}
        spec["limited"] = limited
    return {**found, "spec": spec}


def _filled(defaults: Obj, found: Obj) -> dict[str, Any]:
    return {**defaults, **{key: value for key, value in found.items() if value is not None}}


def _queuing(found: Obj) -> Obj:
    return {**found, **{key: value for key, value in _QUEUING.items() if not found.get(key)}}


def prepare_create(found: Obj) -> Obj:
    return {**found, "status": {}}


def _queue(key: str) -> Callable[[Obj, int], Any]:
    def cell(found: Obj, now: int) -> Any:
        limited = (found.get("spec") or {}).get("limited") or {}
        queuing = (limited.get("limitResponse") or {}).get("queuing")
        return NONE if queuing is None else queuing.get(key, 0)

    return cell


def _shares(found: Obj, now: int) -> Any:
    limited = (found.get("spec") or {}).get("limited")
    return NONE if limited is None else limited.get("nominalConcurrencyShares", 0)


def _column(name: str, key: str) -> Column:
    return Column(name, _queue(key), description=documented("flowcontrol.v1.QueuingConfiguration", key))


COLUMNS = (
    NAME,
    Column(
        "Type", lambda obj, now: (obj.get("spec") or {}).get("type", ""), description=documented(_DOCUMENTED, "type")
    ),
    Column(
        "NominalConcurrencyShares",
        _shares,
        description=documented("flowcontrol.v1.LimitedPriorityLevelConfiguration", "nominalConcurrencyShares"),
    ),
    _column("Queues", "queues"),
    _column("HandSize", "handSize"),
    _column("QueueLengthLimit", "queueLengthLimit"),
    AGE,
)

KIND = Kind(
    "PriorityLevelConfiguration",
    plural="prioritylevelconfigurations",
    group="flowcontrol.apiserver.k8s.io",
    namespaced=False,
    default=default,
    prepare_create=prepare_create,
    validate=priority_level,
    validate_update=lambda new, old: priority_level(new),
    validate_status=lambda new, old: priority_level_status(new),
    repeats_metadata_check=False,
    columns=COLUMNS,
    status=True,
    generation=True,
)
