"""Checks that claims, device classes and resource slices share. Models the helpers of pkg/apis/resource/validation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from cluster_core.kinds.checks import label_key
from cluster_core.kinds.checks import name as check_name
from cluster_core.kinds.volume_sources import csi_driver
from cluster_core.machinery import cel, names
from cluster_core.machinery.field import (
    Errors,
    Path,
    duplicate,
    invalid,
    not_supported,
    required,
    too_long,
    too_many,
)
from cluster_core.machinery.typed import Obj

EFFECTS = ("NoExecute", "NoSchedule", "None")
MAX_CONFIGS = 32
_MAX_SELECTORS, _MAX_EXPRESSION, _MAX_PARAMETERS, _MAX_ID = 32, 10 * 1024, 10 * 1024, 32
_VARIABLES = (("device", "dyn"),)

Each = Callable[[Errors, Path, Any], None]


def some(errors: Errors, path: Path, found: Sequence[Any], most: int, check: Each) -> bool:
    """Every item, unless there are too many."""
    if 0 <= most < len(found):
        errors.append(too_many(path, len(found), most))
        return False
    for index, item in enumerate(found):
        check(errors, path[index], item)
    return True


def distinct(errors: Errors, path: Path, keys: Sequence[Any]) -> None:
    seen = set()
    for index, key in enumerate(keys):
        if key in seen:
            errors.append(duplicate(path[index], key))
        seen.add(key)


def pool_name(errors: Errors, path: Path, text: str) -> None:
    if not text:
        errors.append(required(path))
        return
    if names.length(text) > 253:
        errors.append(too_long(path, 253))
    for part in text.split("/"):
        check_name(errors, path, part, names.dns1123_subdomain)


def selectors(errors: Errors, path: Path, found: Sequence[Obj]) -> None:
    some(errors, path, found, _MAX_SELECTORS, _selector)


def _selector(errors: Errors, path: Path, found: Obj) -> None:
    if found.get("cel") is None:
        errors.append(required(path / "cel"))
        return
    text, path = found["cel"].get("expression", ""), path.child("cel", "expression")
    if names.length(text) > _MAX_EXPRESSION:
        errors.append(too_long(path, _MAX_EXPRESSION))
        return
    try:
        type = cel.program(text, _VARIABLES).type
    except cel.CelError as error:
        errors.append(invalid(path, text, f"compilation failed: {error}"))
        return
    if type not in ("bool", "dyn"):
        errors.append(invalid(path, text, "must evaluate to bool or the unknown type, not " + type))


def configuration(errors: Errors, path: Path, found: Obj) -> None:
    """What a driver is told: opaque parameters."""
    opaque = found.get("opaque")
    if opaque is None:
        errors.append(required(path / "opaque"))
        return
    csi_driver(errors, path.child("opaque", "driver"), opaque.get("driver", ""))
    raw_object(errors, path.child("opaque", "parameters"), opaque.get("parameters"), _MAX_PARAMETERS)


def raw_object(errors: Errors, path: Path, found: Any, longest: int) -> None:
    """JSON of somebody else's making: an object, not too long."""
    if found is None:
        errors.append(required(path))
    elif len(orjson.dumps(found)) > longest:
        errors.append(too_long(path, longest))
    elif not isinstance(found, dict):
        errors.append(invalid(path, "<value omitted>", "must be a valid JSON object"))


def qualified_name(errors: Errors, path: Path, text: str) -> None:
    """[domain/]identifier."""
    parts = text.split("/")
    if len(parts) == 1:
        _identifier(errors, path, text)
    elif len(parts) == 2:
        if parts[0]:
            csi_driver(errors, path, parts[0])
        else:
            errors.append(invalid(path, "", "the domain must not be empty"))
        if parts[1]:
            _identifier(errors, path, parts[1])
        else:
            errors.append(invalid(path, "", "the name must not be empty"))


def fully_qualified_name(errors: Errors, path: Path, text: str) -> None:
    qualified_name(errors, path, text)
    if "/" not in text:
        detail = "a fully qualified name must be a domain and a name separated by a slash"
        errors.append(invalid(path, text, detail))


def _identifier(errors: Errors, path: Path, text: str) -> None:
    if names.length(text) > _MAX_ID:
        errors.append(too_long(path, _MAX_ID))
    check_name(errors, path, text, names.c_identifier)


def taint(errors: Errors, path: Path, found: Obj) -> None:
    label_key(errors, path / "key", found.get("key", ""))
    if found.get("value"):
        check_name(errors, path / "value", found["value"], names.label_value)
    effect = found.get("effect", "")
    if not effect:
        errors.append(required(path / "effect"))
    elif effect not in EFFECTS:
        errors.append(not_supported(path / "effect", effect, EFFECTS))


def toleration(errors: Errors, path: Path, found: Obj) -> None:
    operator, value, effect = (found.get(key, "") for key in ("operator", "value", "effect"))
    if found.get("key"):
        label_key(errors, path / "key", found["key"])
    if not operator:
        errors.append(required(path / "operator"))
    elif operator == "Equal":
        check_name(errors, path / "value", value, names.label_value)
    elif operator != "Exists":
        errors.append(not_supported(path / "operator", operator, ("Equal", "Exists")))
    elif value:
        errors.append(invalid(path / "value", value, "must be empty for operator `Exists`"))
    if effect and effect not in EFFECTS:
        errors.append(not_supported(path / "effect", effect, EFFECTS))


_BINDINGS = ("bindingConditions", "bindingFailureConditions")
_MAX_BINDINGS = 4


def binding_conditions(errors: Errors, path: Path, found: Obj) -> None:
    """Conditions on which a device is bound, and on which that failed: both or none."""
    lists = {key: found.get(key) or () for key in _BINDINGS}
    for key, conditions in lists.items():
        some(errors, path / key, conditions, _MAX_BINDINGS, label_key)
    good, bad = lists.values()
    distinct(errors, path / _BINDINGS[0], good)
    distinct(errors, path / _BINDINGS[1], bad)
    for index, condition in enumerate(bad):
        if condition in good:
            detail = "bindingFailureConditions must not overlap with bindingConditions"
            errors.append(invalid((path / _BINDINGS[1])[index], condition, detail))
    if bool(good) != bool(bad):
        missing, given = _BINDINGS if bad else reversed(_BINDINGS)
        errors.append(invalid(path / missing, None, f"{missing} are required to use {given}"))
