"""Values as the API server's internal Go types print: every field, in the struct's order, under its Go name.

Messages about structures ("spec.template: Invalid value: {...}: field is immutable") show such values, and the message
about forbidden pod changes shows the difference of two of them. The facts are in `data/internal_types.json`.
Models encoding/json on pkg/apis/*/types.go and apimachinery/pkg/util/diff.
"""

from __future__ import annotations

import difflib
import json
import pathlib
from collections.abc import Mapping
from functools import cache
from typing import Any

import orjson

_ZEROS: Mapping[str, Any] = {"string": "", "bool": False, "resource.Quantity": "0", "types.UID": ""}
_NUMBERS = ("int", "uint", "float", "byte")
_HOST_FIELDS = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers")
"""Fields of a pod spec that are in its security context internally."""
_SORTED = "map"
_CONTEXT = 3


@cache
def _types() -> Mapping[str, list[list[str]]]:
    text = (pathlib.Path(__file__).parent / "data" / "internal_types.json").read_bytes()
    found: Mapping[str, list[list[str]]] = orjson.loads(text)
    return found


def internal(type: str, value: Any) -> Any:
    """The value as the internal type prints it: `internal("core.PodSpec", pod["spec"])`, `internal("[]core.Taint", ...)`."""
    if type.startswith("*"):
        return None if value is None else internal(type[1:], value)
    if type == "[]byte":
        return value
    if type.startswith("[]"):
        return [internal(type[2:], item) for item in value] if value is not None else None
    if type.startswith(_SORTED):
        return {key: internal(type[len(_SORTED) :], value[key]) for key in sorted(value)} if value is not None else None
    fields = _types().get(type)
    if fields is None:
        return _basic(type, value)
    if type.startswith("metav1."):
        return _tagged(fields, value or {})
    return _struct(type, fields, value or {})


def _basic(type: str, value: Any) -> Any:
    if value is not None:
        return value
    return 0 if type.startswith(_NUMBERS) or type == "intstr.IntOrString" else _ZEROS.get(type)


def _tagged(fields: list[list[str]], value: Mapping[str, Any]) -> dict[str, Any]:
    """Types of apimachinery have their JSON names inside too, and leave out what is empty."""
    return {tag: internal(type, value[tag]) for _, tag, type in fields if value.get(tag)}


def _struct(type: str, fields: list[list[str]], value: Mapping[str, Any]) -> dict[str, Any]:
    if type == "core.PodSpec":
        context = {**(value.get("securityContext") or {}), **{key: value[key] for key in _HOST_FIELDS if key in value}}
        value = {**value, "securityContext": context}
    result: dict[str, Any] = {}
    for name, tag, inner in fields:
        if name:
            result[name] = internal(inner, value.get(tag))
        else:
            own = value.get("metadata") if inner == "metav1.ObjectMeta" else value
            result.update(internal(inner, own))
    return result


def difference(type: str, old: Any, new: Any) -> str:
    """The unified difference of two values, as messages show it."""
    lines = difflib.unified_diff(_lines(type, old), _lines(type, new), n=_CONTEXT)
    return "".join(list(lines)[2:])


def _lines(type: str, value: Any) -> list[str]:
    text = json.dumps(internal(type, value), indent=1, ensure_ascii=False)
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return [line + "\n" for line in text.split("\n")]
