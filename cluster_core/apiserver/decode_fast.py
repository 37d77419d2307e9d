"""The quick way through a well-formed object: Go's decode and encode in one walk, compiled per type.

Gives what Go would write back after reading: omitempty zeros and nulls dropped, members without omitempty filled in,
quantities, times and base64 in canonical form. Whatever is not plainly right raises Irregular, and
`decode_exact` finds out why. Models encoding/json with the struct tags of the API types.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from cluster_core.apiserver import decode_scalars as scalars
from cluster_core.apiserver import empties
from cluster_core.machinery import quantity
from cluster_core.machinery.typed import Field, Type

_Class = type
Converter = Callable[[Any], Any]
_EXACT: dict[str, type] = {"string": str, "boolean": bool}
_LIMITS = {"int32": 2**31, "uint32": 2**32, "int16": 2**15, "int8": 2**7}
_UNION_CLASSES: dict[str, _Class] = {"schema-or-bool": bool, "schema-or-array": list, "schema-or-strings": list}


class Irregular(Exception):
    """The object needs the exact decoder: a wrong type, an unknown member, an odd null."""


def converter(type: Type) -> Converter:
    """The function that normalises values of this type; compiled once per type."""
    found: Converter | None = type.derived.get("decode")
    if found is None:
        found = type.derived["decode"] = _COMPILERS[type.kind](type)
    return found


class _Table(dict[str, tuple[Any, Converter, bool]]):
    """A struct's members as (class that needs no conversion, conversion, whether a zero is kept), filled as asked for:
    types refer to each other in circles."""

    def __init__(self, members: dict[str, Field]) -> None:
        super().__init__()
        self._members = members

    def __missing__(self, key: str) -> tuple[Any, Converter, bool]:
        member = self._members.get(key)
        if member is None:
            raise Irregular
        keep = member.pointer or member.type.kind in ("any", "intstr") or empties.is_kept(member)
        entry = self[key] = (_EXACT.get(member.type.kind), converter(member.type), keep)
        return entry


def _struct(type: Type) -> Converter:
    table = _Table(type.fields)
    zeros = zero(type)

    def convert(raw: Any) -> Any:
        if raw.__class__ is not dict:
            raise Irregular
        out = zeros.copy()
        for key, value in raw.items():
            exact, inner, keep = table[key]
            if value.__class__ is not exact:
                if value is None:
                    continue
                value = inner(value)
            if value or keep:
                out[key] = value
        return out

    return convert


def zero(type: Type) -> Any:
    """What Go writes for the zero value of a type."""
    if type.kind == "struct":
        found = type.derived.get("zero")
        if found is None:
            members = {key: member for key, member in type.fields.items() if member.always}
            found = {key: None if member.pointer else zero(member.type) for key, member in members.items()}
            type.derived["zero"] = found
        return found
    return _ZEROS.get(type.kind)


_ZEROS = {"string": "", "integer": 0, "number": 0, "boolean": False, "quantity": "0", "intstr": 0}


def _list(type: Type) -> Converter:
    assert type.element is not None
    exact = _EXACT.get(type.element.kind)
    if exact is not None:
        return _exact_list(exact)
    inner = converter(type.element)

    def convert(raw: Any) -> Any:
        if raw.__class__ is not list:
            raise Irregular
        return [inner(item) for item in raw]

    return convert


def _exact_list(exact: type) -> Converter:
    def convert(raw: Any) -> Any:
        if raw.__class__ is not list:
            raise Irregular
        for item in raw:
            if item.__class__ is not exact:
                raise Irregular
        return raw

    return convert


def _map(type: Type) -> Converter:
    assert type.element is not None
    if type.element.kind == "string":
        return _string_map
    inner = converter(type.element)

    def convert(raw: Any) -> Any:
        if raw.__class__ is not dict:
            raise Irregular
        return {key: inner(value) for key, value in sorted(raw.items())}

    return convert


def _string_map(raw: Any) -> Any:
    """Sorted, as Go's encoder writes maps."""
    if raw.__class__ is not dict:
        raise Irregular
    for value in raw.values():
        if value.__class__ is not str:
            raise Irregular
    return dict(sorted(raw.items())) if len(raw) > 1 else raw


def _exact(type: Type) -> Converter:
    exact = _EXACT[type.kind]

    def convert(raw: Any) -> Any:
        if raw.__class__ is not exact:
            raise Irregular
        return raw

    return convert


def _integer(type: Type) -> Converter:
    limit = _LIMITS.get(type.format or type.go, 2**63)

    def convert(raw: Any) -> Any:
        if raw.__class__ is not int or not -limit <= raw < limit:
            raise Irregular
        return raw

    return convert


def _number(type: Type) -> Converter:
    def convert(raw: Any) -> Any:
        if raw.__class__ is int:
            return raw
        if raw.__class__ is not float:
            raise Irregular
        return int(raw) if raw.is_integer() and abs(raw) < 1e21 else raw

    return convert


def _intstr(type: Type) -> Converter:
    def convert(raw: Any) -> Any:
        if raw.__class__ is str or (raw.__class__ is int and -(2**31) <= raw < 2**31):
            return raw
        raise Irregular

    return convert


def _quantity(type: Type) -> Converter:
    def convert(raw: Any) -> Any:
        if raw.__class__ is not str and raw.__class__ is not int:
            raise Irregular
        try:
            return quantity.canonical(raw)
        except quantity.QuantityError:
            raise Irregular from None

    return convert


def _text(read: Callable[[str], Any]) -> Callable[[Type], Converter]:
    def compile(type: Type) -> Converter:
        def convert(raw: Any) -> Any:
            if raw.__class__ is not str:
                raise Irregular
            try:
                return read(raw)
            except scalars.ScalarError:
                raise Irregular from None

        return convert

    return compile


def _any(type: Type) -> Converter:
    other = _UNION_CLASSES.get(type.format)
    return _union(type, other) if other else lambda raw: raw


def _union(type: Type, other: _Class) -> Converter:
    """A schema, or a boolean, or a list; see `schema.SPECIAL`."""

    def convert(raw: Any) -> Any:
        assert type.element is not None
        if raw.__class__ is not other:
            return converter(type.element)(raw)
        inner, items = converter(type.element), cast("list[Any]", raw)
        return raw if type.format != "schema-or-array" else [inner(item) for item in items]

    return convert


_COMPILERS: dict[str, Callable[[Type], Converter]] = {
    "struct": _struct,
    "list": _list,
    "map": _map,
    "string": _exact,
    "boolean": _exact,
    "integer": _integer,
    "number": _number,
    "intstr": _intstr,
    "quantity": _quantity,
    "bytes": _text(scalars.base64_text),
    "time": _text(scalars.time),
    "microtime": _text(scalars.microtime),
    "any": _any,
}
