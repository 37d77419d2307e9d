"""Whether a schema is structural: every field has a type, and nothing is said twice.

Models pkg/apiserver/schema/validation.go of apiextensions-apiserver.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_core.apiserver.customresources import patterns
from cluster_core.machinery.field import Errors, Path, forbidden, invalid, required
from cluster_core.machinery.typed import Obj

_EMPTY = {
    "root": "must not be empty at the root",
    "item": "must not be empty for specified array items",
    "field": "must not be empty for specified object fields",
}
_PRESERVE, _EMBEDDED, _INT = (
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
)
_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
_UNNAMED = {"name", "generateName"}
_FORBIDDEN: Mapping[str, str] = {
    "type": "must be empty to be structural",
    "additionalProperties": "must be undefined to be structural",
    "default": "must be undefined to be structural",
    "title": "must be empty to be structural",
    "description": "must be empty to be structural",
    "nullable": "must be false to be structural",
    _PRESERVE: "must be false to be structural",
    _EMBEDDED: "must be false to be structural",
    _INT: "must be false to be structural",
    "x-kubernetes-list-map-keys": "must be empty to be structural",
    "x-kubernetes-list-type": "must be undefined to be structural",
    "x-kubernetes-map-type": "must be undefined to be structural",
    "x-kubernetes-validations": "must be empty to be structural",
}


def _has_reference(value: Any) -> bool:
    """Whether there is a $ref anywhere: that is refused elsewhere, and such a schema has no structure."""
    if isinstance(value, Mapping):
        return bool(value.get("$ref")) or any(map(_has_reference, value.values()))
    return isinstance(value, list) and any(map(_has_reference, value))


def structural(errors: Errors, path: Path, schema: Obj) -> None:
    """Sorted by what they say, as upstream does."""
    if _has_reference(schema):
        return
    found: Errors = []
    _invariants(found, path, schema, "root")
    _completeness(found, path, schema)
    errors.extend(sorted(found, key=str))


def _invariants(errors: Errors, path: Path, schema: Obj, level: str) -> None:
    kind, items, more = schema.get("type", ""), schema.get("items"), schema.get("additionalProperties")
    if kind == "array" and items is None:
        errors.append(required(path / "items", "must be specified"))
    if isinstance(items, Mapping):
        _invariants(errors, path / "items", items, "item")
    for key, one in (schema.get("properties") or {}).items():
        _invariants(errors, (path / "properties")[key], one, "field")
    if more is not None and level == "root":
        errors.append(forbidden(path / "additionalProperties", "must not be used at the root"))
    if isinstance(more, Mapping):
        _invariants(errors, path / "additionalProperties", more, "field")
    _extensions(errors, path, schema)
    _values(errors, path, schema)
    _type(errors, path, schema, level)
    _metadata(errors, path / "properties", schema, level)


def _extensions(errors: Errors, path: Path, schema: Obj) -> None:
    for key in (_PRESERVE, _EMBEDDED):
        if schema.get(_INT) and schema.get(key):
            errors.append(invalid(path / key, True, f"must be false if {_INT} is true"))
    if not schema.get(_EMBEDDED):
        return
    if schema.get("additionalProperties") is not None:
        detail = f"must not be used if {_EMBEDDED} is set"
        errors.append(forbidden(path / "additionalProperties", detail))
    if not schema.get(_PRESERVE) and not schema.get("properties"):
        detail = f"must not be empty if {_EMBEDDED} is true without {_PRESERVE}"
        errors.append(required(path / "properties", detail))


def _type(errors: Errors, path: Path, schema: Obj, level: str) -> None:
    kind = schema.get("type", "")
    if schema.get(_EMBEDDED) and kind != "object":
        detail = f"must be object if {_EMBEDDED} is true"
        errors.append(invalid(path / "type", kind, detail) if kind else required(path / "type", detail))
    elif not kind and not schema.get(_INT) and not schema.get(_PRESERVE):
        errors.append(required(path / "type", _EMPTY[level]))
    if level == "root" and kind and kind != "object":
        errors.append(invalid(path / "type", kind, "must be object at the root"))


def _metadata(errors: Errors, path: Path, schema: Obj, level: str) -> None:
    """kind, apiVersion and metadata mean something where an object is."""
    properties: Mapping[str, Any] = schema.get("properties") or {}
    is_object = level == "root" or bool(schema.get(_EMBEDDED))
    for key, kind in (("kind", "string"), ("apiVersion", "string"), ("metadata", "object")):
        if is_object and key in properties and properties[key].get("type", "") != kind:
            errors.append(invalid(path[key] / "type", properties[key].get("type", ""), f"must be {kind}"))
    if level == "root" and "metadata" in properties:
        found = {key: value for key, value in properties["metadata"].items() if key not in ("type", "default")}
        if set(found.get("properties") or ()) <= _UNNAMED:
            found.pop("properties", None)
        if found:
            detail = "must not specify anything other than name and generateName, but metadata is implicitly specified"
            errors.append(forbidden(path["metadata"], detail))


def _values(errors: Errors, path: Path, schema: Obj) -> None:
    any_of, all_of = schema.get("anyOf") or (), schema.get("allOf") or ()
    if list(any_of) != _INT_OR_STRING:
        for index, one in enumerate(any_of):
            _nested(errors, (path / "anyOf")[index], one)
    for index, one in enumerate(all_of):
        if index or list(one.get("anyOf") or ()) != _INT_OR_STRING:
            _nested(errors, (path / "allOf")[index], one)
    for index, one in enumerate(schema.get("oneOf") or ()):
        _nested(errors, (path / "oneOf")[index], one)
    if schema.get("not") is not None:
        _nested(errors, path / "not", schema["not"])
    complaint = patterns.complaint(schema["pattern"]) if schema.get("pattern") else ""
    if complaint:
        detail = f"must be a valid regular expression, but isn't: {complaint}"
        errors.append(invalid(path / "pattern", schema["pattern"], detail))


def _nested(errors: Errors, path: Path, schema: Obj) -> None:
    """Within allOf, anyOf, oneOf and not: only conditions on values."""
    _values(errors, path, schema)
    if isinstance(schema.get("items"), Mapping):
        _nested(errors, path / "items", schema["items"])
    for key, one in (schema.get("properties") or {}).items():
        _nested(errors, (path / "properties")[key], one)
    for key, detail in _FORBIDDEN.items():
        if schema.get(key) not in (None, "", False, [], ()):
            errors.append(forbidden(path / key, detail))
    if "metadata" in (schema.get("properties") or {}):
        errors.append(forbidden((path / "properties")["metadata"], "must not be specified in a nested context"))


def _completeness(errors: Errors, path: Path, schema: Obj) -> None:
    """What conditions speak of must be declared outside of them."""
    for key in ("allOf", "anyOf", "oneOf"):
        for index, one in enumerate(schema.get(key) or ()):
            _declared(errors, (path / key)[index], one, (schema, path))
    if schema.get("not") is not None:
        _declared(errors, path / "not", schema["not"], (schema, path))
    for key, one in (schema.get("properties") or {}).items():
        _completeness(errors, (path / "properties")[key], one)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), Mapping):
            _completeness(errors, path / key, schema[key])


def _declared(errors: Errors, path: Path, nested: Obj, outer: tuple[Obj, Path]) -> None:
    schema, at = outer
    for key in ("allOf", "anyOf", "oneOf"):
        for index, one in enumerate(nested.get(key) or ()):
            _declared(errors, (path / key)[index], one, outer)
    if isinstance(nested.get("items"), Mapping):
        if isinstance(schema.get("items"), Mapping):
            _declared(errors, path / "items", nested["items"], (schema["items"], at / "items"))
        else:
            errors.append(required(at / "items", f"because it is defined in {path / 'items'}"))
    for key, one in (nested.get("properties") or {}).items():
        if key in (schema.get("properties") or {}):
            inside = (schema["properties"][key], (at / "properties")[key])
            _declared(errors, (path / "properties")[key], one, inside)
        else:
            detail = f"because it is defined in {(path / 'properties')[key]}"
            errors.append(required((at / "properties")[key], detail))
