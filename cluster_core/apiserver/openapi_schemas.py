"""The schemas of the OpenAPI documents, version 3 and version 2, from the published definitions and our Go facts.

Models kube-openapi's builders: references wrapped in allOf, zero defaults of members that are always written, enums.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from cluster_core.apiserver import openapi_customs, schema

Json = dict[str, Any]
V3, V2 = "#/components/schemas/", "#/definitions/"
_COPIED = ("description", "format", "required", "oneOf")
_INT_OR_STRING = {"oneOf": [{"type": "integer"}, {"type": "string"}], "format": "int-or-string"}
_QUANTITY = {"oneOf": [{"type": "string"}, {"type": "number"}]}
_LEAVES: Mapping[str, Json] = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": _INT_OR_STRING,
    "io.k8s.apimachinery.pkg.api.resource.Quantity": _QUANTITY,
}
_LEAVES_V2: Mapping[str, Json] = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": "string", "format": "int-or-string"},
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": "string"},
}
_ZEROS: Mapping[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False}


@cache
def component(name: str, prefix: str = V3) -> Json:
    """One definition as it stands in a document whose references begin with `prefix`. Raises KeyError."""
    body = schema.published()[name]
    leaves = _LEAVES if prefix == V3 else _LEAVES_V2
    if name in leaves:
        return {**({"description": body["description"]} if "description" in body else {}), **leaves[name]}
    out = _plain(body)
    if "properties" in body:
        out["properties"] = {key: _member(name, key, prop, prefix) for key, prop in body["properties"].items()}
    return out


def _plain(prop: Mapping[str, Any]) -> Json:
    """A schema without what only the published package adds: null types, fixed kinds."""
    out = {key: prop[key] for key in _COPIED if key in prop}
    out.update({key: value for key, value in prop.items() if key.startswith("x-kubernetes-")})
    kind = _type(prop)
    return {**out, "type": kind} if kind else out


def _type(prop: Mapping[str, Any]) -> str:
    declared = prop.get("type", "")
    return next((word for word in declared if word != "null"), "") if isinstance(declared, list) else declared


def _member(name: str, key: str, prop: Mapping[str, Any], prefix: str) -> Json:
    out = _value(prop, prefix)
    code = str(schema.facts()["structs"].get(name, {}).get(key, "*"))
    pointer = code.lstrip("!~").startswith("*")
    if "$ref" in prop and not pointer and _is_struct(prop["$ref"]):
        out["default"] = {}
    elif code.startswith("!") and not pointer and _type(prop) in _ZEROS and prop.get("format") != "byte":
        out["default"] = _ZEROS[_type(prop)]
    elif "$ref" in prop and prefix == V3 and "description" not in out:
        return {"$ref": prefix + prop["$ref"].rpartition("/")[2]}
    explicit = schema.facts()["defaults"].get(name, {})
    if key in explicit:
        out["default"] = explicit[key]
    return _with_enums(out, schema.facts()["enums"].get(name, {}), key)


def _with_enums(out: Json, known: Mapping[str, Any], key: str) -> Json:
    """The values a member, or the elements of a list or map, may take, also told in its description."""
    if key in known:
        return {**out, "enum": known[key], "description": _described(out, known[key])}
    values = known.get(f"{key}[]")
    for inner in ("items", "additionalProperties"):
        if values and inner in out:
            out = {**out, inner: {**out[inner], "enum": values}}
    return out


def _described(out: Json, values: Iterable[str]) -> str:
    listed = "".join(f'\n - `"{value}"`' for value in values)
    return f"{out.get('description', '')}\n\nPossible enum values:{listed}".lstrip("\n")


def _is_struct(reference: str) -> bool:
    kind, _ = schema.SPECIAL.get(reference.rpartition("/")[2], ("struct", ""))
    return kind == "struct"


def _value(prop: Mapping[str, Any], prefix: str) -> Json:
    if "$ref" in prop:
        target: Json = {"$ref": prefix + prop["$ref"].rpartition("/")[2]}
        return {**_plain(prop), **target} if prefix == V2 else {**_plain(prop), "allOf": [target]}
    out = _plain(prop)
    if "items" in prop:
        out["items"] = _element(prop["items"], prefix)
    if "additionalProperties" in prop:
        out["additionalProperties"] = _element(prop["additionalProperties"], prefix)
    return out


def _element(prop: Mapping[str, Any], prefix: str) -> Json:
    out = _value(prop, prefix)
    if "$ref" in prop and prefix == V3:
        return (
            {"default": {}, **out} if _is_struct(prop["$ref"]) else {"$ref": prefix + prop["$ref"].rpartition("/")[2]}
        )
    zero = _ZEROS.get(_type(prop)) if prefix == V3 and prop.get("format") != "byte" else None
    return out if zero is None else {**out, "default": zero}


def closure(names: Iterable[str]) -> list[str]:
    """The definitions these refer to, themselves included, in order of name."""
    seen: set[str] = set()
    pending = [name for name in names if name in schema.published()]
    while pending:
        name = pending.pop()
        if name not in seen:
            seen.add(name)
            pending.extend(_references(schema.published()[name]))
    return sorted(seen)


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].rpartition("/")[2]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def custom(definition: Mapping[str, Any], gvk: Json, prefix: str = V3) -> Json:
    """The component of a custom resource from its CustomResourceDefinition's schema."""
    if prefix == V2 and openapi_customs.takes_anything(definition):
        return {"type": "object", "x-kubernetes-group-version-kind": [gvk]}
    definition = openapi_customs.simple(definition) if prefix == V2 else definition
    published = schema.published()["io.k8s.api.core.v1.ConfigMap"]["properties"]
    reference = {"$ref": prefix + schema.META + "ObjectMeta"}
    properties = {
        **definition.get("properties", {}),
        "apiVersion": {"type": "string", "description": published["apiVersion"]["description"]},
        "kind": {"type": "string", "description": published["kind"]["description"]},
        "metadata": {"description": published["metadata"]["description"], **({"allOf": [reference]} if prefix == V3 else reference)},
    }
    return {"type": "object", **definition, "properties": properties, "x-kubernetes-group-version-kind": [gvk]}


def custom_list(reference: str, gvk: Json, prefix: str = V3) -> Json:
    """The component of a custom resource's list."""
    list_meta = {"$ref": prefix + schema.META + "ListMeta"}
    properties = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"allOf": [list_meta]} if prefix == V3 else list_meta,
        "items": {"type": "array", "items": {"$ref": reference}},
    }
    marker = {**gvk, "kind": gvk["kind"] + "List"}
    body = {"type": "object", "required": ["items"], "properties": properties}
    return {**body, "x-kubernetes-group-version-kind": [marker]}
