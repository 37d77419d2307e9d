"""The resources of a pod as a whole, as its status shows them.

Models convertToAPIPodLevelResourcesStatus of pkg/kubelet/kubelet_pods.go: before the pod runs, what it asks for; then what its
control group is set to, which has a limit only where all of its containers have one, or the pod itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_core.machinery import quantity, resourcelists
from cluster_core.machinery.typed import Obj

_LEAST_CPU = 2
"""Thousandths: what the control group of a pod without a request has anyway."""


def shown(spec: Obj, runs: bool) -> dict[str, Any]:
    """status.resources and status.allocatedResources of a pod with this spec."""
    requests, limits = _whole(spec, "requests"), _whole(spec, "limits")
    resources = _of_group(spec, requests, limits) if runs else {"limits": limits, "requests": requests}
    found: dict[str, Any] = {"resources": {kind: amounts for kind, amounts in resources.items() if amounts}}
    return {**found, "allocatedResources": requests} if requests else found


def _whole(spec: Obj, which: str) -> Mapping[str, str]:
    """What the whole pod asks for; most pods have one container, whose it is."""
    if len(spec["containers"]) == 1 and not _MORE & spec.keys():
        own: Mapping[str, str] = spec["containers"][0].get("resources", {}).get(which, {})
        return own
    return resourcelists.texts(resourcelists.of_pod(spec, which))


_MORE = frozenset(("initContainers", "resources", "overhead"))
"""Parts of a spec that ask for something beside its containers."""


def _of_group(spec: Obj, requests: Mapping[str, str], limits: Mapping[str, str]) -> dict[str, Mapping[str, str]]:
    own = spec.get("resources", {})
    asked = {**own.get("requests", {}), **{name: requests[name] for name in ("cpu", "memory") if name in requests}}
    if quantity.milli(asked.get("cpu", "1")) <= _LEAST_CPU:
        asked.pop("cpu")
    bounds = {**own.get("limits", {}), **{name: limits[name] for name in ("cpu", "memory") if name in limits and _is_bounded(spec, name)}}
    if "memory" in bounds:
        bounds["memory"] = quantity.in_bytes(quantity.value(bounds["memory"]))
    return {"limits": bounds, "requests": asked}


def _is_bounded(spec: Obj, name: str) -> bool:
    """Whether the control group has a limit of this resource."""
    if name in spec.get("resources", {}).get("limits", {}):
        return True
    return all(name in each.get("resources", {}).get("limits", {}) for each in (*spec["containers"], *spec.get("initContainers", ())))
