"""JSON patch (RFC 6902) and JSON merge patch (RFC 7386) with the real server's habits.

Models evanphx/json-patch v4 as the API server uses it: `replace` of a missing member adds it, negative indices count
from the end, `test` against null holds for a missing member, and text before a path's first slash is ignored. Inputs
are never changed; unchanged parts are shared with the result.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from cluster_core.machinery import errors, gofmt

MAX_OPERATIONS = 10_000
MAX_COPIED = 3 * 1024 * 1024
"""Bytes of JSON that the copies of one patch may add up to, or a few of them would double a document without end."""
_INDEX = re.compile(r"[+-]?[0-9]+\Z")
_OP_TYPE = "jsonPatchOp"
_TEXT_MEMBERS = ("op", "path", "from")

Operation = Mapping[str, Any]


class NotApplicable(Exception):
    """The patch does not fit the document; str() is what the library says."""


class TestFailed(NotApplicable):
    """A `test` does not hold."""


def json_patch(document: Any, patch: Any) -> Any:
    """The patched document. Raises BadRequest, TooLarge, or the bare 422 of a patch that does not apply."""
    try:
        return json_patched(document, patch)
    except NotApplicable:
        raise errors.unprocessable() from None


def json_patched(document: Any, patch: Any) -> Any:
    """The patched document. Raises BadRequest, TooLarge or NotApplicable."""
    operations = _checked_operations(patch)
    if len(operations) > MAX_OPERATIONS:
        limit = f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(operations)}"
        raise errors.request_entity_too_large(limit)
    copied = 0
    for operation in operations:
        if operation.get("op") == "copy":
            copied += _size(_find(document, _pointer(operation, "from")))
        if copied > MAX_COPIED:
            raise NotApplicable
        document = _apply(document, operation)
    return document


def _size(value: Any) -> int:
    try:
        return len(orjson.dumps(value))
    except TypeError:
        return len(json.dumps(value))  # a number longer than 64 bits


def _checked_operations(patch: Any) -> Sequence[Operation]:
    if patch is None:
        return ()
    if not isinstance(patch, (list, tuple)):
        raise _mistyped(patch, f"[]handlers.{_OP_TYPE}")
    for operation in patch:
        _check_operation(operation)
    return [operation or {} for operation in patch]


def _check_operation(operation: Any) -> None:
    if operation is None:
        return
    if not isinstance(operation, Mapping):
        raise _mistyped(operation, f"handlers.{_OP_TYPE}")
    for member in _TEXT_MEMBERS:
        value = operation.get(member)
        if value is not None and not isinstance(value, str):
            raise _mistyped(value, f"struct field {_OP_TYPE}.{member} of type string", field=True)


def _mistyped(value: Any, target: str, field: bool = False) -> errors.BadRequest:
    into = f"into Go {target}" if field else f"into Go value of type {target}"
    return errors.bad_request(f"error decoding patch: json: cannot unmarshal {gofmt.json_kind(value)} {into}")


def _apply(document: Any, operation: Operation) -> Any:
    handler = _HANDLERS.get(operation.get("op") or "")
    if handler is None:
        raise NotApplicable(f"Unexpected kind: {operation.get('op') or ''}")
    try:
        return handler(document, operation)
    except TestFailed:
        raise
    except NotApplicable as error:
        raise NotApplicable(str(error) or _missing(operation)) from None


def _missing(operation: Operation) -> str:
    path = operation.get("path") or ""
    shown = path if operation["op"] == "replace" else f'"{path}"'
    return f"{operation['op']} operation does not apply: doc is missing path: {shown}: missing value"


def _pointer(operation: Operation, member: str = "path") -> list[str]:
    """The unescaped reference tokens; [] is the whole document."""
    pointer = operation.get(member)
    if not isinstance(pointer, str):
        raise NotApplicable
    return [unescaped(token) for token in pointer.split("/")[1:]]


def unescaped(token: str) -> str:
    """A reference token of a JSON pointer as the name it stands for."""
    return token.replace("~1", "/").replace("~0", "~")


def _split(path: list[str]) -> tuple[list[str], str]:
    if not path:
        raise NotApplicable
    return path[:-1], path[-1]


def _at(items: Sequence[Any], token: str, size: int) -> int:
    """An index below `size`; negative ones count from `size`."""
    if not _INDEX.match(token):
        raise NotApplicable
    index = int(token)
    if not -size <= index < size:
        raise NotApplicable
    return index + size if index < 0 else index


def _get(container: Any, token: str) -> Any:
    """A missing map member is None, a missing list item does not apply."""
    if isinstance(container, Mapping):
        return container.get(token)
    if isinstance(container, (list, tuple)):
        return container[_at(container, token, len(container))]
    raise NotApplicable


Change = Callable[[Any, str], Any]


def _rewrite(document: Any, path: list[str], change: Change) -> Any:
    """Path-copy down to the container of the last token and change that."""
    parents, key = _split(path)
    if not parents:
        if not isinstance(document, (Mapping, list, tuple)):
            raise NotApplicable
        return change(document, key)
    inner = _get(document, parents[0])
    if inner is None:
        raise NotApplicable
    return _set(document, parents[0], _rewrite(inner, path[1:], change))


def _set(container: Any, token: str, value: Any) -> Any:
    if isinstance(container, Mapping):
        return {**container, token: value}
    index = _at(container, token, len(container))
    return [*container[:index], value, *container[index + 1 :]]


def _insert(container: Any, token: str, value: Any) -> Any:
    if isinstance(container, Mapping):
        return {**container, token: value}
    if token == "-":
        return [*container, value]
    index = _at(container, token, len(container) + 1)
    return [*container[:index], value, *container[index:]]


def _delete(container: Any, token: str) -> Any:
    if isinstance(container, Mapping):
        if token not in container:
            raise NotApplicable
        return {key: value for key, value in container.items() if key != token}
    index = _at(container, token, len(container))
    return [*container[:index], *container[index + 1 :]]


def _find(document: Any, path: list[str]) -> Any:
    parents, key = _split(path)
    for token in parents:
        document = _get(document, token)
    return _get(document, key)


def _add(document: Any, operation: Operation) -> Any:
    value = operation.get("value")
    return _rewrite(document, _pointer(operation), lambda container, key: _insert(container, key, value))


def _remove(document: Any, operation: Operation) -> Any:
    def delete(container: Any, key: str) -> Any:
        if isinstance(container, Mapping) and key not in container:
            raise NotApplicable(f"error in remove for path: '{operation['path']}': Unable to remove nonexistent key: {key}: missing value")
        return _delete(container, key)

    return _rewrite(document, _pointer(operation), delete)


def _replace(document: Any, operation: Operation) -> Any:
    path, value = _pointer(operation), operation.get("value")
    if not path and operation.get("path") == "":
        if not isinstance(value, (Mapping, list, tuple)):
            raise NotApplicable
        return value
    return _rewrite(document, path, lambda container, key: _set(container, key, value))


def _move(document: Any, operation: Operation) -> Any:
    source = _pointer(operation, "from")
    value = _find(document, source)
    document = _rewrite(document, source, _delete)
    return _rewrite(document, _pointer(operation), lambda container, key: _insert(container, key, value))


def _copy(document: Any, operation: Operation) -> Any:
    value = _find(document, _pointer(operation, "from"))
    return _rewrite(document, _pointer(operation), lambda container, key: _insert(container, key, value))


def _test(document: Any, operation: Operation) -> Any:
    path = _pointer(operation)
    value = document if not path and operation.get("path") == "" else _find(document, path)
    if not equal(value, operation.get("value")):
        raise TestFailed(f"testing value {operation.get('path')} failed: test failed")
    return document


_HANDLERS: dict[str, Callable[[Any, Operation], Any]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}


def equal(left: Any, right: Any) -> bool:
    """JSON equality: true is not 1."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(equal, left, right))
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def merge_patch(document: Any, patch: Any) -> Any:
    """RFC 7386 on an object. Raises BadRequest when the patch is no object."""
    if patch is None:
        raise errors.bad_request("Invalid JSON Patch")
    if not isinstance(patch, Mapping):
        kind = gofmt.json_kind(patch)
        target = "Go value of type map[string]interface {}"
        raise errors.bad_request(f"error decoding patch: json: cannot unmarshal {kind} into {target}")
    return merge(document, patch)


def merge(document: Any, patch: Any) -> Any:
    """RFC 7386: null removes, objects merge, everything else replaces."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(document) if isinstance(document, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged
