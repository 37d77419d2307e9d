"""Checks that many kinds share. Each appends what is wrong to `errors`, in the order the real validation reports it.

Models the helpers of pkg/apis/core/validation and apimachinery's apis/meta/v1/validation. Paths of members are built only
for what is wrong, because most objects are right. Objects are decoded: zero values may be missing.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any

from cluster_core.machinery import addresses, names, quantity
from cluster_core.machinery.field import (
    Errors,
    Path,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
)
from cluster_core.machinery.selectors import Labels
from cluster_core.machinery.typed import Obj

NameCheck = Callable[[str], Sequence[str]]
NEGATIVE = "must be greater than or equal to 0"
NOT_POSITIVE = "must be greater than zero"
NOT_INTEGER = "must be an integer"
IMMUTABLE = "field is immutable"
MODE = "must be a number between 0 and 0777 (octal), both inclusive"
_ANNOTATIONS_LIMIT = 256 * 1024
_SET_OPERATORS = ("In", "NotIn")
_KEY_OPERATORS = ("Exists", "DoesNotExist")


# ------------------------------------------------------------------------------------------------ values


def name(errors: Errors, path: Path, value: str, check: NameCheck) -> None:
    """One error per message of a `names` check."""
    for message in check(value):
        errors.append(invalid(path, value, message))


def named(errors: Errors, path: Path, value: str, check: NameCheck) -> None:
    """A name that must be there and be right."""
    if value:
        name(errors, path, value, check)
    else:
        errors.append(required(path))


def needed(errors: Errors, obj: Obj, path: Path, *fields: str) -> None:
    """These members of `obj` must not be empty."""
    for key in fields:
        if not obj.get(key):
            errors.append(required(path / key))


def choice(errors: Errors, path: Path, value: str | None, supported: Iterable[str]) -> None:
    """One of `supported`, which is in the order to print. Empty or missing counts as required."""
    if not value:
        errors.append(required(path))
    elif value not in tuple(supported):
        errors.append(not_supported(path, value, supported))


def supported(errors: Errors, path: Path, value: str | None, known: Iterable[str]) -> None:
    """One of `known` if it is set at all; "" is unsupported like any other."""
    if value is not None and value not in tuple(known):
        errors.append(not_supported(path, value, known))


def nonnegative(errors: Errors, path: Path, value: int | None) -> None:
    if value is not None and value < 0:
        errors.append(invalid(path, value, NEGATIVE))


def positive(errors: Errors, path: Path, value: int | None) -> None:
    if value is not None and value <= 0:
        errors.append(invalid(path, value, NOT_POSITIVE))


def nonnegatives(errors: Errors, obj: Obj, path: Path, *fields: str) -> None:
    for key in fields:
        value = obj.get(key)
        if value is not None and value < 0:
            errors.append(invalid(path / key, value, NEGATIVE))


def in_range(errors: Errors, path: Path, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        errors.append(invalid(path, value, names.range_error(low, high)))


def nonnegative_quantity(errors: Errors, path: Path, text: str) -> None:
    if quantity.parse(text).sign() < 0:
        errors.append(invalid(path, text, NEGATIVE))


def positive_quantity(errors: Errors, path: Path, text: str) -> bool:
    """Answers whether it was right."""
    if quantity.parse(text).sign() > 0:
        return True
    errors.append(invalid(path, text, NOT_POSITIVE))
    return False


def port_number(errors: Errors, path: Path, value: int) -> None:
    if not 1 <= value <= 65535:
        errors.append(invalid(path, value, names.range_error(1, 65535)))


def port(errors: Errors, path: Path, value: int | str | None) -> None:
    """A port's number or name; a missing one is number 0."""
    if isinstance(value, str):
        name(errors, path, value, names.port_name)
    else:
        port_number(errors, path, value or 0)


def file_mode(errors: Errors, path: Path, value: int | None) -> None:
    if value is not None and not 0 <= value <= 0o777:
        errors.append(invalid(path, value, MODE))


def ip(errors: Errors, path: Path, value: str) -> None:
    """An address as old fields take them: leading zeros and IPv4-mapped IPv6 pass."""
    for message in addresses.ip_sloppy(value, strict=False):
        errors.append(invalid(path, value, message))


def unique(errors: Errors, path: Path, values: Iterable[str]) -> None:
    """Repeats are reported at their index."""
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            errors.append(duplicate(path[index], value))
        seen.add(value)


def immutable(errors: Errors, path: Path, new: Any, old: Any, message: str = IMMUTABLE) -> None:
    """An empty list or map is the same as none: apiequality.Semantic.DeepEqual."""
    if new != old and _present(new) != _present(old):
        errors.append(invalid(path, new, message))


def _present(value: Any) -> Any:
    """The value without empty lists and maps."""
    if isinstance(value, dict):
        return {key: found for key, each in value.items() if (found := _present(each)) is not None} or None
    return [*map(_present, value)] or None if isinstance(value, list) else value


# ------------------------------------------------------------------------------------------------ paths in file systems


def no_backsteps(errors: Errors, path: Path, target: str) -> None:
    if ".." in target and ".." in target.split("/"):
        errors.append(invalid(path, target, "must not contain '..'"))


def relative_path(errors: Errors, path: Path, target: str) -> None:
    """A path that stays below where it starts."""
    if target.startswith("/"):
        errors.append(invalid(path, target, "must be a relative path"))
    no_backsteps(errors, path, target)


def free_path(errors: Errors, path: Path, target: str) -> None:
    """A relative path that the kubelet has not reserved for itself."""
    relative_path(errors, path, target)
    if target.startswith("..") and not target.startswith("../"):
        errors.append(invalid(path, target, "must not start with '..'"))


# ------------------------------------------------------------------------------------------------ labels


def label_key(errors: Errors, path: Path, key: str) -> None:
    for message in names.qualified_name(key):
        errors.append(invalid(path, key, message))


def labels(errors: Errors, path: Path, found: Labels | None) -> None:
    for key, value in (found or {}).items():
        label_key(errors, path, key)
        for message in names.label_value(value):
            errors.append(invalid(path, value, message))


STANDARD_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")


def finalizer(errors: Errors, path: Path, value: str) -> None:
    """A qualified name, or one of the well-known bare ones."""
    for message in names.qualified_name(value):
        errors.append(invalid(path, value, message))
    if "/" not in value and value not in STANDARD_FINALIZERS:
        detail = "name is neither a standard finalizer name nor is it fully qualified"
        errors.append(invalid(path, value, detail))


def annotation_keys(errors: Errors, path: Path, found: Labels | None) -> None:
    if not found:
        return
    for key in found:
        for message in names.qualified_name(key.lower()):
            errors.append(invalid(path, key, message))
    if sum(names.length(key) + names.length(value) for key, value in found.items()) > _ANNOTATIONS_LIMIT:
        errors.append(too_long(path, _ANNOTATIONS_LIMIT))


def label_selector(errors: Errors, path: Path, selector: Obj | None, *, any_value: bool = False) -> None:
    """A metav1.LabelSelector; `any_value` leaves the values of its expressions unchecked."""
    if not selector:
        return
    if selector.get("matchLabels"):
        labels(errors, path / "matchLabels", selector["matchLabels"])
    for index, expression in enumerate(selector.get("matchExpressions") or ()):
        _requirement(errors, (path / "matchExpressions")[index], expression, any_value)


def _requirement(errors: Errors, path: Path, expression: Obj, any_value: bool) -> None:
    operator, values = expression.get("operator", ""), expression.get("values") or ()
    requirement_values(errors, path, operator, values)
    if operator not in _SET_OPERATORS and operator not in _KEY_OPERATORS:
        errors.append(invalid(path / "operator", operator, "not a valid selector operator"))
    label_key(errors, path / "key", expression.get("key", ""))
    if not any_value:
        label_values(errors, path / "values", values)


def requirement_values(errors: Errors, path: Path, operator: str, values: Sequence[str]) -> None:
    """Values where the operator takes some, none where it takes none."""
    if operator in _SET_OPERATORS and not values:
        errors.append(required(path / "values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in _KEY_OPERATORS and values:
        detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        errors.append(forbidden(path / "values", detail))


def label_values(errors: Errors, path: Path, values: Iterable[str]) -> None:
    for index, value in enumerate(values):
        for message in names.label_value(value):
            errors.append(invalid(path[index], value, message))


def is_empty_selector(selector: Obj | None) -> bool:
    """Neither labels nor expressions."""
    return not selector or not (selector.get("matchLabels") or selector.get("matchExpressions"))


# ------------------------------------------------------------------------------------------------ metadata of templates

_TEMPLATE_METADATA: Container[str] = frozenset({"annotations", "labels"})
_METADATA_ORDER = (
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "ownerReferences",
    "finalizers",
    "managedFields",
)


def template_metadata(errors: Errors, path: Path, metadata: Mapping[str, Any] | None) -> None:
    """The metadata of objects made from a template: labels and annotations only."""
    found = metadata or {}
    annotation_keys(errors, path / "annotations", found.get("annotations"))
    labels(errors, path / "labels", found.get("labels"))
    for key in _METADATA_ORDER:
        if found.get(key):
            errors.append(forbidden(path / key, "cannot be set"))
