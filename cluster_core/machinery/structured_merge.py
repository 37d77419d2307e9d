"""Checking, merging and pruning values along their types, for server-side apply.

Models structured-merge-diff's typed.Validate, Merge and RemoveItems. Inputs are never changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cluster_core.machinery import fieldset, gofmt, structured
from cluster_core.machinery.fieldset import FieldSet
from cluster_core.machinery.structured import ANY, MISSING, StructureError, is_list, is_map
from cluster_core.machinery.typed import Type

_GO_NAMES = {bool: "bool", str: "string", int: "int64", float: "float64"}
Problem = tuple[str, str]
"""Path text and message."""


def problems(type: Type, value: Any) -> str:
    """What makes the value unfit for its type, as upstream prints it; "" when nothing does."""
    found = [f"{path}: {message}" if path else message for path, message in _problems(type, value)]
    if len(found) > 1:
        return "\n".join(["errors:", *(f"  {one}" for one in found)])
    return found[0] if found else ""


def _problems(type: Type, value: Any) -> list[Problem]:
    if value is None or type.kind == "any":
        return []
    if type.kind in ("struct", "map"):
        return _member_problems(type, value) if is_map(value) else [("", f"expected map, got {_shown(value)}")]
    if type.kind == "list":
        return _item_problems(type, value) if is_list(value) else [("", f"expected list, got {_shown(value)}")]
    message = _scalar_problem(type.kind, value)
    return [("", message)] if message else []


def _shown(value: Any) -> str:
    """%v of the wrapped value."""
    return "&{" + gofmt.verb_v(value) + "}"


def _scalar_problem(kind: str, value: Any) -> str:
    numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind in ("integer", "number"):
        return "" if numeric else f"expected numeric (int or float), got {_go_name(value)}"
    if kind in ("string", "bytes"):
        return "" if isinstance(value, str) else f"expected string, got &value.valueUnstructured{{Value:{_sharp(value)}}}"
    if kind == "boolean":
        return "" if isinstance(value, bool) else f"expected boolean, got {_shown(value)}"
    return f"expected any scalar, got {_shown(value)}" if is_map(value) or is_list(value) else ""


def _go_name(value: Any) -> str:
    if is_map(value):
        return "map[string]interface {}"
    return "[]interface {}" if is_list(value) else _GO_NAMES.get(type(value), "<nil>")


def _sharp(value: Any) -> str:
    """%#v of plain data."""
    if isinstance(value, str):
        return gofmt.quote(value)
    if is_map(value):
        members = ", ".join(f"{gofmt.quote(key)}:{_sharp(item)}" for key, item in sorted(value.items()))
        return f"map[string]interface {{}}{{{members}}}"
    if is_list(value):
        return f"[]interface {{}}{{{', '.join(map(_sharp, value))}}}"
    return "interface {}(nil)" if value is None else gofmt.verb_v(value)


def _member_problems(type: Type, value: Mapping[str, Any]) -> list[Problem]:
    found: list[Problem] = []
    for name, member in value.items():
        if type.kind == "struct" and name not in type.fields and not type.preserve_unknown:
            found.append((f".{name}", "field not declared in schema"))
            break
        inner = _problems(structured.member_type(type, name), member)
        found += [(f".{name}{path}", message) for path, message in inner]
    return found


def _item_problems(type: Type, value: Sequence[Any]) -> list[Problem]:
    found: list[Problem] = []
    seen = set()
    for position, member in enumerate(value):
        element = f"i:{position}"
        if type.list_type != "atomic":
            try:
                element = structured.item_element(type, member)
            except StructureError as error:
                return [*found, ("", f"element {position}: {error}")]
            if element in seen:
                found.append(("", f"duplicate entries for key {fieldset.element_text(element)}"))
            seen.add(element)
        inner = _problems(type.element or ANY, member)
        found += [(fieldset.element_text(element) + path, message) for path, message in inner]
    return found


def merge(type: Type, live: Any, applied: Any) -> Any:
    """`live` with everything `applied` says; MISSING when nothing is left."""
    how = structured.shape(type, live if applied is MISSING or applied is None else applied)
    if how == "leaf" or (not _filled(live, how) and not _filled(applied, how)):
        return live if applied is MISSING else applied
    return _merge_members(type, live, applied) if how == "map" else _merge_items(type, live, applied)


def _filled(value: Any, how: str) -> bool:
    return bool(value) and value is not MISSING and (is_map(value) if how == "map" else is_list(value))


def _merge_members(type: Type, live: Any, applied: Any) -> Any:
    old: Mapping[str, Any] = live if is_map(live) else {}
    new: Mapping[str, Any] = applied if is_map(applied) else {}
    merged = {}
    for name in {**old, **new}:
        if name in new:
            value = merge(structured.member_type(type, name), old.get(name, MISSING), new[name])
        else:
            value = old[name]
        if value is not MISSING:
            merged[name] = value
    return merged or MISSING


def _indexed(type: Type, values: Any) -> list[tuple[str, Any]]:
    return [(structured.item_element(type, value), value) for value in values] if is_list(values) else []


def _merge_items(type: Type, live: Any, applied: Any) -> Any:
    """Items of both; shared ones in the applied order, the others around them in their own."""
    left, right = _indexed(type, live), _indexed(type, applied)
    old: dict[str, Any] = {}
    for element, value in left:
        old[element] = None if element in old else value
    merged = [
        merge(type.element or ANY, value, new)
        for element, value, new in _interleaved(left, right, old)
        if value is not MISSING or new is not MISSING
    ]
    return [value for value in merged if value is not MISSING] or MISSING


def _interleaved(
    left: list[tuple[str, Any]], right: list[tuple[str, Any]], old: Mapping[str, Any]
) -> list[tuple[str, Any, Any]]:
    new = dict(right)
    shared = [element for element, _ in right if element in old]
    taken: set[str] = set()
    result: list[tuple[str, Any, Any]] = []
    i = j = 0
    while i < len(left) or j < len(right):
        mine = left[i][0] if i < len(left) else ""
        theirs = right[j][0] if j < len(right) else ""
        wanted = next((element for element in shared if element not in taken), "")
        if mine and theirs and mine != theirs and mine in new and wanted and mine != wanted:
            i += 1  # shared, and its turn comes where the applied list has it
        elif mine and mine not in new:
            result.append((mine, left[i][1], MISSING))
            i += 1
        elif mine and mine in taken:
            i += 1
        elif theirs:
            taken.add(theirs)
            result.append((theirs, old.get(theirs, MISSING), new[theirs]))
            i += mine == theirs
            j += 1
        else:
            i += 1
    return result


def remove(type: Type, value: Any, fields: FieldSet) -> Any:
    """The value without the fields; None when nothing is left of a map or list."""
    how = structured.shape(type, value)
    if how == "leaf" and not is_map(value) and not is_list(value):
        return value
    if how == "leaf" or not value:
        return None
    return _remove_members(type, value, fields) if how == "map" else _remove_items(type, value, fields)


def _remove_members(type: Type, value: Mapping[str, Any], fields: FieldSet) -> Any:
    left = {}
    for name, member in value.items():
        below = fields.get(fieldset.field(name))
        if below is None:
            left[name] = member
        elif not fieldset.is_member(below):
            left[name] = remove(structured.member_type(type, name), member, below)
    return left or None


def _remove_items(type: Type, value: Sequence[Any], fields: FieldSet) -> Any:
    left = []
    for element, member in _indexed(type, value):
        below = fields.get(element)
        if below is None:
            left.append(member)
        elif not fieldset.is_member(below):
            left.append(remove(type.element or ANY, member, below))
    return left or None
