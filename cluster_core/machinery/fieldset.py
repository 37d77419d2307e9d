"""Sets of fields, in the form managedFields stores them.

Models structured-merge-diff's fieldpath.Set. A set IS its fieldsV1 JSON: a dict from path element to the set below it.
Elements are "f:name", 'k:{"name":"web"}', 'v:"item"' or "i:0". An element is itself a member when what is below it is
empty or holds "."; the root's "." has no meaning. Sets are never changed in place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from cluster_core.machinery import gofmt

FieldSet = Mapping[str, Any]
Path = tuple[str, ...]

EMPTY: FieldSet = {}
SELF = "."
_RANKS = {"f": 0, "k": 1, "v": 2, "i": 3}


class FieldSetError(ValueError):
    """The fieldsV1 JSON is not well-formed."""


def field(name: str) -> str:
    return "f:" + name


def key(values: Mapping[str, Any]) -> str:
    """The element of a list item found by its keys."""
    return "k:" + gofmt.json_text(values)


def item(value: Any) -> str:
    """The element of an item of a set."""
    return "v:" + gofmt.json_text(value)


def is_member(below: FieldSet) -> bool:
    return not below or SELF in below


def _node(member: bool, children: dict[str, Any]) -> dict[str, Any] | None:
    """What stands below an element; None when the element drops out."""
    if not children:
        return {} if member else None
    return {SELF: {}, **children} if member else children


def children(fields: FieldSet) -> Iterator[tuple[str, FieldSet]]:
    return ((element, below) for element, below in fields.items() if element != SELF)


def of_paths(*paths: Path) -> FieldSet:
    result: FieldSet = EMPTY
    for path in paths:
        node: dict[str, Any] = {}
        for element in reversed(path):
            node = {element: node}
        result = union(result, node)
    return result


def union(left: FieldSet, right: FieldSet) -> FieldSet:
    if not left or not right:
        return left or right
    merged = dict(left)
    for element, below in children(right):
        merged[element] = _union_below(merged[element], below) if element in merged else below
    return merged


def _union_below(left: FieldSet, right: FieldSet) -> FieldSet:
    member = is_member(left) or is_member(right)
    merged = {element: below for element, below in union(left, right).items() if element != SELF}
    return _node(member, merged) or {}


def _combine(left: FieldSet, right: FieldSet, mode: str) -> dict[str, Any]:
    result = {}
    for element, below in children(left):
        other = right.get(element)
        combined: FieldSet | None = below
        if other is not None:
            combined = _combine_below(below, other, mode)
        elif mode == "intersection":
            combined = None
        if combined is not None:
            result[element] = combined
    return result


def _combine_below(left: FieldSet, right: FieldSet, mode: str) -> FieldSet | None:
    if mode == "intersection":
        return _node(is_member(left) and is_member(right), _combine(left, right, mode))
    if mode == "recursive" and is_member(right):
        return None
    return _node(is_member(left) and not is_member(right), _combine(left, right, mode))


def difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """Members of `left` that are not members of `right`; what is below a removed member stays."""
    return _combine(left, right, "difference") if right else left


def recursive_difference(left: FieldSet, right: FieldSet) -> FieldSet:
    """As difference, and what is below a member of `right` goes too."""
    return _combine(left, right, "recursive") if right else left


def intersection(left: FieldSet, right: FieldSet) -> FieldSet:
    return _combine(left, right, "intersection")


def has(fields: FieldSet, path: Path) -> bool:
    below: FieldSet | None = fields
    for element in path:
        below = below.get(element) if below is not None else None
    return below is not None and bool(path) and is_member(below)


def members(fields: FieldSet, prefix: Path = ()) -> Iterator[Path]:
    """Every member's path, in upstream's order: members of a level before what is below them."""
    below = sorted(children(fields), key=lambda pair: order(pair[0]))
    for element, node in below:
        if is_member(node):
            yield (*prefix, element)
    for element, node in below:
        yield from members(node, (*prefix, element))


@lru_cache(8192)
def order(element: str) -> tuple[Any, ...]:
    """Sort key: fields, keys, values, indices; numbers before text."""
    rank = _RANKS.get(element[:1], 9)
    if rank == 1:
        values = json.loads(element[2:])
        return rank, [(name, _value_order(value)) for name, value in sorted(values.items())]
    if rank in (2, 3):
        return rank, [("", _value_order(json.loads(element[2:])))]
    return rank, [(element[2:], (0, 0))]


def _value_order(value: Any) -> tuple[int, Any]:
    if isinstance(value, bool):
        return 2, value
    if isinstance(value, (int, float)):
        return 0, value
    return (1, value) if isinstance(value, str) else (3, gofmt.json_text(value))


def ordered(fields: FieldSet) -> dict[str, Any]:
    """The same set with its elements in upstream's order, ready to be written."""
    result: dict[str, Any] = {SELF: {}} if SELF in fields else {}
    plain = all(element.startswith("f:") for element, _ in children(fields))
    for element in sorted((e for e, _ in children(fields)), key=None if plain else order):
        below = fields[element]
        result[element] = ordered(below) if below else below
    return result


def parse(fields: Any) -> FieldSet:
    """A set from somebody's fieldsV1 JSON, its elements spelt our way. Raises FieldSetError."""
    if not isinstance(fields, Mapping):
        raise FieldSetError(f"expected object, got {gofmt.json_kind(fields)}")
    return {_parse_element(element): parse(below) for element, below in fields.items()}


@lru_cache(8192)
def _parse_element(element: str) -> str:
    kind, body = element[:2], element[2:]
    if element == SELF or kind == "f:":
        return element
    if kind not in ("k:", "v:", "i:"):
        raise FieldSetError("unknown path element type" if kind[1:] == ":" else f"missing colon: {element}")
    try:
        value = json.loads(body)
    except ValueError as error:
        raise FieldSetError(str(error)) from error
    if kind == "k:" and not isinstance(value, dict):
        raise FieldSetError(f"expected object: {element}")
    return kind + gofmt.json_text(value)


def path_text(path: Path) -> str:
    """As conflicts print it: .spec.containers[name="web"].image"""
    return "".join(map(element_text, path))


def element_text(element: str) -> str:
    kind, body = element[:2], element[2:]
    if kind == "f:":
        return "." + body
    value = json.loads(body)
    if kind == "k:":
        return "[" + ",".join(f"{name}={_shown(one)}" for name, one in sorted(value.items())) + "]"
    return f"[={_shown(value)}]" if kind == "v:" else f"[{body}]"


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return gofmt.quote(value)
    return "null" if value is None else gofmt.verb_v(value)
