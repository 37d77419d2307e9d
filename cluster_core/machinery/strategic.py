"""Strategic merge patch: merging driven by what the type says about its lists.

Models apimachinery/pkg/util/strategicpatch on the server's side: merge keys, $patch delete/replace, $retainKeys,
$deleteFromPrimitiveList and $setElementOrder, with its errors. Inputs are never changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cluster_core.machinery import errors, gofmt
from cluster_core.machinery.typed import Field, Obj, Type

PATCH = "$patch"
RETAIN_KEYS = "$retainKeys"
DELETE_PRIMITIVES = "$deleteFromPrimitiveList"
ELEMENT_ORDER = "$setElementOrder"

_BAD_ORDER = "invalid patch format of setElementOrder list"
_BAD_DELETE = "invalid patch format of primitive list"
_BAD_RETAIN = "invalid patch format of retainKeys"
_ANY = Type("any")
_ANY_FIELD = Field(_ANY)

Items = Sequence[Any]


def strategic_merge_patch(type: Type, original: Obj, patch: Any) -> dict[str, Any]:
    """The patched object. Raises ApiError: 400 for bad directives, 422 for lists of lists, else a plain 500."""
    if patch is None:
        return dict(original)
    if not isinstance(patch, Mapping):
        target = "Go value of type map[string]interface {}"
        raise errors.bad_request(f"json: cannot unmarshal {gofmt.json_kind(patch)} into {target}")
    return _merge_map(original, patch, type)


def _merge_map(original: Obj, patch: Obj, type: Type) -> dict[str, Any]:
    if PATCH in patch:
        return _directed(patch)
    patch = dict(patch)
    merged = _retained(original, patch)
    for key in [key for key in patch if key.startswith(ELEMENT_ORDER)]:
        _merge_ordered(merged, patch, key, type)
    for key, value in patch.items():
        _merge_member(merged, key, value, type)
    return merged


def _directed(patch: Obj) -> dict[str, Any]:
    directive = patch[PATCH]
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != PATCH}
    if directive == "delete":
        return {}
    raise _unknown_directive(directive, patch)


def _unknown_directive(directive: Any, patch: Obj) -> errors.ApiError:
    return errors.plain_error(f"unknown patch type: {gofmt.verb_s(directive)} in map: {gofmt.verb_v(patch)}")


def _retained(original: Obj, patch: dict[str, Any]) -> dict[str, Any]:
    """The original's members that $retainKeys leaves; takes the directive out of the patch."""
    if RETAIN_KEYS not in patch:
        return dict(original)
    keys = patch.pop(RETAIN_KEYS)
    if not isinstance(keys, (list, tuple)):
        raise errors.bad_request(_BAD_RETAIN)
    for key, value in patch.items():
        if value is not None and not key.startswith((DELETE_PRIMITIVES, ELEMENT_ORDER)) and key not in keys:
            raise errors.bad_request(_BAD_RETAIN)
    return {key: value for key, value in original.items() if key in keys}


def _member_field(type: Type, key: str) -> Field:
    if type.kind == "any" or type.preserve_unknown:
        return type.fields.get(key, _ANY_FIELD)
    if type.kind != "struct":
        text = f"merging an object in json but data type is not struct, instead is: {type.kind}"
        raise errors.plain_error(text)
    if key not in type.fields:
        name = type.go.rpartition(".")[2]
        raise errors.plain_error(f'unable to find api field in struct {name} for the json field "{key}"')
    return type.fields[key]


def _strategy(field: Field) -> str:
    """merge, replace or nothing; retainKeys only matters to clients."""
    return next((strategy for strategy in field.patch_strategy if strategy != "retainKeys"), "")


def _element(field: Field) -> Type:
    return field.type.element or _ANY


def _merge_member(merged: dict[str, Any], key: str, value: Any, type: Type) -> None:
    deletes = key.startswith(DELETE_PRIMITIVES)
    if deletes:
        key = _list_name(key, DELETE_PRIMITIVES, _BAD_DELETE)
    if value is None:
        merged.pop(key, None)
    elif key not in merged or _go_type(merged[key]) != _go_type(value):
        if not deletes:
            _put(merged, key, _without_nulls(value))
    elif isinstance(value, Mapping):
        field = _member_field(type, key)
        replace = _strategy(field) == "replace"
        merged[key] = value if replace else _merge_map(merged[key], value, field.type)
    elif isinstance(value, (list, tuple)):
        merged[key] = _merge_field_list(merged[key], value, _member_field(type, key), deletes)
    else:
        merged[key] = value


def _put(merged: dict[str, Any], key: str, value: Any) -> None:
    kept, value = _without_directives(value)
    if kept:
        merged[key] = value
    else:
        merged.pop(key, None)


def _list_name(key: str, prefix: str, problem: str) -> str:
    head, slash, name = key.partition("/")
    if not slash or head != prefix:
        raise errors.bad_request(problem)
    return name


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [_without_nulls(item) for item in value]
    return value


def _without_directives(value: Any) -> tuple[bool, Any]:
    """Whether to keep the value at all, and what is left of it."""
    if isinstance(value, Mapping):
        if PATCH in value:
            return False, None
        members = ((key, _without_directives(item)) for key, item in value.items())
        return True, {key: item for key, (kept, item) in members if kept}
    if isinstance(value, (list, tuple)):
        return True, [item for kept, item in map(_without_directives, value) if kept]
    return True, value


_GO_TYPES = {bool: "bool", str: "string", int: "int64", float: "float64"}


def _go_type(value: Any) -> str:
    if isinstance(value, Mapping):
        return "map[string]interface {}"
    if isinstance(value, (list, tuple)):
        return "[]interface {}"
    return _GO_TYPES.get(type(value), "%!s(<nil>)")


def _want(value: Any, go_type: str) -> None:
    if _go_type(value) != go_type:
        raise errors.plain_error(f"expected a {go_type}, but received a {_go_type(value)}")


def _merge_field_list(original: Items, patch: Items, field: Field, deletes: bool) -> Items:
    if _strategy(field) != "merge" and not deletes:
        return patch
    return _merge_list(original, patch, field, deletes)


def _merge_list(original: Items, patch: Items, field: Field, deletes: bool) -> Items:
    if not original and not patch:
        return original
    if _element_type(original, patch) != "map[string]interface {}":
        if deletes:
            return [item for item in original if item not in patch]
        return _in_order(_unique([*original, *patch]), patch, original, "")
    key = field.merge_key
    if not key:
        raise errors.plain_error(f"cannot merge lists without merge key for {_element(field).kind}")
    original, patch = _special_elements(original, patch, key)
    merged = list(original)
    for item in patch:
        at = _position(merged, key, _key_of(item, key))
        if at is None:
            merged.append(item)
        else:
            merged[at] = _merge_map(merged[at], item, _element(field))
    return _in_order(merged, patch, original, key)


def _element_type(*lists: Items) -> str:
    found = ""
    for item in (item for items in lists for item in items):
        kind = _go_type(item)
        if not found and kind == "[]interface {}":
            raise errors.unprocessable()
        if found and kind != found:
            shown = " ".join(gofmt.verb_v(items) for items in lists)
            raise errors.plain_error(f"list element types are not identical: [{shown}]")
        found = kind
    if not found:
        raise errors.plain_error("no elements in any of the given slices")
    return found


def _unique(items: Items) -> list[Any]:
    unique: list[Any] = []
    for item in items:
        if item not in unique:
            unique.append(item)
    return unique


def _key_of(item: Obj, key: str) -> Any:
    if key not in item:
        raise errors.plain_error(f"map: {gofmt.verb_v(item)} does not contain declared merge key: {key}")
    return item[key]


def _position(items: Items, key: str, value: Any) -> int | None:
    for position, item in enumerate(items):
        if not isinstance(item, Mapping):
            raise errors.plain_error(f"value for key {position} is not a map")
        if key in item and item[key] == value:
            return position
    return None


def _special_elements(original: Items, patch: Items, key: str) -> tuple[Items, Items]:
    """Carries out and takes out the patch's $patch elements."""
    plain = []
    replace = False
    for item in patch:
        directive = item.get(PATCH)
        if PATCH not in item:
            plain.append(item)
        elif directive == "delete":
            value = _key_of(item, key)
            original = [one for one in original if one.get(key) != value or key not in one]
        elif directive == "replace":
            replace = True
        elif directive == "merge":
            raise errors.plain_error("merging lists cannot yet be specified in the patch")
        else:
            raise _unknown_directive(directive, item)
    return (plain, []) if replace else (original, plain)


def _identity(item: Any, key: str) -> Any:
    if not key:
        return item
    return item.get(key) if isinstance(item, Mapping) else None


def _in_order(merged: Items, patch_order: Items, server_order: Items, key: str) -> list[Any]:
    """What the patch names in the patch's order, the rest in the live order, merged by the live order."""
    for item in (*merged, *patch_order) if key else ():
        _key_of(item, key)
    wanted = [_identity(item, key) for item in patch_order]
    live = [_identity(item, key) for item in server_order]
    named = [item for item in merged if _identity(item, key) in wanted]
    others = [item for item in merged if _identity(item, key) not in wanted]
    named.sort(key=lambda item: wanted.index(_identity(item, key)))
    others.sort(key=lambda item: _rank(live, _identity(item, key)))
    return _interleave(others, named, live, key)


def _rank(order: list[Any], identity: Any) -> int:
    return order.index(identity) if identity in order else len(order)


def _interleave(left: list[Any], right: list[Any], live: list[Any], key: str) -> list[Any]:
    result: list[Any] = []
    i = j = 0
    while i < len(left) and j < len(right):
        mine, theirs = _identity(left[i], key), _identity(right[j], key)
        if mine in live and theirs in live and live.index(mine) < live.index(theirs):
            result.append(left[i])
            i += 1
        else:
            result.append(right[j])
            j += 1
    return result + left[i:] + right[j:]


def _merge_ordered(merged: dict[str, Any], patch: dict[str, Any], directive: str, type: Type) -> None:
    """One $setElementOrder list together with the list it orders; takes both out of the patch."""
    order = patch.pop(directive)
    _want(order, "[]interface {}")
    name = _list_name(directive, ELEMENT_ORDER, _BAD_ORDER)
    original, change = merged.get(name), patch.get(name)
    for items, found in ((original, name in merged), (change, name in patch)):
        if found:
            _want(items, "[]interface {}")
    field = _member_field(type, name)
    _check_order(change or [], order, field.merge_key)
    if original is None and change is None:
        return
    if original is None or change is None:
        result = original if change is None else _without_directives(change)[1]
    else:
        result = _merge_field_list(original, change, field, False)
    _element_type(original or [], change or [])
    merged[name] = _in_order(result or [], order, original or [], field.merge_key)
    patch.pop(name, None)


def _check_order(patch: Items, order: Items, key: str) -> None:
    """The patch's items must appear in the order list, in the same relative order."""
    if not order or not patch:
        return
    items = [item for item in patch if not (isinstance(item, Mapping) and PATCH in item)]
    at = 0
    for wanted in order:
        if at < len(items) and _same_key(items[at], wanted, key):
            at += 1
    if at < len(items):
        shown = gofmt.verb_v(patch), gofmt.verb_v(order)
        text = f"The order in patch list:\n{shown[0]}\n doesn't match {ELEMENT_ORDER} list:\n{shown[1]}\n"
        raise errors.plain_error(text)


def _same_key(left: Any, right: Any, key: str) -> bool:
    if not key:
        return bool(left == right)
    for item in (left, right):
        _want(item, "map[string]interface {}")
    return bool(_key_of(left, key) == _key_of(right, key))
