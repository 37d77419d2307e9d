"""Limit ranges. Models ValidateLimitRange of pkg/apis/core/validation."""

from __future__ import annotations

from typing import Any

from cluster_core.kinds.amounts import is_overcommittable
from cluster_core.kinds.resources_validation import container_resource_name, resource_name
from cluster_core.machinery import names, quantity
from cluster_core.machinery.field import Errors, Path, duplicate, forbidden, invalid, required
from cluster_core.machinery.typed import Obj

_LIMITS = Path("spec", "limits")
_TYPES = ("Pod", "Container", "PersistentVolumeClaim")
_LARGEST_MILLI = (2**63 - 1) // 1000


def limitrange(obj: Obj) -> Errors:
    errors: Errors = []
    seen: set[str] = set()
    for index, limit in enumerate((obj.get("spec") or {}).get("limits") or ()):
        type = limit.get("type", "")
        _type(errors, _LIMITS[index] / "type", type)
        if type in seen:
            errors.append(duplicate(_LIMITS[index] / "type", type))
        seen.add(type)
        _limit(errors, _LIMITS[index], limit, type)
    return errors


def _type(errors: Errors, path: Path, type: str) -> None:
    problems = names.qualified_name(type)
    errors.extend(invalid(path, type, message) for message in problems)
    if not problems and "/" not in type and type not in _TYPES:
        errors.append(invalid(path, type, "must be a standard limit type or fully qualified"))


def _limit(errors: Errors, path: Path, limit: Obj, type: str) -> None:
    check = container_resource_name if type in ("Pod", "Container") else resource_name
    lists: dict[str, Obj] = {}

    def take(key: str) -> None:
        lists[key] = limit.get(key) or {}
        for resource in lists[key]:
            errors.extend(invalid((path / key)[resource], resource, message) for message in check(resource))

    take("max")
    take("min")
    for key in ("default", "defaultRequest"):
        if type != "Pod":
            take(key)
        elif limit.get(key):
            errors.append(forbidden(path / key, "may not be specified when `type` is 'Pod'"))
    if type == "PersistentVolumeClaim" and not any("storage" in lists[key] for key in ("min", "max")):
        detail = "either minimum or maximum storage value is required, but neither was provided"
        errors.append(required(path / "limits", detail))
    take("maxLimitRequestRatio")
    for resource in sorted({one for found in lists.values() for one in found}):
        _Amounts(errors, path, resource, lists).check()


class _Amounts:
    """All that is said about one resource, compared with each other."""

    def __init__(self, errors: Errors, path: Path, resource: str, lists: dict[str, Obj]) -> None:
        self.errors, self.path, self.resource = errors, path, resource
        self.found = {key: found[resource] for key, found in lists.items() if resource in found}

    def check(self) -> None:
        self._order(("min", "max"), ("min", "min"), "min value {} is greater than max value {}")
        self._order(
            ("min", "defaultRequest"),
            ("defaultRequest", "defaultRequest"),
            "min value {} is greater than default request value {}",
        )
        for other, what in (("max", "max value"), ("default", "default limit value")):
            self._order(
                ("defaultRequest", other),
                ("defaultRequest", "defaultRequest"),
                f"default request value {{}} is greater than {what} {{}}",
            )
        self._order(("min", "default"), ("default", "min"), "min value {} is greater than default value {}")
        self._order(("default", "max"), ("default", "max"), "default value {} is greater than max value {}")
        if "maxLimitRequestRatio" in self.found:
            self._ratio(self.found["maxLimitRequestRatio"])
        self._overcommit()

    def _invalid(self, key: str, value: Any, detail: str) -> None:
        self.errors.append(invalid((self.path / key)[self.resource], value, detail))

    def _order(self, pair: tuple[str, str], told: tuple[str, str], detail: str) -> None:
        """The first of the pair must not be above the second; told are where and with what value to say so."""
        low, high = pair
        if low not in self.found or high not in self.found:
            return
        if quantity.compare(self.found[low], self.found[high]) > 0:
            where, shown = told
            self._invalid(where, self.found[shown], detail.format(self.found[low], self.found[high]))

    def _ratio(self, ratio: str) -> None:
        if quantity.compare(ratio, "1") < 0:
            self._invalid("maxLimitRequestRatio", ratio, f"ratio {ratio} is less than 1")
        if "min" not in self.found or "max" not in self.found:
            return
        low, high = quantity.parse(self.found["min"]), quantity.parse(self.found["max"])
        exact = quantity.parse(ratio)
        if max(exact.value(), low.value(), high.value()) < _LARGEST_MILLI:
            figure, least, most = exact.milli() / 1000, low.milli(), high.milli()
        else:
            figure, least, most = float(exact.value()), low.value(), high.value()
        limit = most / least if least else float("inf")
        if figure > limit:
            self._invalid("maxLimitRequestRatio", ratio, f"ratio {ratio} is greater than max/min = {limit:f}")

    def _overcommit(self) -> None:
        if is_overcommittable(self.resource) or not {"default", "defaultRequest"} <= self.found.keys():
            return
        limit, request = self.found["default"], self.found["defaultRequest"]
        if quantity.compare(limit, request):
            detail = f"default value {limit} must equal to defaultRequest value {request} in {self.resource}"
            self._invalid("defaultRequest", request, detail)
