"""Autoscalers as autoscaling/v1 shows them: what that version has no field for travels in annotations.

Models pkg/apis/autoscaling/v1/conversion.go. The behaviour is written with the names of the internal Go type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from cluster_core.kinds.hpa_cells import PARTS
from cluster_core.machinery.typed import Obj

_PREFIX = "autoscaling.alpha.kubernetes.io/"
_METRICS, _CURRENT = _PREFIX + "metrics", _PREFIX + "current-metrics"
_CONDITIONS, _BEHAVIOR = _PREFIX + "conditions", _PREFIX + "behavior"
_ROUND_TRIP = frozenset({_METRICS, _CURRENT, _CONDITIONS, _BEHAVIOR})
_COUNTS = ("observedGeneration", "lastScaleTime", "currentReplicas", "desiredReplicas")


# ------------------------------------------------------------------------------------------------ v2 to v1


def from_storage(autoscaler: Obj) -> Obj:
    """The v1 form of an autoscaler."""
    spec, status = autoscaler.get("spec") or {}, autoscaler.get("status") or {}
    kept = {key: spec[key] for key in ("scaleTargetRef", "minReplicas", "maxReplicas") if key in spec}
    utilization = next((found for metric in spec.get("metrics") or () if (found := _cpu_utilization(metric))), None)
    if utilization is not None:
        kept["targetCPUUtilizationPercentage"] = utilization
    metadata = _annotated(autoscaler.get("metadata") or {}, _annotations(spec, status))
    return {**autoscaler, "metadata": metadata, "spec": kept, "status": _status_v1(status)}


def _cpu_utilization(metric: Obj) -> int | None:
    resource = metric.get("resource") or {}
    if metric.get("type") != "Resource" or resource.get("name") != "cpu":
        return None
    found: int | None = (resource.get("target") or {}).get("averageUtilization")
    return found


def _status_v1(status: Obj) -> dict[str, Any]:
    result = {"currentReplicas": 0, "desiredReplicas": 0, **{key: status[key] for key in _COUNTS if key in status}}
    for metric in status.get("currentMetrics") or ():
        resource = metric.get("resource") or {}
        utilization = (resource.get("current") or {}).get("averageUtilization")
        if metric.get("type") == "Resource" and resource.get("name") == "cpu" and utilization is not None:
            result["currentCPUUtilizationPercentage"] = utilization
    return result


def _annotations(spec: Obj, status: Obj) -> dict[str, str]:
    found: dict[str, Any] = {
        _METRICS: [_metric_v1(one, "target") for one in spec.get("metrics") or () if _cpu_utilization(one) is None],
        _CURRENT: [_metric_v1(one, "current") for one in status.get("currentMetrics") or ()],
        _CONDITIONS: status.get("conditions") or (),
        _BEHAVIOR: _behavior_internal(spec["behavior"]) if spec.get("behavior") is not None else None,
    }
    return {key: orjson.dumps(value).decode() for key, value in found.items() if value}


def _annotated(metadata: Obj, annotations: Mapping[str, str]) -> Obj:
    """The metadata with these round-trip annotations and no others."""
    own = {key: value for key, value in (metadata.get("annotations") or {}).items() if key not in _ROUND_TRIP}
    merged = {**own, **annotations}
    rest = {key: value for key, value in metadata.items() if key != "annotations"}
    return {**rest, "annotations": merged} if merged else rest


_NAMES: dict[str, Mapping[str, str]] = {
    "target": {
        "value": "targetValue",
        "averageValue": "targetAverageValue",
        "averageUtilization": "targetAverageUtilization",
    },
    "current": {
        "value": "currentValue",
        "averageValue": "currentAverageValue",
        "averageUtilization": "currentAverageUtilization",
    },
}


def _metric_v1(metric: Obj, which: str) -> dict[str, Any]:
    """A metric, or its status, with its details in the flat form of v1."""
    part = PARTS.get(metric.get("type", ""), "")
    result: dict[str, Any] = {"type": metric.get("type", "")}
    if part in metric:
        result[part] = _flat(metric[part], part, which)
    return result


def _flat(source: Obj, part: str, which: str) -> dict[str, Any]:
    result: dict[str, Any] = {}
    if part == "object":
        result["target"] = source.get("describedObject") or {"kind": "", "name": ""}
    if "metric" in source:
        result["metricName"] = source["metric"].get("name", "")
        if source["metric"].get("selector") is not None:
            result["metricSelector" if part == "external" else "selector"] = source["metric"]["selector"]
    result.update({key: source[key] for key in ("name", "container") if key in source})
    names = {**_NAMES[which], "averageValue": "averageValue"} if part == "object" else _NAMES[which]
    values = source.get(which) or {}
    result.update({new: values[old] for old, new in names.items() if old in values})
    if part == "object" or (part == "external" and which == "current"):
        result.setdefault(names["value"], "0")
    return result


def _behavior_internal(behavior: Obj) -> dict[str, Any]:
    return {key: _rules_internal(behavior.get(key[0].lower() + key[1:])) for key in ("ScaleUp", "ScaleDown")}


def _rules_internal(rules: Obj | None) -> dict[str, Any] | None:
    if rules is None:
        return None
    policies = [{_upper(key): value for key, value in one.items()} for one in rules.get("policies") or ()]
    return {
        "StabilizationWindowSeconds": rules.get("stabilizationWindowSeconds"),
        "SelectPolicy": rules.get("selectPolicy"),
        "Policies": policies or None,
        "Tolerance": rules.get("tolerance"),
    }


def _upper(name: str) -> str:
    return name[:1].upper() + name[1:]


# ------------------------------------------------------------------------------------------------ v1 to v2


def to_storage(autoscaler: Obj) -> Obj:
    """The v2 form of an autoscaler that came as v1."""
    spec, status = autoscaler.get("spec") or {}, autoscaler.get("status") or {}
    annotations = (autoscaler.get("metadata") or {}).get("annotations") or {}
    kept = {key: value for key, value in spec.items() if key != "targetCPUUtilizationPercentage"}
    metrics = _parsed(annotations, _METRICS, _metrics_v2("target")) or []
    if spec.get("targetCPUUtilizationPercentage") is not None:
        metrics = [*metrics, _cpu("target", spec["targetCPUUtilizationPercentage"])]
    if metrics:
        kept["metrics"] = metrics
    behavior = _parsed(annotations, _BEHAVIOR, _behavior_v2)
    if behavior:
        kept["behavior"] = behavior
    metadata = _annotated(autoscaler.get("metadata") or {}, {})
    return {**autoscaler, "metadata": metadata, "spec": kept, "status": _status_v2(status, annotations)}


def _cpu(which: str, utilization: int) -> dict[str, Any]:
    amount: dict[str, Any] = {"averageUtilization": utilization}
    if which == "target":
        amount["type"] = "Utilization"
    return {"type": "Resource", "resource": {"name": "cpu", which: amount}}


def _status_v2(status: Obj, annotations: Mapping[str, str]) -> dict[str, Any]:
    result: dict[str, Any] = {"currentMetrics": None, **{key: status[key] for key in _COUNTS if key in status}}
    if status.get("currentCPUUtilizationPercentage") is not None:
        result["currentMetrics"] = [_cpu("current", status["currentCPUUtilizationPercentage"])]
    current = _parsed(annotations, _CURRENT, _metrics_v2("current"))
    if current is not None:
        result["currentMetrics"] = current
    conditions = _parsed(annotations, _CONDITIONS, list)
    if conditions:
        result["conditions"] = conditions
    return result


def _parsed(annotations: Mapping[str, str], key: str, convert: Callable[[Any], Any]) -> Any:
    """What an annotation holds; None when it holds nothing that makes sense, which upstream passes over too."""
    try:
        return convert(orjson.loads(annotations[key])) if key in annotations else None
    except (orjson.JSONDecodeError, AttributeError, TypeError):
        return None


def _metrics_v2(which: str) -> Callable[[Sequence[Obj]], list[dict[str, Any]]]:
    return lambda metrics: [_metric_v2(metric, which) for metric in metrics]


def _metric_v2(metric: Obj, which: str) -> dict[str, Any]:
    part = PARTS.get(metric.get("type", ""), "")
    result: dict[str, Any] = {"type": metric.get("type", "")}
    if part in metric:
        result[part] = _deep(metric[part], part, which)
    return result


def _deep(source: Obj, part: str, which: str) -> dict[str, Any]:
    names = {**_NAMES[which], "averageValue": "averageValue"} if part == "object" else _NAMES[which]
    amount: dict[str, Any] = {old: source[new] for old, new in names.items() if source.get(new) is not None}
    if part == "object" and "averageValue" in amount:
        amount.pop("value", None)
    if which == "target":
        amount["type"] = _target_type(amount)
    result: dict[str, Any] = {key: source[key] for key in ("name", "container") if key in source}
    if part in ("object", "pods", "external"):
        selector = source.get("metricSelector" if part == "external" else "selector")
        result["metric"] = {"name": source.get("metricName", "")} | ({"selector": selector} if selector else {})
    if part == "object":
        result["describedObject"] = source.get("target") or {}
    return {**result, which: amount}


def _target_type(amount: Obj) -> str:
    if "averageUtilization" in amount:
        return "Utilization"
    return "AverageValue" if "averageValue" in amount and "value" not in amount else "Value"


def _behavior_v2(behavior: Obj) -> dict[str, Any]:
    result = {}
    for key in ("ScaleUp", "ScaleDown"):
        if behavior.get(key) is not None:
            result[_lower(key)] = _lowered(behavior[key])
    return result


def _lowered(rules: Obj) -> dict[str, Any]:
    found = {_lower(key): value for key, value in rules.items() if value is not None}
    if "policies" in found:
        found["policies"] = [{_lower(key): value for key, value in one.items()} for one in found["policies"]]
    return found


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
