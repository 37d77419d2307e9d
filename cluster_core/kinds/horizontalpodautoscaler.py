"""Horizontal pod autoscalers. Models pkg/registry/autoscaling and the defaults and printers of autoscaling/v2."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cluster_core.apiserver.kind import Column, Kind, Served
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.columns import NONE, counted, documented
from cluster_core.kinds.hpa_cells import metrics_text
from cluster_core.kinds.hpa_v1 import from_storage, to_storage
from cluster_core.kinds.hpa_validation import autoscaler, autoscaler_status, autoscaler_update
from cluster_core.machinery.typed import Obj

_METRICS = (
    {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
    },
)
_UP = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ],
}
_DOWN = {"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}
_STATUS = {"currentMetrics": None, "desiredReplicas": 0}
_DOCUMENTED = "autoscaling.v2.HorizontalPodAutoscalerSpec"


def default(autoscaler: Obj) -> Obj:
    """At least one replica; 80 % of cpu when nothing is measured; whole rules for whoever sets some."""
    spec: dict[str, Any] = {"minReplicas": 1, **(autoscaler.get("spec") or {})}
    if not spec.get("metrics"):
        spec["metrics"] = list(_METRICS)
    behavior = spec.get("behavior")
    if behavior is not None:
        rules = {
            "scaleUp": {**_UP, **(behavior.get("scaleUp") or {})},
            "scaleDown": {**_DOWN, **(behavior.get("scaleDown") or {})},
        }
        spec["behavior"] = {**behavior, **rules}
    return {**autoscaler, "spec": spec}


def prepare_create(autoscaler: Obj) -> Obj:
    return {**autoscaler, "status": _STATUS}


def _reference(autoscaler: Obj, now: int) -> str:
    target = autoscaler["spec"].get("scaleTargetRef") or {}
    return f"{target.get('kind', '')}/{target.get('name', '')}"


def _targets(autoscaler: Obj, now: int) -> str:
    metrics = autoscaler["spec"].get("metrics") or ()
    return metrics_text(metrics, (autoscaler.get("status") or {}).get("currentMetrics") or ()) if metrics else NONE


COLUMNS = (
    NAME,
    Column("Reference", _reference, description=documented(_DOCUMENTED, "scaleTargetRef")),
    Column("Targets", _targets, description=documented(_DOCUMENTED, "metrics")),
    Column(
        "MinPods",
        lambda obj, now: str(obj["spec"].get("minReplicas", "<unset>")),
        description=documented(_DOCUMENTED, "minReplicas"),
    ),
    Column(
        "MaxPods",
        lambda obj, now: obj["spec"].get("maxReplicas", 0),
        description=documented(_DOCUMENTED, "maxReplicas"),
    ),
    counted("Replicas", "autoscaling.v2.HorizontalPodAutoscalerStatus", "currentReplicas", "string"),
    AGE,
)


def _from_v1(column: Column) -> Column:
    """The column of an object in its autoscaling/v1 form."""
    return replace(column, value=lambda obj, now: column.value(default(to_storage(obj)), now))


KIND = Kind(
    "HorizontalPodAutoscaler",
    plural="horizontalpodautoscalers",
    group="autoscaling",
    version="v2",
    short=("hpa",),
    categories=("all",),
    default=default,
    prepare_create=prepare_create,
    validate=autoscaler,
    validate_update=autoscaler_update,
    validate_status=autoscaler_status,
    columns=COLUMNS,
    status=True,
    served=(Served("autoscaling", "v1", from_storage, to_storage, tuple(_from_v1(column) for column in COLUMNS)),),
)
