"""What Go says of a plain JSON value that does not fit a type, when it is converted and not decoded.

Models fromUnstructured of apimachinery/pkg/runtime/converter.go: strategic merge patches go that way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    members = ((field.type, value[name]) for name, field in type.fields.items() if name in value)
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
    fits = {"string": ("string",), "boolean": ("bool",), "integer": ("int64",), "number": ("int64", "float64")}
    if type.kind not in fits or kind in fits[type.kind]:
        return ""
    if kind in _CONVERTIBLE.get(type.kind, ()):
        return "" if kind == "float64" and value == int(value) else f"cannot convert {kind} to {type.go or type.kind}"
    return f"unrecognized type: {_go_type(type)}"


def _go_type(type: Type) -> str:
    return {"boolean": "bool", "integer": type.format or "int64", "number": "float64"}.get(type.kind, type.kind)


def in_struct_order(obj: Obj, metadata_touched: bool) -> Obj:
    """The object as Go's encoder orders it where a patch left it alone: what was touched is sorted."""
    found: dict[str, Any] = _sorted(obj)
    metadata = obj.get("metadata")
    if isinstance(metadata, Mapping):
        order = sorted(metadata) if metadata_touched else sorted(metadata, key=_rank)
        found["metadata"] = {key: found["metadata"][key] for key in order}
        if metadata.get("managedFields"):
            entries = [{key: each[key] for key in _ENTRY if key in each} for each in found["metadata"]["managedFields"]]
            found["metadata"]["managedFields"] = entries
    return found


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(each) for each in value] if isinstance(value, list) else value


_ENTRY = ("manager", "operation", "apiVersion", "time", "fieldsType", "fieldsV1", "subresource")
_ORDER = (
    "name",
    "generateName",
    "namespace",
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "managedFields",
)


def _rank(key: str) -> int:
    return _ORDER.index(key) if key in _ORDER else len(_ORDER)
