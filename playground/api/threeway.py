"""The patch that `kubectl apply` sends: from what was applied last, what is wanted and what is there.

Models strategicpatch.CreateThreeWayMergePatch (lists merged by their merge keys) and, for kinds without a published type,
jsonmergepatch.CreateThreeWayJSONMergePatch. What others set and we never did is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cluster_core.machinery.typed import Field, Type

Patch = dict[str, Any]
_ANY = Field(Type("any"))


def three_way_patch(
    original: Mapping[str, Any], wanted: Mapping[str, Any], current: Mapping[str, Any], type: Type | None
) -> Patch:
    """Empty when there is nothing to do."""
    return _maps(original, wanted, current, Field(type) if type else _ANY)


def _maps(original: Any, wanted: Mapping[str, Any], current: Any, field: Field) -> Patch:
    before = original if isinstance(original, Mapping) else {}
    there = current if isinstance(current, Mapping) else {}
    patch: Patch = {key: None for key in before if key not in wanted and key in there}
    for key, value in wanted.items():
        _member(patch, key, (before.get(key), value, there.get(key)), _field(field.type, key))
    if "retainKeys" in field.patch_strategy and patch:
        patch["$retainKeys"] = sorted(wanted)
    return patch


def _field(type: Type, key: str) -> Field:
    if type.kind == "map" and type.element is not None:
        return Field(type.element)
    return type.fields.get(key, _ANY)


def _member(patch: Patch, key: str, values: tuple[Any, Any, Any], field: Field) -> None:
    """Add to the patch what makes this member as wanted. `values`: applied last, wanted, there."""
    before, value, there = values
    if value is None:
        if there is not None:
            patch[key] = None
    elif isinstance(value, Mapping) and isinstance(there, Mapping) and "replace" not in field.patch_strategy:
        nested = _maps(before, value, there, field)
        if nested:
            patch[key] = nested
    elif isinstance(value, list) and isinstance(there, list) and "merge" in field.patch_strategy:
        _list(patch, key, (before if isinstance(before, list) else [], value, there), field)
    elif value != there:
        patch[key] = value


def _list(patch: Patch, key: str, lists: tuple[Sequence[Any], Sequence[Any], Sequence[Any]], field: Field) -> None:
    if field.merge_key and all(isinstance(item, Mapping) for items in lists for item in items):
        _keyed_list(patch, key, lists, field)
    else:
        _primitive_list(patch, key, lists)


def _keyed_list(
    patch: Patch, key: str, lists: tuple[Sequence[Any], Sequence[Any], Sequence[Any]], field: Field
) -> None:
    name = field.merge_key
    before, wanted, there = ({item.get(name): item for item in items} for items in lists)
    element = Field(field.type.element or Type("any"))
    changes: list[Patch] = []
    for identity, item in wanted.items():
        if identity not in there:
            changes.append(dict(item))
        elif nested := _maps(before.get(identity), item, there[identity], element):
            changes.append({**nested, name: identity})
    changes += [{name: gone, "$patch": "delete"} for gone in before if gone not in wanted and gone in there]
    if changes or not _in_order(list(wanted), list(there)):
        patch[f"$setElementOrder/{key}"] = [{name: identity} for identity in wanted]
    if changes:
        patch[key] = changes


def _primitive_list(patch: Patch, key: str, lists: tuple[Sequence[Any], Sequence[Any], Sequence[Any]]) -> None:
    before, wanted, there = lists
    added = [item for item in wanted if item not in there]
    gone = [item for item in before if item not in wanted and item in there]
    if added or gone:
        patch[f"$setElementOrder/{key}"] = list(wanted)
    if added:
        patch[key] = added
    if gone:
        patch[f"$deleteFromPrimitiveList/{key}"] = gone


def _in_order(wanted: Sequence[Any], there: Sequence[Any]) -> bool:
    return [identity for identity in there if identity in wanted] == [
        identity for identity in wanted if identity in there
    ]
