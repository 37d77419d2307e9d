"""Request bodies become objects: parsed, checked against their type, and written as Go would write them back.

Owns the decoding errors of the real server. Models apimachinery/pkg/runtime/serializer (which kind a body is, strict
decoding), apiserver/pkg/endpoints/handlers/rest.go (how errors are told) and the JSON round trip of the API types.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from cluster_core.apiserver import decode_yaml, protobuf, schema
from cluster_core.apiserver.decode_exact import DecodeError, Walk, kind_of
from cluster_core.apiserver.decode_fast import Irregular, converter
from cluster_core.apiserver.decode_syntax import JsonError, Pairs, parse, too_deep
from cluster_core.machinery import errors
from cluster_core.machinery import field as field_errors
from cluster_core.machinery.gofmt import quote
from cluster_core.machinery.typed import Obj, Type

__all__ = ["UNTYPED", "DecodeError", "Decoded", "GroupVersionKind", "decode", "normalize", "normalize_strictly"]

Strictness = str
"""fieldValidation: Ignore, Warn or Strict."""
SCHEME = "microshift/deps/github.com/openshift/kubernetes/pkg/api/legacyscheme/scheme.go:30"
"""How the recorded server names its type registry in errors: a build path."""
YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml")
UNTYPED = Type("map", go="map[string]interface {}", element=Type("any", format="interface"))
"""The type of an object without a Go struct: a custom resource."""
_FIND_KIND = r'struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }'
_SUMMARY = 30


def is_yaml(content_type: str) -> bool:
    return content_type.partition(";")[0].strip() in YAML_TYPES


class GroupVersionKind(NamedTuple):
    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


@dataclass(frozen=True, slots=True)
class Decoded:
    """An object, and what strict decoding has against it. `warnings` is filled only for fieldValidation=Warn."""

    obj: dict[str, Any]
    warnings: list[str] = field(default_factory=list)
    strict_errors: list[str] = field(default_factory=list)


_NO_PROTOBUF = "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"


def decode(
    body: bytes, content_type: str, type: Type, *, gvk: tuple[str, str, str], strict: Strictness = "Ignore"
) -> Decoded:
    """The object in a request body for the kind `gvk`; kind and apiVersion are filled in. Raises ApiError (400).
    A type without a schema name, a custom resource's, is not looked at: see `decode_untyped`."""
    if not type.schema_name:
        return decode_untyped(body, content_type, gvk=gvk, strict=strict, type=type)
    expected = GroupVersionKind(*gvk)
    if content_type.startswith(protobuf.MEDIA):
        raise _unrecognized(_NO_PROTOBUF if body else "empty data", body, expected)
    if is_yaml(content_type):
        return _decode_yaml(body, type, expected, strict)
    found = _decode_quickly(body, type, expected)
    if found is not None:
        return Decoded(found)
    try:
        document = parse(body)
    except JsonError as error:
        raise _unrecognized(f"couldn't get version/kind; json parse error: {error}", body, expected) from None
    return _decode_exactly(document, body, type, (expected, strict, []))


def decode_options(body: bytes, content_type: str) -> dict[str, Any]:
    """The DeleteOptions in a DELETE's body. Raises ApiError (400), here without saying what was expected."""
    try:
        document = _document(body, content_type)
    except JsonError as error:
        raise errors.bad_request(f"couldn't get version/kind; json parse error: {error}") from None
    except decode_yaml.YamlError as error:
        raise errors.bad_request(str(error)) from None
    try:
        _check_options_kind(document)
        clean = Walk().decode(schema.definition(schema.META + "DeleteOptions"), document)
    except DecodeError as error:
        raise errors.bad_request(str(error)) from None
    return normalize(schema.definition(schema.META + "DeleteOptions"), clean or {})


_OPTIONS_SCHEME = "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"
_UNVERSIONED = frozenset(("Status", "APIVersions", "APIGroupList", "APIGroup", "APIResourceList"))


def _check_options_kind(document: Any) -> None:
    """DeleteOptions are known in every group and version, hardly anything else is. Raises DecodeError."""
    version, kind = _type_meta(document)
    if kind in ("", "DeleteOptions"):
        return
    if version == "v1" and kind in _UNVERSIONED:
        raise DecodeError(f"converting (v1.{kind}) to (v1.DeleteOptions): unknown conversion")
    known = f"is registered for version {quote(version or 'meta.k8s.io/v1')} in scheme {quote(_OPTIONS_SCHEME)}"
    raise DecodeError(f"no kind {quote(kind)} {known}")


def decode_untyped(
    body: bytes, content_type: str, *, gvk: tuple[str, str, str], strict: Strictness = "Ignore", type: Type = UNTYPED
) -> Decoded:
    """A custom resource: whatever JSON object of that kind, only its metadata typed. Strict decoding finds duplicates;
    unknown members are for the type to find. Raises ApiError (400)."""
    expected = GroupVersionKind(*gvk)
    try:
        document = _document(body, content_type)
    except (JsonError, decode_yaml.YamlError) as error:
        raise _unrecognized(str(error), body, expected) from None
    actual = _kind_of_body(document, body, expected)
    if actual != expected and actual == expected._replace(kind=actual.kind):
        raise _other_kind(document, actual, expected)
    if actual != expected:
        raise _mismatch(actual, expected)
    walk = Walk()
    try:
        clean = walk.decode(UNTYPED, document or Pairs())
        clean, unknown = normalize_untyped(type, clean)
    except DecodeError as error:
        raise _cannot_handle(actual, expected, str(error)) from None
    strict_errors = [*walk.strict, *unknown] if strict != "Ignore" else []
    if strict_errors and strict == "Strict":
        raise _cannot_handle(actual, expected, "strict decoding error: " + ", ".join(strict_errors))
    return Decoded({**clean, "apiVersion": expected.api_version, "kind": expected.kind}, strict_errors, strict_errors)


def normalize_untyped(type: Type, obj: Obj) -> tuple[dict[str, Any], list[str]]:
    """A custom resource with its metadata as Go would write it and without what its type drops; and what that was.
    Raises DecodeError."""
    metadata = normalize_strictly(schema.definition(schema.META + "ObjectMeta"), obj.get("metadata") or {})
    found: dict[str, Any] = {**obj, "metadata": metadata.obj}
    strict = [text.replace('field "', 'field "metadata.', 1) for text in metadata.strict_errors]
    prune = type.derived.get("prune")
    if prune is None:
        return found, strict
    pruned, unknown = prune(found)
    return pruned, [*strict, *(f"unknown field {quote(path)}" for path in unknown)]


def _document(body: bytes, content_type: str) -> Any:
    """The body without its repeated keys' complaint when it is YAML. Raises JsonError or YamlError."""
    if is_yaml(content_type):
        return decode_yaml.parse(body)[0]
    return parse(body)


def normalize(type: Type, obj: Obj) -> dict[str, Any]:
    """A parsed object (a patch's result) as Go would write it back; unknown members vanish. Raises DecodeError."""
    return normalize_strictly(type, obj).obj


def normalize_strictly(type: Type, obj: Obj) -> Decoded:
    """The same, and what strict decoding has against it. Raises DecodeError."""
    if "prune" in type.derived:
        found, unknown = normalize_untyped(type, obj)
        return Decoded(found, strict_errors=unknown)
    convert = converter(type)
    try:
        return Decoded(convert(obj))
    except Irregular:
        walk = Walk()
        return Decoded(convert(walk.decode(type, obj) or {}), strict_errors=walk.strict)


def _decode_quickly(body: bytes, type: Type, expected: GroupVersionKind) -> dict[str, Any] | None:
    """The object if there is nothing to say about it: right kind, right types, nothing unknown, nothing twice."""
    try:
        raw = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if raw.__class__ is not dict or not _is_expected(raw, expected) or too_deep(body, raw) or may_repeat(body, raw):
        return None
    raw["apiVersion"], raw["kind"] = expected.api_version, expected.kind
    try:
        found: dict[str, Any] = converter(type)(raw)
    except Irregular:
        return None
    return found


def _is_expected(raw: dict[str, Any], expected: GroupVersionKind) -> bool:
    return raw.get("kind") in (None, "", expected.kind) and raw.get("apiVersion") in (None, "", expected.api_version)


def may_repeat(body: bytes, raw: Any) -> bool:
    """Every key costs the text a colon; a repeated key is gone from what was parsed, so colons are then missing."""
    return body.count(b":") != orjson.dumps(raw).count(b":") or b"\\u003" in body


def _decode_yaml(body: bytes, type: Type, expected: GroupVersionKind, strict: Strictness) -> Decoded:
    try:
        document, repeated = decode_yaml.parse(body)
    except decode_yaml.YamlError as error:
        raise _unrecognized(str(error), body, expected) from None
    return _decode_exactly(document, body, type, (expected, strict, repeated))


def _decode_exactly(
    document: Any, body: bytes, type: Type, how: tuple[GroupVersionKind, Strictness, list[str]]
) -> Decoded:
    expected, strict, problems = how
    actual = _kind_of_body(document, body, expected)
    try:
        target = type if actual == expected else other_type(actual)
        walk = Walk()
        clean = {} if document is None else walk.decode(target, document)
    except DecodeError as error:
        raise _cannot_handle(actual, expected, str(error)) from None
    strict_errors = [*problems, *walk.strict] if strict != "Ignore" else []
    if strict_errors and strict == "Strict":
        raise _cannot_handle(actual, expected, "strict decoding error: " + ", ".join(strict_errors))
    if actual != expected:
        raise _mismatch(actual, expected)
    clean["apiVersion"], clean["kind"] = expected.api_version, expected.kind
    return Decoded(converter(type)(clean), _warnings(strict_errors), strict_errors)


def _warnings(strict_errors: list[str]) -> list[str]:
    lines = []
    for problem in strict_errors:
        text = problem.removeprefix(decode_yaml.COMPLAINT)
        lines += [problem] if text == problem else [line.strip() for line in text.split("\n")]
    return lines


def _kind_of_body(document: Any, body: bytes, expected: GroupVersionKind) -> GroupVersionKind:
    """What the body says it is; what it leaves out is as expected. Raises ApiError."""
    try:
        api_version, kind = _type_meta(document)
    except DecodeError as error:
        raise _unrecognized(str(error), body, expected) from None
    return _with_defaults(api_version, kind, expected)


def _type_meta(document: Any) -> tuple[str, str]:
    """apiVersion and kind as far as they are said. Raises DecodeError."""
    if document is not None and not isinstance(document, (Pairs, dict)):
        problem = f"json: cannot unmarshal {kind_of(document)} into Go value of type {_FIND_KIND}"
        raise DecodeError(f"couldn't get version/kind; json parse error: {problem}")
    said = {"apiVersion": "", "kind": ""}
    for key, value in document or ():
        if key in said and value is not None:
            if kind_of(value) != "string":
                problem = f"json: cannot unmarshal {kind_of(value)} into Go struct field .{key} of type string"
                raise DecodeError(f"couldn't get version/kind; json parse error: {problem}")
            said[key] = value
    if said["apiVersion"].count("/") > 1:
        raise DecodeError(f"unexpected GroupVersion string: {said['apiVersion']}")
    return said["apiVersion"], said["kind"]


def _with_defaults(api_version: str, kind: str, expected: GroupVersionKind) -> GroupVersionKind:
    group, _, version = api_version.rpartition("/")
    if not version and group in ("", expected.group):
        group, version = expected.group, expected.version
    return GroupVersionKind(group, version, kind or expected.kind)


def other_type(actual: GroupVersionKind) -> Type:
    """The type of a body of another kind, because it is decoded before it is refused. Raises DecodeError."""
    if actual.kind not in schema.registered(actual.api_version):
        version = quote(actual.api_version)
        raise DecodeError(f"no kind {quote(actual.kind)} is registered for version {version} in scheme {quote(SCHEME)}")
    try:
        return schema.type_of(*actual)
    except KeyError:
        return Type("any")


def _mismatch(actual: GroupVersionKind, expected: GroupVersionKind) -> errors.ApiError:
    if actual.kind == expected.kind:
        text = f"the API version in the data ({actual.api_version}) does not match the expected API version"
        return errors.bad_request(f"{text} ({expected.api_version})")
    internal = {"": "core", "events.k8s.io": "core"}.get(expected.group) or expected.group.partition(".")[0]
    conversion = f"converting ({actual.version}.{actual.kind}) to ({internal}.{expected.kind}): unknown conversion"
    return _cannot_handle(actual, expected, conversion)


def _other_kind(document: Any, actual: GroupVersionKind, expected: GroupVersionKind) -> errors.ApiError:
    """Another kind of the group, of which the server knows no more than its name: validation refuses it."""
    metadata = dict(document or ()).get("metadata")
    name = dict(metadata).get("name", "") if isinstance(metadata, (Pairs, dict)) else ""
    problem = field_errors.invalid("kind", actual.kind, f"must be {expected.kind}")
    return errors.invalid(expected.group, actual.kind, str(name), [problem])


def _cannot_handle(actual: GroupVersionKind, expected: GroupVersionKind, cause: str) -> errors.ApiError:
    version = quote(actual.version)
    return errors.bad_request(f"{actual.kind} in version {version} cannot be handled as a {expected.kind}: {cause}")


def _unrecognized(cause: str, body: bytes, expected: GroupVersionKind) -> errors.ApiError:
    text = f"the object provided is unrecognized (must be of type {expected.kind}): {cause} ({_summary(body)})"
    return errors.bad_request(text)


def _summary(body: bytes) -> str:
    if not body:
        return "<empty>"
    begin = body[:_SUMMARY]
    shown = begin.decode("utf-8", "replace") if body.startswith(b"{") else begin.hex()
    return shown + (" ..." if len(body) > _SUMMARY else "")
