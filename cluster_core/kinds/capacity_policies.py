"""How much of a device's capacity one request may take. Models validateRequestPolicy of pkg/apis/resource/validation."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from cluster_core.kinds.device_checks import distinct
from cluster_core.machinery import quantity
from cluster_core.machinery.field import Errors, Path, forbidden, invalid, required, too_many
from cluster_core.machinery.typed import Obj

_MAX_OPTIONS = 10


def request_policy(errors: Errors, path: Path, policy: Obj, most: str) -> None:
    """`most` is the capacity there is."""
    options, span, default = policy.get("validValues") or (), policy.get("validRange"), policy.get("default")
    if options and span is not None:
        detail = 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time'
        errors.append(forbidden(path, detail))
    elif options or span is not None:
        what = "validValues" if options else "validRange"
        if default is None:
            errors.append(required(path / "default", f"required when {what} is defined"))
        elif span is not None:
            _span(errors, path / what, span, (default, most))
        else:
            _options(errors, path / what, options, (default, most))


def _options(errors: Errors, path: Path, options: Sequence[str], about: tuple[str, str]) -> None:
    default, most = about
    for index, (one, following) in enumerate(pairwise(options)):
        if quantity.compare(one, following) > 0:
            errors.append(invalid(path[index + 1], following, "values must be sorted in ascending order"))
    if len(options) > _MAX_OPTIONS:
        errors.append(too_many(path, len(options), _MAX_OPTIONS))
        return
    for index, one in enumerate(options):
        if quantity.compare(one, most) > 0:
            errors.append(invalid(path[index], one, f"option is larger than capacity value: {most}"))
    distinct(errors, path, [str(quantity.value(one)) for one in options])
    if all(quantity.compare(one, default) for one in options):
        errors.append(invalid(path, default, "default value is not valid according to the requestPolicy"))


def _span(errors: Errors, path: Path, span: Obj, about: tuple[str, str]) -> None:
    default, most = about
    low, high, step = span.get("min"), span.get("max"), span.get("step")
    if low is None:
        errors.append(required(path / "min", "required when validRange is defined"))
        return
    _at_most(errors, path / "min", (low, most), f"min is larger than capacity value: {most}")
    if quantity.compare(default, low) < 0:
        errors.append(invalid(path / "min", default, f"default is less than min: {low}"))
    if high is not None:
        _at_most(errors, path / "max", (low, high), f"min is larger than max: {high}")
        _at_most(errors, path / "max", (high, most), f"max is larger than capacity value: {most}")
        _at_most(errors, path / "max", (default, high), f"default is more than max: {high}")
    if step is not None:
        for value in (default, high):
            _steps(errors, path / "step", value, (low, step))


def _at_most(errors: Errors, path: Path, pair: tuple[str, str], detail: str) -> None:
    if quantity.compare(*pair) > 0:
        errors.append(invalid(path, pair[0], detail))


def _steps(errors: Errors, path: Path, value: str | None, span: tuple[str, str]) -> None:
    low, step = span
    if value is not None and (quantity.value(value) - quantity.value(low)) % (quantity.value(step) or 1):
        detail = f"value is not a multiple of a given step ({step}) from ({low})"
        errors.append(invalid(path, value, detail))
