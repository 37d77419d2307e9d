"""Resource lists: maps from resource names to quantities, and what resource names mean.

Models SetDefaults_ResourceList and pkg/apis/core/helper (which names are native, extended, huge pages).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cluster_core.machinery import names, quantity

Amounts = Mapping[str, str]
_MILLI = -3
_HUGE_PAGES = "hugepages-"
_NATIVE = "kubernetes.io/"


@lru_cache(maxsize=8192)
def _rounded(text: str) -> str:
    found = quantity.parse(text)
    rounded = found.round_up(_MILLI)
    return text if rounded is found else str(rounded)


def rounded(amounts: Amounts) -> Amounts:
    """The list with amounts finer than a thousandth rounded up."""
    if all(_rounded(amount) is amount or _rounded(amount) == amount for amount in amounts.values()):
        return amounts
    return {name: _rounded(amount) for name, amount in amounts.items()}


def rounded_resources(resources: Mapping[str, Any]) -> Mapping[str, Any]:
    """ResourceRequirements with both lists rounded."""
    changed = {}
    for key in ("limits", "requests"):
        amounts = resources.get(key)
        if amounts:
            result = rounded(amounts)
            if result is not amounts:
                changed[key] = result
    return {**resources, **changed} if changed else resources


def with_missing(amounts: Amounts | None, more: Amounts | None) -> Amounts:
    """`amounts` with what it lacks taken from `more`."""
    return {**(more or {}), **(amounts or {})}


def is_huge_page(name: str) -> bool:
    return name.startswith(_HUGE_PAGES)


def is_native(name: str) -> bool:
    """Names without a domain, or in one of kubernetes.io."""
    return "/" not in name or _NATIVE in name


@lru_cache(maxsize=1024)
def is_extended(name: str) -> bool:
    """A domain-prefixed name outside kubernetes.io that also makes a valid quota name."""
    if is_native(name) or name.startswith("requests."):
        return False
    return not names.qualified_name("requests." + name)


def is_overcommittable(name: str) -> bool:
    """Whether a limit may be above the request."""
    return is_native(name) and not is_huge_page(name)
