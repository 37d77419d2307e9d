"""Paths to fields and the errors about them.

Models apimachinery/pkg/util/validation/field: a validator returns a list of `FieldError`s, and the aggregate's text and
the Status causes come from here. Paths are linked nodes, so building one costs an allocation and no text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cluster_core.machinery import gofmt


class Path:
    """`Path("spec").child("containers").index(0)` prints as spec.containers[0]."""

    __slots__ = ("_parent", "_step")

    def __init__(self, *names: str) -> None:
        self._parent: Path | None = None
        self._step: str = names[0] if names else ""
        for name in names[1:]:
            self._parent, self._step = _node(self._parent, self._step), "." + name

    def child(self, name: str, *more: str) -> Path:
        path = _node(self, "." + name)
        for another in more:
            path = _node(path, "." + another)
        return path

    def index(self, index: int) -> Path:
        return _node(self, f"[{index}]")

    def key(self, key: str) -> Path:
        return _node(self, f"[{key}]")

    def __truediv__(self, name: str) -> Path:
        return _node(self, "." + name)

    def __getitem__(self, step: int | str) -> Path:
        return _node(self, f"[{step}]")

    def __str__(self) -> str:
        steps = []
        node: Path | None = self
        while node is not None:
            steps.append(node._step)
            node = node._parent
        text = "".join(reversed(steps))
        return text[1:] if text.startswith(".") else text

    def __repr__(self) -> str:
        return f"Path({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Path) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


def _node(parent: Path | None, step: str) -> Path:
    path = Path.__new__(Path)
    path._parent = parent
    path._step = step
    return path


REQUIRED = "FieldValueRequired"
INVALID = "FieldValueInvalid"
TYPE_INVALID = "FieldValueTypeInvalid"
NOT_SUPPORTED = "FieldValueNotSupported"
DUPLICATE = "FieldValueDuplicate"
NOT_FOUND = "FieldValueNotFound"
FORBIDDEN = "FieldValueForbidden"
TOO_LONG = "FieldValueTooLong"
TOO_SHORT = "FieldValueTooShort"
TOO_MANY = "FieldValueTooMany"
TOO_FEW = "FieldValueTooFew"
INTERNAL = "InternalError"

_TITLES = {
    NOT_FOUND: "Not found",
    REQUIRED: "Required value",
    DUPLICATE: "Duplicate value",
    INVALID: "Invalid value",
    TYPE_INVALID: "Invalid value",
    NOT_SUPPORTED: "Unsupported value",
    FORBIDDEN: "Forbidden",
    TOO_LONG: "Too long",
    TOO_SHORT: "Too short",
    TOO_MANY: "Too many",
    TOO_FEW: "Too few",
    INTERNAL: "Internal error",
}
_WITHOUT_VALUE = frozenset({REQUIRED, FORBIDDEN, TOO_LONG, TOO_SHORT, INTERNAL})


class _Omit:
    """No value to show."""


OMIT = _Omit()


def value_text(value: Any) -> str:
    """The bad value as the message shows it: %q for text, JSON for structures (dicts keep the order they have)."""
    if isinstance(value, str) and not isinstance(value, gofmt.Raw):
        return gofmt.quote(value)
    if isinstance(value, float):
        return gofmt.float_text(value)
    return gofmt.json_text(value, sort=False)


@dataclass(slots=True, frozen=True)
class FieldError:
    """One thing wrong with one field. `type` is the Status cause's reason."""

    type: str
    field: str
    value: Any = OMIT
    detail: str = ""

    def body(self) -> str:
        """The message without the field's name."""
        text = _TITLES[self.type]
        if self.type not in _WITHOUT_VALUE and self.value is not OMIT:
            text = f"{text}: {value_text(self.value)}"
        return f"{text}: {self.detail}" if self.detail else text

    def __str__(self) -> str:
        return f"{self.field}: {self.body()}"

    def cause(self) -> dict[str, str]:
        cause = {"reason": self.type, "message": self.body(), "field": self.field}
        if not self.field:
            del cause["field"]
        return cause


Where = Path | str
Errors = list[FieldError]


def required(path: Where, detail: str = "") -> FieldError:
    return FieldError(REQUIRED, str(path), "", detail)


def invalid(path: Where, value: Any, detail: str) -> FieldError:
    return FieldError(INVALID, str(path), value, detail)


def type_invalid(path: Where, value: Any, detail: str) -> FieldError:
    return FieldError(TYPE_INVALID, str(path), value, detail)


def not_supported(path: Where, value: Any, supported: Iterable[str] = ()) -> FieldError:
    """`supported` in the order to print; upstream mostly sorts it."""
    names = ", ".join(map(gofmt.quote, supported))
    return FieldError(NOT_SUPPORTED, str(path), value, f"supported values: {names}" if names else "")


def duplicate(path: Where, value: Any) -> FieldError:
    return FieldError(DUPLICATE, str(path), value)


def not_found(path: Where, value: Any) -> FieldError:
    return FieldError(NOT_FOUND, str(path), value)


def forbidden(path: Where, detail: str) -> FieldError:
    return FieldError(FORBIDDEN, str(path), "", detail)


def internal(path: Where, detail: str) -> FieldError:
    return FieldError(INTERNAL, str(path), detail, detail)


def _counted(template: str, count: int, unit: str) -> str:
    return f"{template} {count} {unit if count == 1 else unit + 's'}"


def too_long(path: Where, limit: int) -> FieldError:
    """`limit` in bytes; negative when it is not to be told."""
    detail = _counted("may not be more than", limit, "byte") if limit >= 0 else "value is too long"
    return FieldError(TOO_LONG, str(path), OMIT, detail)


def too_long_characters(path: Where, limit: int) -> FieldError:
    detail = _counted("may not be more than", limit, "character") if limit >= 0 else "value is too long"
    return FieldError(TOO_LONG, str(path), OMIT, detail)


def too_short(path: Where, limit: int) -> FieldError:
    detail = _counted("must be at least", limit, "character") if limit >= 0 else "value is too short"
    return FieldError(TOO_SHORT, str(path), OMIT, detail)


def too_many(path: Where, actual: int, limit: int) -> FieldError:
    detail = _counted("must have at most", limit, "item") if limit >= 0 else "has too many items"
    return FieldError(TOO_MANY, str(path), actual if actual >= 0 else OMIT, detail)


def too_few(path: Where, actual: int, limit: int) -> FieldError:
    detail = _counted("must have at least", limit, "item") if limit >= 0 else "has too few items"
    return FieldError(TOO_FEW, str(path), actual, detail)


def invalid_each(path: Where, value: Any, messages: Iterable[str]) -> Errors:
    """One invalid() per message of a `names` check."""
    return [invalid(path, value, message) for message in messages]


def to_causes(errors: Iterable[FieldError]) -> list[dict[str, str]]:
    return [error.cause() for error in errors]


def aggregate(messages: Iterable[Any]) -> str:
    """utilerrors.Aggregate's text: bracketed when more than one is left after dropping repeats."""
    unique = list(dict.fromkeys(map(str, messages)))
    return unique[0] if len(unique) == 1 else "[" + ", ".join(unique) + "]" if unique else ""
