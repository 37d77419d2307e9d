"""Empty lists that a client sent for members without omitempty, from decoding until managedFields are known.

Such a list differs from null while a request is under way and comes back from the store as null, for protobuf knows no
difference. Models gogo protobuf's encoding of nil and empty slices.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cluster_core.machinery.typed import Field, Type

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
