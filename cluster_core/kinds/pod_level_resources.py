"""What a pod's containers need together, and the pod-level requests and limits that follow from it.

Models component-helpers/resource/helpers.go and the pod-level part of pkg/apis/core/v1/defaults.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cluster_core.kinds.amounts import Amounts, is_huge_page, is_overcommittable, with_missing
from cluster_core.machinery import quantity
from cluster_core.machinery.typed import Obj

Totals = dict[str, quantity.Quantity]


def is_pod_level(name: str) -> bool:
    """The resources that may be set for a pod as a whole."""
    return name in ("cpu", "memory") or is_huge_page(name)


def _add(totals: Totals, amounts: Amounts | Totals) -> None:
    for name, amount in amounts.items():
        found = quantity.parse(amount)
        totals[name] = totals[name].add(found) if name in totals else found


def _raise(totals: Totals, amounts: Totals) -> None:
    for name, amount in amounts.items():
        if name not in totals or totals[name] < amount:
            totals[name] = amount


def _amounts(container: Obj, which: str) -> Amounts:
    found: Amounts = container.get("resources", {}).get(which) or {}
    return found


def aggregate(spec: Obj, which: str) -> Totals:
    """Requests or limits of all containers together: the running ones' sum, or what some init container needs."""
    totals: Totals = {}
    for container in spec.get("containers") or ():
        _add(totals, _amounts(container, which))
    restartable: Totals = {}
    peak: Totals = {}
    for container in spec.get("initContainers") or ():
        needs: Totals = {}
        _add(needs, _amounts(container, which))
        if container.get("restartPolicy") == "Always":
            _add(totals, needs)
            _add(restartable, needs)
            needs = restartable
        else:
            _add(needs, restartable)
        _raise(peak, needs)
    _raise(totals, peak)
    return totals


def _texts(totals: Totals, names: Iterable[str]) -> Amounts:
    return {name: str(totals[name]) for name in names}


def default_pod_level(spec: Obj) -> dict[str, Any]:
    """spec.resources with the limits and requests that the containers imply."""
    resources = dict(spec["resources"])
    _huge_page_limits(spec, resources)
    if resources.get("limits"):
        _requests(spec, resources)
    return resources


def _huge_page_limits(spec: Obj, resources: dict[str, Any]) -> None:
    if not resources.get("limits") and not resources.get("requests"):
        return
    totals = aggregate(spec, "limits")
    implied = [name for name in totals if is_huge_page(name) and name not in resources.get("requests", {})]
    limits = with_missing(resources.get("limits"), _texts(totals, implied))
    if limits:
        resources["limits"] = limits


def _requests(spec: Obj, resources: dict[str, Any]) -> None:
    totals = aggregate(spec, "requests")
    implied = [name for name in totals if is_pod_level(name) and is_overcommittable(name)]
    requests = with_missing(resources.get("requests"), _texts(totals, implied))
    limits = {name: amount for name, amount in resources["limits"].items() if is_pod_level(name)}
    requests = with_missing(requests, limits)
    if requests:
        resources["requests"] = requests
