"""What a field is made of: the one type description that decoding, patching, apply and OpenAPI share.

Built once per process from the published schemas (`apiserver.schema`) and from CustomResourceDefinitions. A `Type` is
immutable once built; recursion (JSONSchemaProps) works because fields point at other `Type` objects.
Models the `x-kubernetes-*` extensions of the OpenAPI documents and the Go type's zero-value behaviour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Obj = Mapping[str, Any]
"""A JSON object. Never changed in place: make a new one by path-copy, `{**old, "spec": spec}`."""

TypeKind = Literal[
    "struct",  # named fields
    "map",  # string keys, `element` values
    "list",  # `element` items
    "string",
    "bytes",  # base64 text
    "integer",  # `format` int32 or int64
    "number",
    "boolean",
    "quantity",
    "intstr",
    "time",  # RFC 3339, whole seconds
    "microtime",
    "any",  # whatever JSON: RawExtension, preserveUnknownFields
]


@dataclass(slots=True)
class Field:
    """One named member of a struct."""

    type: Type
    omit_zero: bool = True
    """Go's `omitempty` on a non-pointer: the zero value ("" 0 false, empty list or map) is not written back."""
    always: bool = False
    """No `omitempty`: written even when absent in the request (`resources: {}`, `status: {}`)."""
    pointer: bool = False
    """A Go pointer: absent and zero differ; the zero of one that is `always` written is null."""
    via: str = ""
    """Embedded Go structs on the way to it, as decoding errors name them: "VolumeSource"."""
    merge_key: str = ""
    """patchMergeKey of a list, for strategic merge patch."""
    patch_strategy: tuple[str, ...] = ()
    """patchStrategy: any of "merge", "replace", "retainKeys"."""
    description: str = ""


@dataclass(slots=True)
class Type:
    """The type of a value. `go` is the name Go's decoder would print: "v1.Container", "int32", "[]v1.Container"."""

    kind: TypeKind
    go: str = ""
    schema_name: str = ""
    """Name in the OpenAPI document, such as io.k8s.api.core.v1.Container; empty for anonymous types."""
    fields: dict[str, Field] = field(default_factory=dict)
    element: Type | None = None
    list_type: Literal["atomic", "set", "map"] = "atomic"
    list_keys: tuple[str, ...] = ()
    map_type: Literal["granular", "atomic"] = "granular"
    key_defaults: dict[str, Any] = field(default_factory=dict)
    """Defaults of list-map keys, such as protocol=TCP for container ports."""
    format: str = ""
    preserve_unknown: bool = False
    derived: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    """What those who walk the type compile from it, by their own key (decoders). Belongs to the type's lifetime."""
