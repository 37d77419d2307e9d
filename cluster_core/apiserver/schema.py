"""The types of the built-in kinds, from the published schemas and our facts about the Go structs behind them.

Owns the reading of the `kubernetes-validate` package's v1.36 definitions (structure, descriptions, list and merge keys)
and of `data/go_facts.json` (pointers, omitempty, embedding, Go names, enums: what the schemas lack). Types are built on
first use and kept for the life of the process; they never change. Models staging/src/k8s.io/api's struct tags.
"""

from __future__ import annotations

import importlib.util
import pathlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, Literal, NamedTuple, cast

import orjson

from cluster_core.machinery.typed import Field, Type, TypeKind

PUBLISHED = "kubernetes-json-schema/v1.36.0-local/_definitions.json"
META = "io.k8s.apimachinery.pkg.apis.meta.v1."
EXTENSIONS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."
SPECIAL: Mapping[str, tuple[TypeKind, str]] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": ("quantity", ""),
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": ("intstr", ""),
    "io.k8s.apimachinery.pkg.runtime.RawExtension": ("any", ""),
    META + "Time": ("time", ""),
    META + "MicroTime": ("microtime", ""),
    META + "FieldsV1": ("any", ""),
    EXTENSIONS + "JSON": ("any", ""),
    EXTENSIONS + "JSONSchemaPropsOrBool": ("any", "schema-or-bool"),
    EXTENSIONS + "JSONSchemaPropsOrArray": ("any", "schema-or-array"),
    EXTENSIONS + "JSONSchemaPropsOrStringArray": ("any", "schema-or-strings"),
}
"""Types with their own JSON form. The unions of apiextensions are `any` with a format and JSONSchemaProps as element."""
Types = Mapping[str, Type]
NEVER_EMPTY = {"struct", "quantity", "intstr", "time", "microtime"}
"""Kinds that are Go structs, which omitempty does not leave out."""


class GoType(NamedTuple):
    """A Go type as errors print it and as it is underneath: v1.ResourceList, map[v1.ResourceName]resource.Quantity."""

    shown: str
    under: str

    def element(self) -> GoType:
        under = _strip_container(self.under)
        named = not self.shown.startswith(("[]", "map["))
        return GoType(under if named else _strip_container(self.shown), under)


class Fact(NamedTuple):
    """What Go says about one member."""

    go: GoType
    pointer: bool
    required: bool
    omit_zero: bool
    via: str


def _strip_container(go: str) -> str:
    return go[2:] if go.startswith("[]") else go.partition("]")[2]


@cache
def published() -> Mapping[str, Any]:
    """Every published definition by name, as JSON schema. Never changed."""
    spec = importlib.util.find_spec("kubernetes_validate")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("the kubernetes-validate package is not installed")
    text = (pathlib.Path(spec.submodule_search_locations[0]) / PUBLISHED).read_bytes()
    return cast("Mapping[str, Any]", orjson.loads(text)["$defs"])


@cache
def facts() -> Mapping[str, Any]:
    """Our own facts: structs, defaults, enums by schema name, and registered kinds by apiVersion."""
    text = (pathlib.Path(__file__).parent / "data" / "go_facts.json").read_bytes()
    return cast("Mapping[str, Any]", orjson.loads(text))


@cache
def names_by_kind() -> Mapping[tuple[str, str, str], str]:
    """Schema names by (group, version, kind)."""
    return {(kind["group"], kind["version"], kind["kind"]): name for name, kind in _group_version_kinds()}


def _group_version_kinds() -> Iterator[tuple[str, Mapping[str, str]]]:
    for name, body in published().items():
        for kind in body.get("x-kubernetes-group-version-kind", ()):
            yield name, kind


@cache
def registered(api_version: str) -> frozenset[str]:
    """The kinds the real server can decode in this apiVersion, whether it serves them or not."""
    return frozenset(facts()["registered"].get(api_version, ()))


def schema_name(group: str, version: str, kind: str) -> str:
    """The OpenAPI name of a kind. Raises KeyError for one that is not built in."""
    return names_by_kind()[group, version, kind]


def type_of(group: str, version: str, kind: str) -> Type:
    """The type of a built-in kind. Raises KeyError."""
    return definition(schema_name(group, version, kind))


def definition(name: str) -> Type:
    """The type behind an OpenAPI name such as io.k8s.api.core.v1.Container. Raises KeyError."""
    return definitions()[name]


@cache
def definitions() -> Mapping[str, Type]:
    """All built-in types by OpenAPI name; all at once (20 ms), because they refer to each other in circles."""
    types = {name: _blank(name) for name in published()}
    for name, type in types.items():
        if type.format.startswith("schema-or-"):
            type.element = types[EXTENSIONS + "JSONSchemaProps"]
        elif type.kind == "struct":
            properties = published()[name].get("properties", {})
            type.fields.update({key: _field(types, (name, key), prop) for key, prop in properties.items()})
    return types


def _blank(name: str) -> Type:
    kind, format = SPECIAL.get(name, ("struct", ""))
    atomic = kind == "any" or published()[name].get("x-kubernetes-map-type") == "atomic"
    map_type: Literal["granular", "atomic"] = "atomic" if atomic else "granular"
    return Type(kind, go=go_name(name), schema_name=name, format=format, map_type=map_type)


def declared(type: Type) -> Mapping[str, int]:
    """The members of a built-in struct with their places in the Go type; {} for other types."""
    if "declared" not in type.derived:
        names = facts()["structs"].get(type.schema_name, {})
        type.derived["declared"] = {name: place for place, name in enumerate(names)}
    found: Mapping[str, int] = type.derived["declared"]
    return found


def go_name(name: str) -> str:
    """How Go prints a struct: its package's last element and its name."""
    return ".".join(name.split(".")[-2:])


def _field(types: Types, place: tuple[str, str], prop: Mapping[str, Any]) -> Field:
    fact = _fact(*place)
    type = _type(types, prop, fact.go)
    _apply_key_defaults(type, prop)
    structural = type.kind in NEVER_EMPTY or type.kind == "any"
    always = not fact.pointer and structural and not fact.omit_zero
    strategy = prop.get("x-kubernetes-patch-strategy", "")
    return Field(
        type,
        omit_zero=not (fact.pointer or fact.required or always),
        always=fact.required or always,
        pointer=fact.pointer,
        via=fact.via,
        merge_key=prop.get("x-kubernetes-patch-merge-key", ""),
        patch_strategy=tuple(strategy.split(",")) if strategy else (),
        description=prop.get("description", ""),
    )


def _fact(name: str, key: str) -> Fact:
    code = facts()["structs"].get(name, {}).get(key)
    if code is None:
        return _guess(name, key)
    text, _, via = code.lstrip("!~").partition("@")
    pointer = text.startswith("*")
    shown, _, under = text.lstrip("*").partition("=")
    return Fact(GoType(shown, under or shown), pointer, code[0] == "!", code[0] == "~", via)


def _guess(name: str, key: str) -> Fact:
    """For the few published structs without a Go source here: what the schema alone suggests."""
    return Fact(GoType("", ""), False, key in published()[name].get("required", ()), False, "")


def _type(types: Types, prop: Mapping[str, Any], go: GoType) -> Type:
    reference = prop.get("$ref")
    if reference is not None:
        found = types[reference.rpartition("/")[2]]
        # One member may be owned in parts where its type is owned as a whole: the claimRef of a volume.
        return replace(found, map_type="granular", derived={}) if prop.get("x-kubernetes-map-type") == "granular" else found
    declared = prop.get("type")
    kind = next((word for word in declared if word != "null"), "") if isinstance(declared, list) else declared
    if kind == "array":
        return _list(types, prop, go)
    if kind == "object":
        return _map(types, prop, go)
    return _scalar(str(kind), prop.get("format", ""), go)


def _list(types: Types, prop: Mapping[str, Any], go: GoType) -> Type:
    return Type(
        "list",
        go=go.shown,
        element=_type(types, prop["items"], go.element()),
        list_type=cast("Literal['atomic', 'set', 'map']", prop.get("x-kubernetes-list-type", "atomic")),
        list_keys=tuple(prop.get("x-kubernetes-list-map-keys", ())),
    )


def _map(types: Types, prop: Mapping[str, Any], go: GoType) -> Type:
    if "additionalProperties" not in prop:
        return Type("any", go=go.shown, preserve_unknown=True)
    element = _type(types, prop["additionalProperties"], go.element())
    map_type = cast("Literal['granular', 'atomic']", prop.get("x-kubernetes-map-type", "granular"))
    return Type("map", go=go.shown, element=element, map_type=map_type)


def _scalar(kind: str, format: str, go: GoType) -> Type:
    if kind == "string" and format == "byte":
        return Type("bytes", go=go.shown or "[]uint8", format=format)
    if kind in ("string", "integer", "number", "boolean"):
        shown = go.shown or {"integer": format or "int64", "number": "float64", "boolean": "bool"}.get(kind, kind)
        return Type(cast("TypeKind", kind), go=shown, format=format)
    return Type("any", go=go.shown)


def _apply_key_defaults(type: Type, prop: Mapping[str, Any]) -> None:
    """Defaults of the keys of a list map, such as protocol=TCP for ports."""
    if type.kind != "list" or not type.list_keys:
        return
    name = prop["items"].get("$ref", "").rpartition("/")[2]
    known = facts()["defaults"].get(name, {})
    type.key_defaults = {key: known[key] for key in type.list_keys if key in known}
