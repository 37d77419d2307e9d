"""Empty lists and maps that a client sent, where a request under way differs from what comes back from the store.

Those of members without omitempty are kept from decoding until managedFields are known: protobuf, and so the store, knows
no difference to null. Those of members with omitempty are dropped by decoding; only validation, which prints what it
refuses, sees them again. Models gogo protobuf's encoding of nil and empty slices, and Go's omitempty.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson

from cluster_core.machinery.typed import Field, Obj, Type

Change = Callable[[Any], Any]
"""Answers the very same value when there is nothing to change."""


def is_kept(member: Field) -> bool:
    """Whether decoding tells an empty list of this member from null."""
    return member.always and not member.pointer and member.type.kind == "list"


def stored(type: Type, obj: Any) -> Any:
    """The object as it comes back from the store."""
    change = _change(type)
    return obj if change is None else change(obj)


def _change(type: Type) -> Change | None:
    if "empties" not in type.derived:
        type.derived["empties"] = None  # a type inside itself: what is found beside it decides
        type.derived["empties"] = _COMPILERS[type.kind](type) if type.kind in _COMPILERS else None
    found: Change | None = type.derived["empties"]
    return found


def _struct(type: Type) -> Change | None:
    kept = [name for name, member in type.fields.items() if is_kept(member)]
    inner = {name: found for name, member in type.fields.items() if (found := _change(member.type)) is not None}
    if not kept and not inner:
        return None

    def change(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        new = {name: None for name in kept if value.get(name) == []}
        for name in inner.keys() & value.keys():
            if name not in new and (after := inner[name](value[name])) is not value[name]:
                new[name] = after
        return {**value, **new} if new else value

    return change


def _list(type: Type) -> Change | None:
    inner = _change(type.element) if type.element is not None else None
    if inner is None:
        return None

    def change(value: Any) -> Any:
        if not isinstance(value, list):
            return value
        after = [inner(item) for item in value]
        return after if any(new is not old for new, old in zip(after, value, strict=True)) else value

    return change


def _map(type: Type) -> Change | None:
    inner = _change(type.element) if type.element is not None else None
    if inner is None:
        return None

    def change(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        new = {key: after for key, item in value.items() if (after := inner(item)) is not item}
        return {**value, **new} if new else value

    return change


_COMPILERS = {"struct": _struct, "list": _list, "map": _map}


# ------------------------------------------------------------------------------------------------ seen by validation

_SELECTOR = "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector"
"""Messages print it with omitempty."""
_ANY = re.compile(rb"\{\s*\}|\[\s*\]")
"""Cheaper to look for; most bodies have none."""
_EMPTY = re.compile(rb'"([^"\\]+)"\s*:\s*(?:\{\s*\}|\[\s*\])')


def sent(type: Type, body: bytes) -> Obj | None:
    """A JSON body when it has empty lists or maps that are not what the store keeps; most have none."""
    if not has_any(type, body):
        return None
    parsed = orjson.loads(body)
    return parsed if isinstance(parsed, dict) else None


def has_any(type: Type, body: bytes) -> bool:
    """Whether the text has an empty list or map where the type may have one."""
    if not _ANY.search(body):
        return False
    found = _EMPTY.findall(body)
    return bool(found) and not _names_of_containers(type).isdisjoint(found)


def _names_of_containers(type: Type) -> frozenset[bytes]:
    """Names of lists and maps anywhere below."""
    if "containers" not in type.derived:
        names: set[bytes] = set()
        _collect(type, names, set())
        type.derived["containers"] = frozenset(names)
    found: frozenset[bytes] = type.derived["containers"]
    return found


def _collect(type: Type, names: set[bytes], seen: set[int]) -> None:
    if id(type) in seen:
        return
    seen.add(id(type))
    for name, member in type.fields.items():
        if member.type.kind in ("list", "map"):
            names.add(name.encode())
        _collect(member.type, names, seen)
    if type.element is not None:
        _collect(type.element, names, seen)


def restored(type: Type, given: Any, obj: Any) -> Any:
    """The object with the empty lists and maps of what was given back in their places."""
    if type.schema_name == _SELECTOR:
        return obj
    if type.kind == "struct" and isinstance(given, dict) and isinstance(obj, dict):
        return _with(obj, {name: _member(type.fields[name].type, name, value, obj) for name, value in given.items() if name in type.fields})
    element = type.element
    if element is None:
        return obj
    if isinstance(given, dict) and isinstance(obj, dict):
        return _with(obj, {key: restored(element, value, obj[key]) for key, value in given.items() if key in obj})
    if isinstance(given, list) and isinstance(obj, list) and len(given) == len(obj):
        after = [restored(element, value, item) for value, item in zip(given, obj, strict=True)]
        return after if any(new is not old for new, old in zip(after, obj, strict=True)) else obj
    return obj


def _member(type: Type, name: str, value: Any, obj: Obj) -> Any:
    if obj.get(name) is not None:
        return restored(type, value, obj[name])
    return value if (type.kind, value) in (("list", []), ("map", {})) else None


def _with(obj: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    new = {name: value for name, value in found.items() if value is not None and value is not obj.get(name)}
    return {**obj, **new} if new else obj
