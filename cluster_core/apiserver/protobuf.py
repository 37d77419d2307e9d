"""Kubernetes' protobuf bodies as JSON: kubectl's typed clients send them.

Reads the envelope of apimachinery/pkg/runtime/serializer/protobuf and the wire format by the field numbers in
`data/protobuf.json`. Answers are always JSON, which such clients accept too.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from cluster_core.apiserver import schema
from cluster_core.apiserver.request import JSON, ApiRequest
from cluster_core.machinery import errors
from cluster_core.machinery.timestamps import SECOND, duration_text, microtime, timestamp

MEDIA = "application/vnd.kubernetes.protobuf"
MAGIC = b"k8s\x00"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_DEPTH = 100
_EMBEDDED = "embedded"
_META = "io.k8s.apimachinery.pkg.apis.meta.v1."
_RENAMED = {"ref": "$ref", "schema": "$schema"}


class Malformed(ValueError):
    """The bytes are no message of this type."""


def as_json(request: ApiRequest) -> ApiRequest:
    """The request with a protobuf body turned into JSON. Raises BadRequest for one that cannot be read."""
    if not request.body.startswith(MAGIC) or request.header("content-type").partition(";")[0].strip() != MEDIA:
        return request
    try:
        body = decode(request.body)
    except (ValueError, OverflowError) as error:
        raise errors.bad_request(f"unable to decode protobuf body: {error}") from error
    return replace(request, body=orjson.dumps(body), headers={**request.headers, "content-type": JSON})


def decode(body: bytes) -> dict[str, Any]:
    """The object in an envelope. Raises Malformed."""
    envelope = {number: value for number, _, value in _fields(body[len(MAGIC) :])}
    meta = {number: value.decode() for number, _, value in _fields(envelope.get(1, b""))}
    api_version, kind = meta.get(1, ""), meta.get(2, "")
    group, _, version = api_version.rpartition("/")
    try:
        name = schema.schema_name(group, version, kind)
    except KeyError as error:
        raise Malformed(f'no kind "{kind}" is registered for version "{api_version}"') from error
    return {"apiVersion": api_version, "kind": kind, **_message(name, envelope.get(2, b""), 0)}


@lru_cache(1)
def _table() -> Mapping[str, Mapping[int, tuple[str, str, str]]]:
    raw = orjson.loads((Path(__file__).parent / "data" / "protobuf.json").read_bytes())
    return {
        name: {int(number): _in_json(name, field, type, how) for number, (field, type, how) in fields.items()}
        for name, fields in raw.items()
    }


def _in_json(message: str, field: str, type: str, how: str) -> tuple[str, str, str]:
    """The field as the published schema has it: embedded structures have no name there, some names other capitals."""
    properties = schema.published().get(message, {}).get("properties", {})
    name = _json_name(field)
    if name in properties or not properties:
        return name, type, how
    if how == "" and type not in _SCALARS:
        return name, type, _EMBEDDED
    return next((known for known in properties if known.lower() == name.lower()), name), type, how


def _json_name(name: str) -> str:
    """The JSON name of a proto field: they differ for the extensions of schemas."""
    if not name.startswith("xKubernetes"):
        return name
    words = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name[1:])
    return "x" + words


# ------------------------------------------------------------------------------------------------ the wire


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Malformed("bad varint")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _fields(data: bytes) -> Iterator[tuple[int, int, Any]]:
    """(field number, wire type, value): an int, or bytes."""
    at = 0
    if not isinstance(data, bytes):
        raise Malformed("wrong wireType")
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value: Any
            value, at = _varint(data, at)
        else:
            size, at = _size(data, at, wire)
            value, at = data[at : at + size], at + size
            if at > len(data):
                raise Malformed("unexpected EOF")
        yield number, wire, value


def _size(data: bytes, at: int, wire: int) -> tuple[int, int]:
    if wire == _BYTES:
        return _varint(data, at)
    if wire in (_FIXED32, _FIXED64):
        return (4 if wire == _FIXED32 else 8), at
    raise Malformed(f"illegal wireType {wire}")


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


# ------------------------------------------------------------------------------------------------ values


def _message(name: str, data: bytes, depth: int) -> dict[str, Any]:
    if depth > _MAX_DEPTH:
        raise Malformed("nested too deep")
    known = _table().get(name)
    if known is None:
        raise Malformed(f"unknown message {name}")
    found: dict[str, Any] = {}
    for number, _, value in _fields(data):
        if number not in known:
            continue
        field, type, how = known[number]
        field = _RENAMED.get(field, field) if name.endswith(".JSONSchemaProps") else field
        _put(found, field, how, _entry(type, value, depth) if how == "{}" else _value(type, value, depth))
    return found


def _put(found: dict[str, Any], field: str, how: str, value: Any) -> None:
    if how == "[]":
        found.setdefault(field, []).append(value)
    elif how == "{}":
        found.setdefault(field, {}).update([value])
    elif how == _EMBEDDED:
        found.update(value)
    elif value is not None:
        found[field] = value


def _entry(type: str, data: bytes, depth: int) -> tuple[str, Any]:
    """A map's entry: key in field 1, value in field 2."""
    parts = {number: value for number, _, value in _fields(data)}
    if not isinstance(parts.get(1, b""), bytes):
        raise Malformed("wrong wireType for a map's key")
    empty: Any = 0 if type in _NUMBERS else b""
    return parts.get(1, b"").decode(), _value(type, parts.get(2, empty), depth)


def _value(type: str, value: Any, depth: int) -> Any:
    scalar = _SCALARS.get(type)
    if scalar is not None:
        if isinstance(value, int) != (type in _NUMBERS) or (type == "double" and len(value) != 8):
            raise Malformed(f"wrong wireType for a {type}")
        return scalar(value)
    special = _SPECIAL.get(type)
    if special is not None:
        try:
            return special({number: part for number, _, part in _fields(value)})
        except (AttributeError, TypeError) as error:
            raise Malformed(f"wrong wireType in a {type}") from error
    name = type.rpartition(".")[2]
    if name in _LISTS:
        return [part.decode() for _, _, part in _fields(value)]
    found = _message(type, value, depth + 1)
    return _CHOICES[name](found) if name in _CHOICES else found


def _double(value: bytes) -> float:
    return float(struct.unpack("<d", value)[0])


def _microseconds(parts: dict[int, Any]) -> int:
    seconds, nanoseconds = _signed(parts.get(1, 0)), int(parts.get(2, 0))
    return seconds * SECOND + nanoseconds // 1000


def _int_or_string(parts: dict[int, Any]) -> int | str:
    return str(parts.get(3, b"").decode()) if parts.get(1) else _signed(parts.get(2, 0))


def _json(parts: dict[int, Any]) -> Any:
    return orjson.loads(parts[1]) if parts.get(1) else None


_NUMBERS = frozenset({"int32", "int64", "bool"})
_LISTS = frozenset({"ExtraValue", "Verbs"})
"""Messages that stand for a list of strings."""
_CHOICES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "JSONSchemaPropsOrBool": lambda found: found.get("schema", found.get("allows", False)),
    "JSONSchemaPropsOrArray": lambda found: found.get("schema", found.get("jSONSchemas")),
    "JSONSchemaPropsOrStringArray": lambda found: found.get("schema", found.get("property")),
}
"""Messages that stand for one of their members."""
_SCALARS: dict[str, Callable[[Any], Any]] = {
    "string": lambda value: value.decode(),
    "bytes": lambda value: base64.b64encode(value).decode(),
    "int32": _signed,
    "int64": _signed,
    "bool": bool,
    "double": _double,
}
_SPECIAL: dict[str, Callable[[dict[int, Any]], Any]] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": lambda parts: parts.get(1, b"0").decode(),
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": _int_or_string,
    _META + "Time": lambda parts: timestamp(_microseconds(parts)) if parts else None,
    _META + "MicroTime": lambda parts: microtime(_microseconds(parts)) if parts else None,
    _META + "Duration": lambda parts: duration_text(_signed(parts.get(1, 0)) // 1000),
    _META + "FieldsV1": _json,
    "io.k8s.apimachinery.pkg.runtime.RawExtension": _json,
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON": _json,
}
