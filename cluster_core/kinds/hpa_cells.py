"""The TARGETS cell of an autoscaler. Models formatHPAMetrics of pkg/printers/internalversion/printers.go."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_core.machinery.typed import Obj

PARTS = {
    "External": "external",
    "Pods": "pods",
    "Object": "object",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}
"""Where a metric of a type has its details."""
_SHOWN = 2
_UNKNOWN = "<unknown>"


def metrics_text(metrics: Sequence[Obj], statuses: Sequence[Obj]) -> str:
    shown = [_metric(metric, statuses[at] if at < len(statuses) else {}) for at, metric in enumerate(metrics[:_SHOWN])]
    more = len(metrics) - _SHOWN
    return ", ".join(shown) + (f" + {more} more..." if more > 0 else "")


def _metric(metric: Obj, status: Obj) -> str:
    part = PARTS.get(metric.get("type", ""))
    if part is None:
        return "<unknown type>"
    source, current = metric.get(part) or {}, (status.get(part) or {}).get("current")
    if part in ("resource", "containerResource"):
        return f"{source.get('name', '')}: {_resource(source.get('target') or {}, current)}"
    return _amount(source.get("target") or {}, current, part)


def _resource(target: Obj, current: Obj | None) -> str:
    if "averageValue" in target:
        return f"{_UNKNOWN if current is None else current.get('averageValue', '0')}/{target['averageValue']}"
    return f"{_percent(current, _UNKNOWN)}/{_percent(target, '<auto>')}"


def _percent(holder: Obj | None, missing: str) -> str:
    found = (holder or {}).get("averageUtilization")
    return missing if found is None else f"{found}%"


def _amount(target: Obj, current: Obj | None, part: str) -> str:
    if part == "pods":
        return f"{_UNKNOWN if current is None else current.get('averageValue', '0')}/{target.get('averageValue', '0')}"
    if "averageValue" in target:
        return f"{(current or {}).get('averageValue', _UNKNOWN)}/{target['averageValue']} (avg)"
    return f"{_UNKNOWN if current is None else current.get('value', '0')}/{target.get('value', '0')}"
