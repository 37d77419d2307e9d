"""Versions of a CustomResourceDefinition as messages show them: the internal Go types, every field in its order.

Models pkg/apis/apiextensions/types.go of apiextensions-apiserver.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cluster_core.machinery.typed import Obj


def internal_versions(versions: Sequence[Obj]) -> list[dict[str, Any]]:
    """Without what all have in common, which is elsewhere internally."""
    return [_version(one) for one in versions] or []


def _version(found: Obj) -> dict[str, Any]:
    schema = (found.get("schema") or {}).get("openAPIV3Schema")
    return {
        "Name": found.get("name", ""),
        "Served": bool(found.get("served")),
        "Storage": bool(found.get("storage")),
        "Deprecated": bool(found.get("deprecated")),
        "DeprecationWarning": found.get("deprecationWarning"),
        "Schema": None if found.get("schema") is None else {"OpenAPIV3Schema": _schema(schema)},
        "Subresources": _subresources(found.get("subresources")),
        "AdditionalPrinterColumns": [_column(one) for one in found.get("additionalPrinterColumns") or ()] or None,
        "SelectableFields": [{"JSONPath": one.get("jsonPath", "")} for one in found.get("selectableFields") or ()]
        or None,
    }


def _subresources(found: Obj | None) -> dict[str, Any] | None:
    if found is None:
        return None
    scale = found.get("scale")
    shown = scale and {
        "SpecReplicasPath": scale.get("specReplicasPath", ""),
        "StatusReplicasPath": scale.get("statusReplicasPath", ""),
        "LabelSelectorPath": scale.get("labelSelectorPath"),
    }
    return {"Status": None if found.get("status") is None else {}, "Scale": shown}


def _column(found: Obj) -> dict[str, Any]:
    return {
        "Name": found.get("name", ""),
        "Type": found.get("type", ""),
        "Format": found.get("format", ""),
        "Description": found.get("description", ""),
        "Priority": found.get("priority", 0),
        "JSONPath": found.get("jsonPath", ""),
    }


_FIELDS: Sequence[tuple[str, str, Any]] = (
    ("ID", "id", ""),
    ("Schema", "$schema", ""),
    ("Ref", "$ref", None),
    ("Description", "description", ""),
    ("Type", "type", ""),
    ("Nullable", "nullable", False),
    ("Format", "format", ""),
    ("Title", "title", ""),
    ("Default", "default", None),
    ("Maximum", "maximum", None),
    ("ExclusiveMaximum", "exclusiveMaximum", False),
    ("Minimum", "minimum", None),
    ("ExclusiveMinimum", "exclusiveMinimum", False),
    ("MaxLength", "maxLength", None),
    ("MinLength", "minLength", None),
    ("Pattern", "pattern", ""),
    ("MaxItems", "maxItems", None),
    ("MinItems", "minItems", None),
    ("UniqueItems", "uniqueItems", False),
    ("MultipleOf", "multipleOf", None),
    ("Enum", "enum", None),
    ("MaxProperties", "maxProperties", None),
    ("MinProperties", "minProperties", None),
    ("Required", "required", None),
    ("Items", "items", None),
    ("AllOf", "allOf", None),
    ("OneOf", "oneOf", None),
    ("AnyOf", "anyOf", None),
    ("Not", "not", None),
    ("Properties", "properties", None),
    ("AdditionalProperties", "additionalProperties", None),
    ("PatternProperties", "patternProperties", None),
    ("Dependencies", "dependencies", None),
    ("AdditionalItems", "additionalItems", None),
    ("Definitions", "definitions", None),
    ("ExternalDocs", "externalDocs", None),
    ("Example", "example", None),
    ("XPreserveUnknownFields", "x-kubernetes-preserve-unknown-fields", None),
    ("XEmbeddedResource", "x-kubernetes-embedded-resource", False),
    ("XIntOrString", "x-kubernetes-int-or-string", False),
    ("XListMapKeys", "x-kubernetes-list-map-keys", None),
    ("XListType", "x-kubernetes-list-type", None),
    ("XMapType", "x-kubernetes-map-type", None),
    ("XValidations", "x-kubernetes-validations", None),
)


def _schema(found: Obj | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {go: _value(key, found.get(key, missing)) for go, key, missing in _FIELDS}


def _value(key: str, value: Any) -> Any:
    if key == "properties" and value is not None:
        return {name: _schema(value[name]) for name in sorted(value)}
    if key in ("allOf", "oneOf", "anyOf") and value is not None:
        return [_schema(one) for one in value]
    if key == "not":
        return _schema(value)
    if key == "items" and value is not None:
        return {"Schema": _schema(value), "JSONSchemas": None}
    if key == "additionalProperties" and value is not None:
        is_flag = isinstance(value, bool)
        return {"Allows": value if is_flag else True, "Schema": None if is_flag else _schema(value)}
    if key == "x-kubernetes-validations" and value is not None:
        return [internal_rule(one) for one in value]
    return value


def internal_rule(found: Obj) -> dict[str, Any]:
    """A rule in CEL, as messages about it show it."""
    return {
        "Rule": found.get("rule", ""),
        "Message": found.get("message", ""),
        "MessageExpression": found.get("messageExpression", ""),
        "Reason": found.get("reason"),
        "FieldPath": found.get("fieldPath", ""),
        "OptionalOldSelf": found.get("optionalOldSelf"),
    }
