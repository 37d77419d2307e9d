"""Schemas as CEL types, so that rules are checked against them when a CustomResourceDefinition is written.

Models apiserver/pkg/cel/common (SchemaDeclType): objects become messages of which only the declared fields can be
selected. Only checking uses them; rules run on plain values (`rules`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cel_expr_python import cel
from google.protobuf import descriptor_pb2, descriptor_pool, duration_pb2, struct_pb2, timestamp_pb2

from cluster_core.apiserver.customresources.structure import EMBEDDED, INT_OR_STRING, PRESERVE, Schema
from cluster_core.machinery import cel_functions
from cluster_core.machinery.cel import LIBRARIES, CelError, compile_message

_PACKAGE = "custom"
_WELL_KNOWN = (timestamp_pb2, duration_pb2, struct_pb2)
_Proto = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "integer": _Proto.TYPE_INT64,
    "number": _Proto.TYPE_DOUBLE,
    "boolean": _Proto.TYPE_BOOL,
    "string": _Proto.TYPE_STRING,
}
_FORMATS = {
    "date": ".google.protobuf.Timestamp",
    "date-time": ".google.protobuf.Timestamp",
    "duration": ".google.protobuf.Duration",
}
_VALUE = ".google.protobuf.Value"
_RESERVED = frozenset(
    ["true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let",
     "loop", "package", "namespace", "return", "var", "void", "while"]
)  # fmt: skip
_TYPES = {"integer": cel.Type.INT, "number": cel.Type.DOUBLE, "boolean": cel.Type.BOOL, "string": cel.Type.STRING}
_FORMAT_TYPES = {
    "date": cel.Type.TIMESTAMP,
    "date-time": cel.Type.TIMESTAMP,
    "duration": cel.Type.DURATION,
    "byte": cel.Type.BYTES,
}


def escaped(name: str) -> str:
    """The name of a property as rules write it; "" for one they cannot reach."""
    if name in _RESERVED:
        return f"__{name}__"
    text = name.replace("__", "__underscores__").replace(".", "__dot__").replace("-", "__dash__").replace("/", "__slash__")
    return text if re.fullmatch(r"[A-Za-z_]\w*", text, re.ASCII) else ""


class Checker:
    """Checks expressions about values of one schema."""

    def __init__(self, schema: Schema, root: bool) -> None:
        self._file = descriptor_pb2.FileDescriptorProto(name="self.proto", package=_PACKAGE, syntax="proto3")
        self._file.dependency.extend(each.DESCRIPTOR.name for each in _WELL_KNOWN)
        type = self._type(_whole(schema) if root else schema)
        pool = descriptor_pool.DescriptorPool()
        for each in _WELL_KNOWN:
            pool.AddSerializedFile(each.DESCRIPTOR.serialized_pb)
        pool.AddSerializedFile(self._file.SerializeToString())
        self._pool, self._self = pool, type
        self._environments: dict[bool, Any] = {}

    def result_type(self, source: str, *, optional_old: bool = False) -> str:
        """The type of the expression's value: "bool", "string", "dyn"... Raises CelError with cel-go's words."""
        try:
            return str(self._environment(optional_old).compile(source).return_type().name()).lower()
        except RuntimeError as error:
            text = re.sub(r"(undefined field '[^']*') not found in struct '[^']*'", r"\1", str(error))
            raise CelError(compile_message(text, source)) from None

    def _environment(self, optional_old: bool) -> Any:
        found = self._environments.get(optional_old)
        if found is None:
            variables = {"self": self._self, "oldSelf": cel.Type.DYN if optional_old else self._self}
            extensions = [cel.CelExtension("kubernetes", cel_functions.declarations())]
            config = cel.NewEnvConfigFromYaml(LIBRARIES)
            found = cel.NewEnv(self._pool, config=config, variables=variables, extensions=extensions)
            self._environments[optional_old] = found
        return found

    # -------------------------------------------------------------------------------------------- types

    def _type(self, schema: Schema) -> Any:
        kind, format = schema.get("type", ""), schema.get("format", "")
        if schema.get(INT_OR_STRING):
            return cel.Type.DYN
        if kind == "string" and format in _FORMAT_TYPES:
            return _FORMAT_TYPES[format]
        if kind in _TYPES:
            return _TYPES[kind]
        if kind == "array" and schema.get("items"):
            return cel.Type.List(self._type(schema["items"]))
        if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
            return cel.Type.Map(cel.Type.STRING, self._type(schema["additionalProperties"]))
        if kind == "object" and (schema.get("properties") or not schema.get(PRESERVE)):
            return cel.Type(f"{_PACKAGE}.{self._message(schema)}")
        return cel.Type.DYN

    def _message(self, schema: Schema) -> str:
        name = f"Object{len(self._file.message_type)}"
        message = self._file.message_type.add(name=name)
        properties = _whole(schema)["properties"] if schema.get(EMBEDDED) else schema.get("properties", {})
        for number, (key, inner) in enumerate(sorted(properties.items()), 1):
            if escaped(key):
                self._field(message, message.field.add(name=escaped(key), number=number, json_name=f"j{number}"), inner)
        return name

    def _field(self, message: Any, field: Any, schema: Schema) -> None:
        field.label = _Proto.LABEL_OPTIONAL
        kind, additional = schema.get("type", ""), schema.get("additionalProperties")
        if kind == "array" and isinstance(schema.get("items"), Mapping):
            field.label = _Proto.LABEL_REPEATED
            self._single(field, schema["items"])
        elif kind == "object" and isinstance(additional, Mapping):
            field.label, field.type = _Proto.LABEL_REPEATED, _Proto.TYPE_MESSAGE
            field.type_name = self._entry(message, field.name, additional)
        else:
            self._single(field, schema)

    def _entry(self, message: Any, field: str, schema: Schema) -> str:
        """The message that stands for a map, named as protoc would."""
        name = re.sub("(?:^|_+)(.?)", lambda match: match[1].upper(), field) + "Entry"
        entry = message.nested_type.add(name=name)
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, label=_Proto.LABEL_OPTIONAL, type=_Proto.TYPE_STRING)
        self._single(entry.field.add(name="value", number=2, label=_Proto.LABEL_OPTIONAL), schema)
        return f".{_PACKAGE}.{message.name}.{name}"

    def _single(self, field: Any, schema: Schema) -> None:
        kind, format = schema.get("type", ""), schema.get("format", "")
        if kind in _SCALARS and not schema.get(INT_OR_STRING) and format not in _FORMATS:
            field.type = _Proto.TYPE_BYTES if format == "byte" and kind == "string" else _SCALARS[kind]
            return
        field.type, field.type_name = _Proto.TYPE_MESSAGE, _FORMATS.get(format, _VALUE)
        plain = not isinstance(schema.get("additionalProperties"), Mapping)
        if kind == "object" and plain and (schema.get("properties") or not schema.get(PRESERVE)):
            field.type_name = f".{_PACKAGE}.{self._message(schema)}"


def _whole(schema: Schema) -> Schema:
    """The schema with what every resource has."""
    text = {"type": "string"}
    meta = {"type": "object", "properties": {"name": text, "generateName": text}}
    declared = schema.get("properties", {})
    return {**schema, "properties": {**declared, "apiVersion": text, "kind": text, "metadata": meta}}
