"""The exact walk of Go's JSON decoder: every type error, unknown and duplicate member, in Go's order and words.

Used when the fast way found something irregular. Models sigs.k8s.io/json: the first type error is kept while decoding
goes on, an error from a type's own decoder ends it, repeated objects merge, errors name the innermost Go struct.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from cluster_core.apiserver import decode_scalars as scalars
from cluster_core.apiserver.decode_fast import zero
from cluster_core.apiserver.decode_syntax import Number, Pairs
from cluster_core.machinery import gofmt, quantity
from cluster_core.machinery.gofmt import quote
from cluster_core.machinery.typed import Field, Type

MAX_STRICT_ERRORS = 100
_EMPTY: dict[str, Any] = {"bytes": "", "list": [], "map": {}}
"""What a null among elements becomes where the zero of a member would be null."""
_LIMITS = {"int32": 2**31, "int16": 2**15, "int8": 2**7}


class DecodeError(ValueError):
    """The object does not fit its type; str() is Go's message."""


class _TypeMismatch(Exception):
    """json.UnmarshalTypeError, not yet placed."""

    def __init__(self, value: str, go: str, field: str = "") -> None:
        super().__init__(value, go)
        self.value = value
        self.go = go
        self.field = field


def kind_of(raw: Any) -> str:
    """Go's word for a JSON value."""
    if isinstance(raw, Number):
        return "number"
    return "object" if isinstance(raw, Pairs) else gofmt.json_kind(raw)


def literal(raw: Any) -> str:
    """A number as its document wrote it."""
    if isinstance(raw, str):
        return str(raw)
    return gofmt.json_float(raw) if isinstance(raw, float) else str(raw)


def plain(raw: Any) -> Any:
    """Untyped JSON: the last of repeated keys wins, whole numbers stay whole."""
    if isinstance(raw, Number):
        return _untyped_number(raw)
    if isinstance(raw, Pairs):
        return {key: plain(value) for key, value in raw}
    return [plain(item) for item in raw] if isinstance(raw, list) else raw


def _untyped_number(raw: Number) -> int | float:
    if "." not in raw and raw.lstrip("-").isdigit() and -(2**63) <= int(raw) < 2**63:
        return int(raw)
    return float(raw)


def _members(raw: Any) -> Iterable[tuple[str, Any]]:
    return raw if isinstance(raw, Pairs) else raw.items()


class Walk:
    """One decoding. After `decode`, `strict` lists unknown and duplicate members."""

    def __init__(self, *, stop_at_first: bool = False) -> None:
        self._stop_at_first = stop_at_first
        self.strict: list[str] = []
        self._first: str | None = None
        self._struct = ""
        self._stack: list[str] = []
        self._path: list[str] = []

    def decode(self, type: Type, raw: Any) -> Any:
        """The value with unknown members gone and repeated ones merged. Raises DecodeError."""
        try:
            clean = self._value(type, raw, None)
        except _TypeMismatch as mismatch:
            raise DecodeError(self._placed(mismatch)) from None
        if self._first is not None:
            raise DecodeError(self._first)
        return clean

    def _placed(self, mismatch: _TypeMismatch) -> str:
        text = f"json: cannot unmarshal {mismatch.value} into Go "
        stack = [*self._stack, mismatch.field] if mismatch.field else self._stack
        place = f"struct field {self._struct}.{'.'.join(stack)}" if stack else "value"
        return f"{text}{place} of type {mismatch.go}"

    def _save(self, value: str, go: str) -> None:
        mismatch = _TypeMismatch(value, go)
        if self._stop_at_first:
            raise mismatch
        self._save_text(self._placed(mismatch))

    def _save_text(self, text: str) -> None:
        if self._stop_at_first:
            raise DecodeError(text)
        if self._first is None:
            self._first = text

    def _complain(self, what: str, key: str) -> None:
        path = "".join(self._path)
        problem = f"{what} field {quote(f'{path}.{key}' if path else key)}"
        if len(self.strict) < MAX_STRICT_ERRORS and problem not in self.strict:
            self.strict.append(problem)

    def _value(self, type: Type, raw: Any, old: Any) -> Any:
        return _WALKERS[type.kind](self, type, raw, old)

    def _is_object(self, type: Type, raw: Any) -> bool:
        if isinstance(raw, (Pairs, dict)):
            return True
        if raw is not None:
            self._save(kind_of(raw), type.go)
        return False

    def _enter(self, key: str) -> None:
        self._path.append(f".{key}" if self._path else key)

    def struct(self, type: Type, raw: Any, old: Any) -> Any:
        if not self._is_object(type, raw):
            return old
        out = dict(old or {})
        before, depth = self._struct, len(self._stack)
        seen: set[str] = set()
        for key, value in _members(raw):
            member = type.fields.get(key)
            if member is None:
                self._complain("unknown", key)
                continue
            if key in seen:
                self._complain("duplicate", key)
            seen.add(key)
            self._struct = type.go.rpartition(".")[2]
            self._stack += [*filter(None, member.via.split(".")), key]
            self._enter(key)
            out[key] = self._member(member, value, out.get(key))
            self._path.pop()
            self._struct = before
            del self._stack[depth:]
        return out

    def _member(self, member: Field, raw: Any, old: Any) -> Any:
        if raw is None:
            return None if member.pointer or member.type.kind in ("map", "list", "bytes", "any") else old
        return self._value(member.type, raw, old)

    def map(self, type: Type, raw: Any, old: Any) -> Any:
        if not self._is_object(type, raw):
            return old
        assert type.element is not None
        out = dict(old or {})
        seen: set[str] = set()
        for key, value in _members(raw):
            if key in seen:
                self._complain("duplicate", key)
            seen.add(key)
            self._enter(key)
            out[key] = self._element(type.element, value, None)
            self._path.pop()
        return dict(sorted(out.items()))

    def list(self, type: Type, raw: Any, old: Any) -> Any:
        if not isinstance(raw, list) or isinstance(raw, Pairs):
            if raw is not None:
                self._save(kind_of(raw), type.go)
            return old
        assert type.element is not None
        out = []
        for index, item in enumerate(raw):
            earlier = old[index] if old and index < len(old) else None
            self._path.append(f"[{index}]")
            out.append(self._element(type.element, item, earlier))
            self._path.pop()
        return out

    def _element(self, type: Type, raw: Any, old: Any) -> Any:
        found = None if raw is None else self._value(type, raw, old)
        return _EMPTY.get(type.kind, zero(type)) if found is None else found

    def string(self, type: Type, raw: Any, old: Any) -> Any:
        if isinstance(raw, str) and not isinstance(raw, Number):
            return raw
        self._save(kind_of(raw), type.go)
        return old

    def boolean(self, type: Type, raw: Any, old: Any) -> Any:
        if isinstance(raw, bool):
            return raw
        self._save(kind_of(raw), type.go)
        return old

    def integer(self, type: Type, raw: Any, old: Any) -> Any:
        number = _integer_of(raw, _LIMITS.get(type.format or type.go, 2**63))
        if number is None:
            kind = kind_of(raw)
            self._save(f"number {literal(raw)}" if kind == "number" else kind, type.go)
            return old
        return number

    def number(self, type: Type, raw: Any, old: Any) -> Any:
        if kind_of(raw) != "number":
            self._save(kind_of(raw), type.go)
            return old
        found = _untyped_number(Number(literal(raw)))
        if math.isinf(found):
            self._save(f"number {literal(raw)}", type.go)
            return old
        return found

    def bytes(self, type: Type, raw: Any, old: Any) -> Any:
        if not isinstance(raw, str) or isinstance(raw, Number):
            self._save(kind_of(raw), "[]uint8")
            return old
        try:
            return scalars.base64_text(raw)
        except scalars.ScalarError as error:
            self._save_text(str(error))
            return old

    def quantity(self, type: Type, raw: Any, old: Any) -> Any:
        kind = kind_of(raw)
        if kind not in ("string", "number"):
            raise DecodeError(quantity.FORMAT_WRONG)
        try:
            return quantity.canonical(literal(raw))
        except quantity.QuantityError as error:
            raise DecodeError(str(error)) from None

    def intstr(self, type: Type, raw: Any, old: Any) -> Any:
        kind = kind_of(raw)
        if kind == "string":
            return str(raw)
        number = _integer_of(raw, 2**31)
        if number is None:
            raise _TypeMismatch(f"number {literal(raw)}" if kind == "number" else kind, "int32")
        return number

    def time(self, type: Type, raw: Any, old: Any) -> Any:
        if not isinstance(raw, str) or isinstance(raw, Number):
            raise _TypeMismatch(kind_of(raw), "string")
        try:
            scalars.time(raw) if type.kind == "time" else scalars.microtime(raw)
        except scalars.ScalarError as error:
            raise DecodeError(str(error)) from None
        return raw

    def any(self, type: Type, raw: Any, old: Any) -> Any:
        if type.format == "interface":
            return self._interface(raw)
        if type.format.startswith("schema-or-"):
            return self._union(type, raw)
        return plain(raw)

    def _interface(self, raw: Any) -> Any:
        """An untyped value inside an untyped object, where duplicates still count."""
        if isinstance(raw, Pairs):
            out: dict[str, Any] = {}
            for key, value in raw:
                if key in out:
                    self._complain("duplicate", key)
                self._enter(key)
                out[key] = self._interface(value)
                self._path.pop()
            return out
        return self._interface_list(raw) if isinstance(raw, list) else plain(raw)

    def _interface_list(self, raw: Any) -> Any:
        out = []
        for index, item in enumerate(raw):
            self._path.append(f"[{index}]")
            out.append(self._interface(item))
            self._path.pop()
        return out

    def _union(self, type: Type, raw: Any) -> Any:
        """JSONSchemaPropsOrBool and its like decode on their own: without strictness, errors placed by the outside."""
        assert type.element is not None
        if isinstance(raw, (Pairs, dict)):
            return self._nested(type.element, raw)
        if type.format == "schema-or-bool":
            if not isinstance(raw, bool):
                raise DecodeError("boolean or JSON schema expected")
            return raw
        if not isinstance(raw, list):
            return None
        element = type.element if type.format == "schema-or-array" else Type("string", go="string")
        return self._nested(Type("list", go=f"[]{element.go}", element=element), raw)

    def _nested(self, type: Type, raw: Any) -> Any:
        inner = Walk(stop_at_first=True)
        try:
            return inner._value(type, raw, None)
        except _TypeMismatch as error:
            inside = [*inner._stack, error.field] if error.field else inner._stack
            raise _TypeMismatch(error.value, error.go, ".".join(inside)) from None


def _integer_of(raw: Any, limit: int) -> int | None:
    if kind_of(raw) != "number":
        return None
    text = literal(raw)
    if not text.removeprefix("-").isdigit() or len(text) > 20:
        return None
    return int(text) if -limit <= int(text) < limit else None


_WALKERS: dict[str, Callable[[Walk, Type, Any, Any], Any]] = {
    "struct": Walk.struct,
    "map": Walk.map,
    "list": Walk.list,
    "string": Walk.string,
    "bytes": Walk.bytes,
    "integer": Walk.integer,
    "number": Walk.number,
    "boolean": Walk.boolean,
    "quantity": Walk.quantity,
    "intstr": Walk.intstr,
    "time": Walk.time,
    "microtime": Walk.time,
    "any": Walk.any,
}
