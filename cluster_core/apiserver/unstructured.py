"""What Go says of a plain JSON value that does not fit a type, when it is converted and not decoded.

Models fromUnstructured of apimachinery/pkg/runtime/converter.go: strategic merge patches go that way.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from cluster_core.apiserver import decode_scalars, schema
from cluster_core.machinery.typed import Obj, Type

_NUMBERS = ("integer", "number")
_CONVERTIBLE = {"string": ("int64",), "integer": ("float64",), "number": ()}


def go_kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    if isinstance(value, (int, float)):
        return "int64" if isinstance(value, int) else "float64"
    return "map" if isinstance(value, Mapping) else "slice"


def complaint(type: Type, value: Any) -> str:
    """The first thing wrong with the value, "" when nothing of this sort is."""
    if value is None:
        return ""
    if type.kind == "struct":
        return _struct(type, value)
    if type.kind == "map":
        return _map(type, value)
    if type.kind == "list":
        return _list(type, value)
    return _scalar(type, value)


def _struct(type: Type, value: Any) -> str:
    if not isinstance(value, Mapping):
        return f"cannot restore struct from: {go_kind(value)}"
    order = schema.declared(type)
    names = sorted(type.fields.keys() & value.keys(), key=lambda name: (order.get(name, len(order)), name))
    members = ((type.fields[name].type, value[name]) for name in names)
    return _first(members)


def _map(type: Type, value: Any) -> str:
    if not isinstance(value, Mapping):
        return f"cannot restore map from {go_kind(value)}"
    assert type.element is not None
    return _first((type.element, each) for each in value.values())


def _list(type: Type, value: Any) -> str:
    if not isinstance(value, list):
        return f"cannot restore slice from {go_kind(value)}"
    assert type.element is not None
    return _first((type.element, each) for each in value)


def _first(pairs: Any) -> str:
    return next(filter(None, (complaint(type, value) for type, value in pairs)), "")


def _scalar(type: Type, value: Any) -> str:
    kind = go_kind(value)
    if type.kind == "bytes":
        return _base64(value) if kind == "string" else f"cannot restore slice from {kind}"
    fits = {"string": ("string",), "boolean": ("bool",), "integer": ("int64",), "number": ("int64", "float64")}
    if type.kind not in fits or kind in fits[type.kind]:
        return ""
    if kind in _CONVERTIBLE.get(type.kind, ()):
        return "" if kind == "float64" and value.is_integer() else f"cannot convert {kind} to {type.go or type.kind}"
    return f"unrecognized type: {_go_type(type)}"


def _base64(text: str) -> str:
    try:
        decode_scalars.base64_text(text)
    except decode_scalars.ScalarError as error:
        return f"error decoding from json: {error}"
    return ""


def in_64_bits(value: Any) -> Any:
    """The value as Go reads JSON without a type: a number that is no int64 is a float64."""
    if isinstance(value, dict):
        return {key: in_64_bits(each) for key, each in value.items()}
    if isinstance(value, list):
        return [*map(in_64_bits, value)]
    large = isinstance(value, int) and not -(1 << 63) <= value < 1 << 63
    return float(value) if large else value


def converted(type: Type, value: Any) -> Any:
    """The value with whole numbers cut to the 32 bits of their members, which conversion does without a word."""
    if type.kind == "integer":
        fits = type.format != "int32" or isinstance(value, bool) or not isinstance(value, int)
        return value if fits else (value + 2**31) % 2**32 - 2**31
    if isinstance(value, Mapping):
        return {name: converted(_member(type, name), each) for name, each in value.items()}
    return [converted(type.element or _ANY, each) for each in value] if isinstance(value, list) else value


def _go_type(type: Type) -> str:
    return {"boolean": "bool", "integer": type.format or "int64", "number": "float64"}.get(type.kind, type.kind)


Place = tuple[str, ...]
"""Where a value is, as the reference tokens of a JSON pointer."""


def in_struct_order(type: Type, value: Any, touched: Collection[Place], at: Place = ()) -> Any:
    """The value as Go's encoder orders its members, but for the maps a patch has looked into: those are sorted."""
    if isinstance(value, Mapping):
        order = sorted(value) if at in touched or not at else _declared(type, value)
        return {key: in_struct_order(_member(type, key), value[key], touched, (*at, key)) for key in order}
    if isinstance(value, list):
        element = type.element or _ANY
        return [in_struct_order(element, each, touched, (*at, str(index))) for index, each in enumerate(value)]
    return value


_ANY = Type("any")


def _member(type: Type, name: str) -> Type:
    if type.kind == "struct":
        return type.fields[name].type if name in type.fields else _ANY
    return type.element or _ANY


def _declared(type: Type, value: Obj) -> list[str]:
    """A struct's members as declared, a map's sorted, and what is kept as text as it is."""
    if type.kind != "struct":
        return list(value) if type.kind == "any" else sorted(value)
    order = schema.declared(type)
    return sorted(value, key=lambda name: (order.get(name, len(order)), name))
