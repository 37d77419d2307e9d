"""How much of each resource: quantities as integers, and what one pod asks for.

Models `resource.Quantity.Value/MilliValue` (rounding up) and component-helpers' `PodRequests`: containers are added up,
ordinary init containers count with their largest, sidecars run beside both, overhead comes on top and pod-level requests
replace the sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache
from typing import Any

from cluster_core.machinery.typed import Obj

DEFAULT_MILLICPU = 100
DEFAULT_MEMORY = 200 * 1024 * 1024
Amounts = dict[str, int]
"""Resource name to amount: cpu in thousandths, everything else in whole units."""

_SUFFIXES = {
    "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1),
    "k": Decimal(10**3), "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12), "P": Decimal(10**15), "E": Decimal(10**18),
    "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40), "Pi": Decimal(2**50), "Ei": Decimal(2**60),
}  # fmt: skip


@lru_cache(maxsize=65536)
def _decimal(text: str) -> Decimal:
    digits = text.rstrip("numkMGTPEi")
    suffix = text[len(digits) :]
    if suffix not in _SUFFIXES:  # an exponent: 1E3 and 1e3
        return Decimal(text)
    return Decimal(digits) * _SUFFIXES[suffix]


@lru_cache(maxsize=65536)
def value(quantity: str | int | float) -> int:
    """Whole units, rounded up."""
    return int(_decimal(str(quantity)).to_integral_value(ROUND_CEILING))


@lru_cache(maxsize=65536)
def milli(quantity: str | int | float) -> int:
    """Thousandths, rounded up."""
    return int((_decimal(str(quantity)) * 1000).to_integral_value(ROUND_CEILING))


def amount(name: str, quantity: str | int | float) -> int:
    return milli(quantity) if name == "cpu" else value(quantity)


def amounts(quantities: Mapping[str, Any] | None) -> Amounts:
    return {name: amount(name, quantity) for name, quantity in quantities.items()} if quantities else {}


def _add(total: Amounts, more: Mapping[str, int]) -> None:
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
            _add(total, asked)
            _add(sidecars, asked)
            asked = dict(sidecars)
        else:
            _add(asked, sidecars)
        _largest(largest, asked)
    _largest(total, largest)
    return total


def pod_level(spec: Obj) -> Amounts:
    """Requests of the pod as a whole: only cpu, memory and huge pages can be set there."""
    asked = amounts((spec.get("resources") or {}).get("requests"))
    return {name: n for name, n in asked.items() if name in ("cpu", "memory") or name.startswith("hugepages-")}


def requests(spec: Obj, missing: Mapping[str, int] | None = None) -> Amounts:
    """What the scheduler counts for a pod. `missing`: what a container without a request counts as."""
    missing = missing or {}
    total: Amounts = {}
    for container in spec.get("containers") or ():
        _add(total, _asked(container, missing))
    inits = spec.get("initContainers")
    if inits:
        total = _with_inits(total, inits, missing)
    if "resources" in spec:
        total.update(pod_level(spec))
    if spec.get("overhead"):
        _add(total, amounts(spec["overhead"]))
    return total


def nonzero(spec: Obj, asked: Amounts) -> tuple[int, int]:
    """cpu and memory for scoring, where a container that asks for nothing counts as 100m and 200Mi."""
    missing = {"cpu": DEFAULT_MILLICPU, "memory": DEFAULT_MEMORY}
    if pod_level(spec):
        missing = {name: number for name, number in missing.items() if name not in asked}
    total = requests(spec, missing) if missing else asked
    return total.get("cpu", 0), total.get("memory", 0)


def is_scalar(name: str) -> bool:
    """Whether the scheduler counts a resource other than cpu, memory, pods and ephemeral-storage."""
    return "/" in name or name.startswith(("hugepages-", "attachable-volumes-"))


def scalars(asked: Amounts) -> Amounts:
    return {name: number for name, number in asked.items() if is_scalar(name)}
