"""Types for tests: a hand-made struct, and a custom resource's schema read as the API server would."""

from __future__ import annotations

from typing import Any

from cluster_core.machinery.typed import Field, Type

STRING = Type("string", go="string")
INTEGER = Type("integer", go="int32")
STRINGS = Type("list", go="[]string", element=STRING)
LABELS = Type("map", go="map[string]string", element=STRING)
OBJECT_META = Type(
    "struct",
    go="v1.ObjectMeta",
    fields={
        **{name: Field(STRING) for name in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")},
        "generation": Field(INTEGER),
        "labels": Field(LABELS),
        "annotations": Field(LABELS),
        "managedFields": Field(Type("list", element=Type("any"))),
    },
)
PORT = Type(
    "struct",
    go="v1.Port",
    fields={"port": Field(INTEGER, always=True), "protocol": Field(STRING), "name": Field(STRING)},
)
PORTS = Type(
    "list",
    element=PORT,
    list_type="map",
    list_keys=("port", "protocol"),
    key_defaults={"protocol": "TCP"},
)
CONTAINER = Type(
    "struct",
    go="v1.Container",
    fields={
        "name": Field(STRING, always=True),
        "image": Field(STRING),
        "args": Field(STRINGS),
        "ports": Field(PORTS, merge_key="port", patch_strategy=("merge",)),
    },
)
CONTAINERS = Type("list", element=CONTAINER, list_type="map", list_keys=("name",))
FINALIZERS = Type("list", element=STRING, list_type="set")
STRATEGY = Type("struct", go="v1.Strategy", fields={"type": Field(STRING), "rolling": Field(LABELS)})
SPEC = Type(
    "struct",
    go="v1.Spec",
    fields={
        "replicas": Field(INTEGER),
        "containers": Field(CONTAINERS, always=True, merge_key="name", patch_strategy=("merge",)),
        "finalizers": Field(FINALIZERS, patch_strategy=("merge",)),
        "strategy": Field(STRATEGY, patch_strategy=("retainKeys",)),
        "selector": Field(Type("map", element=STRING, map_type="atomic")),
        "nested": Field(Type("list", element=STRINGS)),
    },
)
THING = Type(
    "struct",
    go="v1.Thing",
    fields={
        "apiVersion": Field(STRING),
        "kind": Field(STRING),
        "metadata": Field(OBJECT_META, always=True),
        "spec": Field(SPEC, always=True),
        "status": Field(Type("any")),
    },
)


def custom(schema: dict[str, Any]) -> Type:
    """The type of a custom resource with this openAPIV3Schema."""
    type = _of_schema(schema)
    type.fields.update({name: Field(STRING) for name in ("apiVersion", "kind")}, metadata=Field(OBJECT_META))
    return type


def _of_schema(schema: dict[str, Any]) -> Type:
    kind = schema.get("type", "any")
    if kind == "object" and not schema.get("x-kubernetes-preserve-unknown-fields"):
        fields = {name: Field(_of_schema(below)) for name, below in schema.get("properties", {}).items()}
        return Type("struct", fields=fields, map_type=schema.get("x-kubernetes-map-type", "granular"))
    if kind == "array":
        return Type(
            "list",
            element=_of_schema(schema["items"]),
            list_type=schema.get("x-kubernetes-list-type", "atomic"),
            list_keys=tuple(schema.get("x-kubernetes-list-map-keys", ())),
        )
    return Type("any" if kind == "object" else kind)
