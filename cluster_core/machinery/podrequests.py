"""What one pod asks for: quantities as integers, added up as scheduler and kubelet count them.

Models component-helpers' `PodRequests`: containers are added up,
ordinary init containers count with their largest, sidecars run beside both, overhead comes on top and pod-level requests
replace the sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cluster_core.machinery.quantity import milli, value
from cluster_core.machinery.typed import Obj

Amounts = dict[str, int]
"""Resource name to amount: cpu in thousandths, everything else in whole units."""
Lookup = Mapping[str, int]
"""The same, to be read."""


def amount(name: str, quantity: str | int | float) -> int:
    return milli(quantity) if name == "cpu" else value(quantity)


def amounts(quantities: Mapping[str, Any] | None) -> Amounts:
    return {name: amount(name, quantity) for name, quantity in quantities.items()} if quantities else {}


def add(total: Amounts, more: Mapping[str, int]) -> None:
    for name, number in more.items():
        total[name] = total.get(name, 0) + number


def _largest(total: Amounts, other: Mapping[str, int]) -> None:
    for name, number in other.items():
        if number > total.get(name, 0) or name not in total:
            total[name] = number


def _asked(container: Obj, missing: Mapping[str, int]) -> Amounts:
    asked = amounts((container.get("resources") or {}).get("requests"))
    for name, number in missing.items():
        asked.setdefault(name, number)
    return asked


def is_sidecar(container: Obj) -> bool:
    return bool(container.get("restartPolicy") == "Always")


def _with_inits(total: Amounts, inits: Iterable[Obj], missing: Mapping[str, int]) -> Amounts:
    sidecars: Amounts = {}
    largest: Amounts = {}
    for container in inits:
        asked = _asked(container, missing)
        if is_sidecar(container):
            add(total, asked)
            add(sidecars, asked)
            asked = dict(sidecars)
        else:
            add(asked, sidecars)
        _largest(largest, asked)
    _largest(total, largest)
    return total


def pod_level(spec: Obj) -> Amounts:
    """Requests of the pod as a whole: only cpu, memory and huge pages can be set there."""
    asked = amounts((spec.get("resources") or {}).get("requests"))
    return {name: n for name, n in asked.items() if name in ("cpu", "memory") or name.startswith("hugepages-")}


def requests(spec: Obj, missing: Mapping[str, int] | None = None) -> Amounts:
    """What the pod with this spec asks for. `missing`: what a container without a request counts as."""
    missing = missing or {}
    total: Amounts = {}
    for container in spec.get("containers") or ():
        add(total, _asked(container, missing))
    inits = spec.get("initContainers")
    if inits:
        total = _with_inits(total, inits, missing)
    if "resources" in spec:
        total.update(pod_level(spec))
    if spec.get("overhead"):
        add(total, amounts(spec["overhead"]))
    return total
