"""Walking values along their types: which fields a value has, and which differ between two.

Models structured-merge-diff's typed.ToFieldSet and Compare on our `Type`s. Atomic structs, maps and lists are leaves;
values without a declared type are deduced: scalars and lists are leaves, maps are granular.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cluster_core.machinery import fieldset
from cluster_core.machinery.fieldset import FieldSet
from cluster_core.machinery.patch import equal
from cluster_core.machinery.typed import Field, Type

ANY = Type("any")
SCALARS = frozenset(
    ("string", "bytes", "integer", "number", "boolean", "quantity", "intstr", "time", "microtime"),
)


class Missing:
    """No value at all, which is not null."""


MISSING = Missing()


class StructureError(ValueError):
    """A list item cannot be told from the others; str() is upstream's message."""


def is_map(value: Any) -> bool:
    return isinstance(value, Mapping)


def is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def shape(type: Type, value: Any) -> str:
    """How to walk: "map", "list" (associative) or "leaf". Deduced from the value where the type leaves it open."""
    if type.kind in ("struct", "map"):
        return "leaf" if type.map_type == "atomic" else "map"
    if type.kind == "list":
        return "leaf" if type.list_type == "atomic" else "list"
    if type.kind in SCALARS:
        return "leaf"
    return "map" if is_map(value) and type.map_type != "atomic" else "leaf"


def member_type(type: Type, name: str) -> Type:
    if name in type.fields:
        return type.fields[name].type
    return type.element or ANY if type.kind == "map" else ANY


def item_element(type: Type, value: Any) -> str:
    """The path element of one item of an associative list. Raises StructureError."""
    if type.list_type == "set":
        return _set_element(value)
    if not is_map(value):
        what = "a null element" if value is None else "non-map elements"
        raise StructureError(f"associative list with keys may not have {what}")
    keys = {}
    for name in type.list_keys:
        if name in value:
            keys[name] = value[name]
        elif name in type.key_defaults:
            keys[name] = type.key_defaults[name]
        elif _has_zero_default(type, name):
            keys[name] = _ZEROS[member_type(type.element or ANY, name).kind]
    if not keys:
        names = "[" + " ".join(f'"{name}"' for name in type.list_keys) + "]"
        text = f"associative list with keys has an element that omits all key fields {names}"
        raise StructureError(f"{text} (and doesn't have default values for any key fields)")
    return fieldset.key(keys)


_ZEROS: dict[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False}


def _has_zero_default(type: Type, name: str) -> bool:
    """The published schemas give required scalars of Go structs their zero value as default."""
    member = type.element.fields.get(name) if type.element else None
    return member is not None and member.always and not member.pointer and member.type.kind in _ZEROS


def _set_element(value: Any) -> str:
    if is_map(value):
        raise StructureError("associative list without keys has an element that's a map type")
    if is_list(value):
        raise StructureError("not supported: associative list with lists as elements")
    if value is None:
        raise StructureError("associative list without keys has an element that's an explicit null")
    return fieldset.item(value)


def _known_elements(type: Type, values: Iterable[Any]) -> Iterable[tuple[str, Any]]:
    """Items with their elements; items that have none are passed over, as upstream does for stored objects."""
    for value in values:
        try:
            element = item_element(type, value)
        except StructureError:
            continue
        yield element, value


def field_set(type: Type, value: Any) -> FieldSet:
    """Every field the value has."""
    return _below(type, value)[0]


def _below(type: Type, value: Any) -> tuple[dict[str, Any], bool]:
    """What is below the value, and whether the value itself counts."""
    how = shape(type, value)
    if how == "leaf":
        return {}, True
    if value is None:
        return {}, False
    return _map_below(type, value) if how == "map" else _list_below(type, value)


def _map_below(type: Type, value: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    below: dict[str, Any] = {}
    for name, member in value.items():
        inner, counts = _below(member_type(type, name), member)
        bare = member is None or (is_map(member) and not member)
        _insert(below, fieldset.field(name), inner, counts or bare or name not in type.fields)
    return below, False


def _list_below(type: Type, value: Sequence[Any]) -> tuple[dict[str, Any], bool]:
    below: dict[str, Any] = {}
    for element, items in _grouped(type, value).items():
        inner = _below(type.element or ANY, items[0])[0] if len(items) == 1 else {}
        _insert(below, element, inner, True)
    return below, False


def _grouped(type: Type, values: Iterable[Any]) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for element, value in _known_elements(type, values):
        groups.setdefault(element, []).append(value)
    return groups


def _insert(into: dict[str, Any], element: str, below: dict[str, Any], member: bool) -> None:
    if below and member:
        into[element] = {fieldset.SELF: {}, **below}
    elif below or member:
        into[element] = below


@dataclass(slots=True)
class Comparison:
    """The fields that only the old has, that differ, and that only the new has."""

    removed: dict[str, Any] = field(default_factory=dict)
    modified: dict[str, Any] = field(default_factory=dict)
    added: dict[str, Any] = field(default_factory=dict)

    def changed(self) -> FieldSet:
        return fieldset.union(self.modified, self.added)

    def without(self, ignored: FieldSet) -> Comparison:
        parts = (self.removed, self.modified, self.added)
        return Comparison(*(dict(fieldset.recursive_difference(part, ignored)) for part in parts))


@dataclass(slots=True)
class _Change:
    """What changed below one value, and how the value itself changed: "", "removed", "modified" or "added"."""

    below: Comparison = field(default_factory=Comparison)
    own: str = ""


def compare(type: Type, old: Any, new: Any) -> Comparison:
    """From `old` to `new`, both objects of the type."""
    return _compare(type, old, new).below


def _compare(type: Type, old: Any, new: Any) -> _Change:
    if old is new:
        return _Change()
    how = shape(type, old if new is MISSING or new is None else new)
    if how == "leaf" or (_bare(old) and _bare(new)):
        return _Change(own=_leaf_change(old, new))
    change = _Change()
    if how == "map":
        _compare_members(type, old, new, change.below)
    else:
        _compare_items(type, old, new, change.below)
    if old is MISSING or new is MISSING:
        change.own = "added" if old is MISSING else "removed"
    elif _reshaped(old, how) or _reshaped(new, how):
        change.own = "modified"
    return change


def _bare(value: Any) -> bool:
    return value is None or value is MISSING or ((is_map(value) or is_list(value)) and not value)


def _reshaped(value: Any, how: str) -> bool:
    return value is not None and not (is_map(value) if how == "map" else is_list(value))


def _leaf_change(old: Any, new: Any) -> str:
    if old is MISSING:
        return "added"
    if new is MISSING:
        return "removed"
    return "" if equal(old, new) else "modified"


def _record(into: Comparison, element: str, change: _Change) -> None:
    for part in ("removed", "modified", "added"):
        below = getattr(change.below, part)
        _insert(getattr(into, part), element, below, change.own == part)


def _compare_members(type: Type, old: Any, new: Any, into: Comparison) -> None:
    before: Mapping[str, Any] = old if is_map(old) else {}
    after: Mapping[str, Any] = new if is_map(new) else {}
    for name in {**before, **after}:
        was, now = before.get(name, MISSING), after.get(name, MISSING)
        if was is not now:
            _record(into, fieldset.field(name), _compare(member_type(type, name), was, now))


def _compare_items(type: Type, old: Any, new: Any, into: Comparison) -> None:
    before = _grouped(type, old if is_list(old) else ())
    after = _grouped(type, new if is_list(new) else ())
    for element in {**before, **after}:
        change = _compare_group(type.element or ANY, before.get(element, []), after.get(element, []))
        _record(into, element, change)


def _compare_group(type: Type, old: list[Any], new: list[Any]) -> _Change:
    """Items that share an element; duplicates are compared as a whole."""
    if len(old) <= 1 and len(new) <= 1:
        return _compare(type, old[0] if old else MISSING, new[0] if new else MISSING)
    if len(old) > 1 and len(new) > 1:
        return _Change(own="" if equal(old, new) else "modified")
    if len(old) > 1:
        change = _compare(type, MISSING, new[0]) if new else _Change()
        return _Change(change.below, "removed")
    change = _compare(type, old[0], MISSING) if old else _Change()
    return _Change(change.below, "added")


def named_fields(type: Type, fields: FieldSet) -> FieldSet:
    """The set with every declared struct field on the way to a member made a member itself."""
    result: dict[str, Any] = {}
    for element, below in fieldset.children(fields):
        name = element[2:]
        inner = type.element or ANY if type.kind == "list" else member_type(type, name)
        declared = element.startswith("f:") and name in type.fields
        nested = {key: value for key, value in named_fields(inner, below).items() if key != fieldset.SELF}
        _insert(result, element, nested, declared or fieldset.is_member(below))
    return result


def zero(type: Type) -> dict[str, Any]:
    """An empty Go struct of the type as JSON, against which a creation is compared: only members without omitempty."""
    return {name: _zero_value(member) for name, member in type.fields.items() if member.always}


def _zero_value(member: Field) -> Any:
    if member.pointer:
        return None
    kind = member.type.kind
    return zero(member.type) if kind == "struct" else _ZEROS.get(kind, "0" if kind == "quantity" else None)
