"""Arithmetic on resource lists (names to quantities) and what a whole pod asks for.

Models apiserver/pkg/quota/v1/resources.go and component-helpers/resource: sidecars add, other init containers count by
their highest demand, the pod's own resources win, overhead comes on top.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from cluster_core.machinery import quantity
from cluster_core.machinery.podrequests import is_sidecar
from cluster_core.machinery.quantity import Quantity
from cluster_core.machinery.typed import Obj

Totals = dict[str, Quantity]
_POD_LEVEL = ("cpu", "memory", "hugepages-")


def parsed(amounts: Mapping[str, Any] | None) -> Totals:
    return {name: quantity.parse(amount) for name, amount in (amounts or {}).items()}


def texts(totals: Mapping[str, Quantity]) -> dict[str, str]:
    return {name: str(totals[name]) for name in sorted(totals)}


def add(totals: Totals, more: Mapping[str, Quantity]) -> None:
    for name, amount in more.items():
        totals[name] = totals[name].add(amount) if name in totals else amount


def raise_to(totals: Totals, others: Mapping[str, Quantity]) -> None:
    for name, amount in others.items():
        if name not in totals or totals[name].compare(amount) < 0:
            totals[name] = amount


def subtracted(left: Mapping[str, Quantity], right: Mapping[str, Quantity]) -> Totals:
    """left minus right, nothing below zero."""
    result = {}
    for name, amount in left.items():
        rest = amount.sub(right[name]) if name in right else amount
        result[name] = rest if rest.sign() >= 0 else quantity.of_value(0)
    return result


def masked(totals: Mapping[str, Quantity], names: Collection[str]) -> Totals:
    return {name: amount for name, amount in totals.items() if name in names}


def pretty(totals: Mapping[str, Quantity]) -> str:
    """As messages list them: "cpu=1,pods=2"."""
    return ",".join(f"{name}={totals[name]}" for name in sorted(totals))


def _listed(container: Obj, which: str) -> Totals:
    return parsed((container.get("resources") or {}).get(which))


def _inits(containers: Iterable[Obj], which: str, totals: Totals) -> Totals:
    """The most that is asked for while init containers run; sidecars are added to `totals` too."""
    sidecars: Totals = {}
    most: Totals = {}
    for container in containers:
        asked = _listed(container, which)
        if is_sidecar(container):
            add(totals, asked)
            add(sidecars, asked)
            asked = sidecars
        else:
            add(asked, sidecars)
        raise_to(most, asked)
    return most


def of_pod(spec: Obj, which: str, *, overhead: bool = True) -> Totals:
    """What the whole pod asks for; `which` is "requests" or "limits"."""
    totals: Totals = {}
    for container in spec.get("containers", ()):
        add(totals, _listed(container, which))
    raise_to(totals, _inits(spec.get("initContainers", ()), which, totals))
    for name, amount in _listed(spec, which).items():
        if name.startswith(_POD_LEVEL):
            totals[name] = amount
    for name, amount in parsed(spec.get("overhead") if overhead else None).items():
        if which == "requests" or name in totals:
            add(totals, {name: amount})
    return totals
