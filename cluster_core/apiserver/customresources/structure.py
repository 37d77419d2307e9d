"""Schemas of custom resources: as field types, pruned to, and with their defaults.

Models apiextensions-apiserver/pkg/apiserver/schema: structural schemas, pruning and defaulting. Schemas are the JSON of
spec.versions[*].schema.openAPIV3Schema, never changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

from cluster_core.apiserver import schema as builtin
from cluster_core.machinery.field import Errors, required
from cluster_core.machinery.typed import Field, Type, TypeKind

Schema = Mapping[str, Any]
META_FIELDS = ("apiVersion", "kind", "metadata")
PRESERVE = "x-kubernetes-preserve-unknown-fields"
EMBEDDED = "x-kubernetes-embedded-resource"
INT_OR_STRING = "x-kubernetes-int-or-string"
_SCALARS: dict[str, TypeKind] = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean"}


# ------------------------------------------------------------------------------------------------ types


def type_of(schema: Schema) -> Type:
    """The type of a whole custom resource. It has no schema name: see `decode.decode_untyped`."""
    found = _type(schema)
    root = Type("struct", preserve_unknown=found.preserve_unknown, fields=dict(found.fields))
    text = Type("string", go="string")
    meta = builtin.definition(builtin.META + "ObjectMeta")
    root.fields.update(apiVersion=Field(text), kind=Field(text), metadata=Field(meta))
    return root


def _type(schema: Schema) -> Type:
    if schema.get(INT_OR_STRING):
        return Type("any", go="intstr", map_type="atomic")
    kind = schema.get("type", "")
    if kind == "array":
        return _list(schema)
    if kind in _SCALARS:
        return Type(_SCALARS[kind], go=kind)
    return _map(schema)


def _list(schema: Schema) -> Type:
    items = schema.get("items") or {}
    keys = tuple(schema.get("x-kubernetes-list-map-keys", ()))
    properties = items.get("properties", {})
    defaults = {key: properties[key]["default"] for key in keys if "default" in properties.get(key, {})}
    list_type = cast("Literal['atomic', 'set', 'map']", schema.get("x-kubernetes-list-type", "atomic"))
    return Type("list", element=_type(items), list_type=list_type, list_keys=keys, key_defaults=defaults)


def _map(schema: Schema) -> Type:
    preserves = bool(schema.get(PRESERVE))
    map_type = cast("Literal['granular', 'atomic']", schema.get("x-kubernetes-map-type", "granular"))
    fields = {name: Field(_type(inner)) for name, inner in schema.get("properties", {}).items()}
    if schema.get(EMBEDDED):
        meta = builtin.definition(builtin.META + "ObjectMeta")
        fields.setdefault("apiVersion", Field(Type("string")))
        fields.setdefault("kind", Field(Type("string")))
        fields["metadata"] = Field(meta)
    additional = schema.get("additionalProperties")
    if not fields and isinstance(additional, Mapping):
        return Type("map", element=_type(additional), map_type=map_type)
    if not fields and (preserves or additional or "type" not in schema):
        return Type("any", map_type=map_type, preserve_unknown=True)
    return Type("struct", fields=fields, map_type=map_type, preserve_unknown=preserves)


# ------------------------------------------------------------------------------------------------ pruning


def prune(obj: Mapping[str, Any], schema: Schema) -> tuple[dict[str, Any], list[str]]:
    """The resource without what its schema does not know, and the paths of that, sorted."""
    unknown: list[str] = []
    pruned = _prune({**obj}, {**schema, EMBEDDED: True}, "", unknown)
    return pruned, sorted(unknown)


def pruned_default(value: Any, schema: Schema) -> Any:
    """A default value without what its own schema does not know."""
    return _prune(value, schema, "", [])


def _prune(value: Any, schema: Schema | None, path: str, unknown: list[str]) -> Any:
    if isinstance(value, Mapping):
        keep = schema is not None and bool(schema.get(PRESERVE))
        return _prune_members(value, schema or {}, (path, unknown), keep)
    if isinstance(value, list):
        items = (schema or {}).get("items")
        if items is None and schema is not None and schema.get(PRESERVE):
            return value
        return [_prune(each, items, f"{path}[{index}]", unknown) for index, each in enumerate(value)]
    return value


def _prune_members(value: Mapping[str, Any], schema: Schema, where: tuple[str, list[str]], keep: bool) -> Any:
    path, unknown = where
    properties, additional = schema.get("properties", {}), schema.get("additionalProperties")
    kept: dict[str, Any] = {}
    for name, member in value.items():
        at = f"{path}.{name}" if path else name
        if schema.get(EMBEDDED) and name in META_FIELDS:
            kept[name] = member
        elif name in properties:
            kept[name] = _prune(member, properties[name], at, unknown)
        elif additional is not None and additional is not False:
            kept[name] = _prune(member, additional, at, unknown) if isinstance(additional, Mapping) else member
        elif keep:
            kept[name] = member
        elif path or name not in META_FIELDS:
            unknown.append(at)
    return kept


def without_nulls(value: Any, schema: Schema | None) -> Any:
    """The value without nulls that may not be and have no default."""
    if schema is None:
        return value
    if isinstance(value, Mapping):
        properties, additional = schema.get("properties", {}), schema.get("additionalProperties")
        rest = additional if isinstance(additional, Mapping) else None
        inner = {name: properties.get(name, rest) for name in value}
        return {
            name: without_nulls(member, inner[name])
            for name, member in value.items()
            if not (member is None and _may_not_be_null(inner[name]) and "default" not in inner[name])
        }
    if isinstance(value, list):
        return [without_nulls(each, schema.get("items")) for each in value]
    return value


def _may_not_be_null(schema: Schema | None) -> bool:
    return schema is not None and not schema.get("nullable")


# ------------------------------------------------------------------------------------------------ defaults


def default(value: Any, schema: Schema | None) -> Any:
    """The value with the schema's defaults filled in; the very same when there are none to fill in."""
    if schema is None:
        return value
    if isinstance(value, Mapping):
        return _default_members(value, schema)
    if isinstance(value, list) and schema.get("items"):
        items = schema["items"]
        found = [default(_in_place_of_null(each, items), items) for each in value]
        return value if all(new is old for new, old in zip(found, value, strict=True)) else found
    return value


def _default_members(value: Mapping[str, Any], schema: Schema) -> Any:
    properties, additional = schema.get("properties", {}), schema.get("additionalProperties")
    changed: dict[str, Any] = {}
    for name, inner in properties.items():
        if "default" in inner and (name not in value or (value[name] is None and _may_not_be_null(inner))):
            changed[name] = inner["default"]
    rest = additional if isinstance(additional, Mapping) else None
    for name, member in {**value, **changed}.items():
        inner = properties.get(name, rest)
        if inner is None:
            continue
        filled = default(_in_place_of_null(member, inner) if name not in properties else member, inner)
        if filled is not member:
            changed[name] = filled
    return {**value, **changed} if changed else value


def _in_place_of_null(value: Any, schema: Schema) -> Any:
    return schema.get("default") if value is None and _may_not_be_null(schema) else value


# ------------------------------------------------------------------------------------------------ resources inside


def embedded_problems(value: Any, schema: Schema, path: str = "") -> Errors:
    """A resource inside says what it is."""
    if isinstance(value, list):
        items = schema.get("items") or {}
        return [each for index, item in enumerate(value) for each in embedded_problems(item, items, f"{path}[{index}]")]
    if not isinstance(value, Mapping):
        return []
    errors: Errors = []
    if path and schema.get(EMBEDDED):
        errors += [required(f"{path}.{key}") for key in ("apiVersion", "kind") if not value.get(key)]
    properties, additional = schema.get("properties") or {}, schema.get("additionalProperties")
    for key, member in value.items():
        inner = properties.get(key, additional if isinstance(additional, Mapping) else None)
        if inner:
            errors += embedded_problems(member, inner, f"{path}.{key}" if path else key)
    return errors
