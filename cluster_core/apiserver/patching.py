"""The four patch types. Models apiserver/pkg/endpoints/handlers/patch.go."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn, cast

from cluster_core.apiserver import decode, identity, lifecycle, negotiate, options, schema, unstructured
from cluster_core.apiserver.body import inward, type_of
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.decode_exact import Walk, plain
from cluster_core.apiserver.decode_syntax import JsonError, infinite, parse
from cluster_core.apiserver.request import ApiRequest
from cluster_core.machinery import errors, gofmt
from cluster_core.machinery.field import invalid
from cluster_core.machinery.patch import json_patch, merge_patch, unescaped
from cluster_core.machinery.strategic import strategic_merge_patch
from cluster_core.machinery.typed import Field, Obj, Type

JSON_PATCH = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
ACCEPTED = (JSON_PATCH, MERGE, STRATEGIC, APPLY)
_OF_FIELD = re.compile("Go struct field [^ ]+ of type")
"""What reads itself from JSON (times, quantities, numbers or texts) is not told where it stands."""
_TEXT = Type("string", go="string")
_OPERATION = Type(
    "struct",
    go="handlers.jsonPatchOp",
    fields={"op": Field(_TEXT), "path": Field(_TEXT), "from": Field(_TEXT), "value": Field(Type("any"))},
)
_OPERATIONS = Type("list", go="[]handlers.jsonPatchOp", element=_OPERATION)


def patch(context: Context, request: ApiRequest) -> tuple[Obj, bool]:
    """Patch the object the context names; answers (what is stored, whether it was created)."""
    media = media_type(context, request)
    negotiate.accepted_of(context, request)
    force = options.read_patch_options(context, request, applying=media == APPLY)
    if media == APPLY:
        return context.server.fields.apply(context, request, force)
    return lifecycle.update(context, changing(context, media, request.body)), False


def changing(context: Context, media: str, body: bytes) -> Callable[[Obj], Obj]:
    """What turns the stored object into the patched one."""
    patcher = read(context, media, body)

    def change(old: Obj) -> Obj:
        patched = patcher.apply(type_of(context), negotiate.outward(context, old))
        if "types" not in context.kind.facts:
            context.sent = patcher.result
        identity.check_names(context, patched)
        return inward(context, patched)

    return change


def media_type(context: Context, request: ApiRequest) -> str:
    """The patch's type. Raises 415 for one the kind cannot take."""
    media = request.header("content-type").partition(";")[0].strip().lower()
    accepted = [each for each in ACCEPTED if each != STRATEGIC or "types" not in context.kind.facts]
    if media in accepted:
        return media
    if "types" in context.kind.facts:
        raise errors.unsupported_media_type(accepted)
    raise errors.UnsupportedMediaType("415: Unsupported Media Type", {})


@dataclass(slots=True)
class Patcher:
    """A patch that was read, ready to be applied to objects of any type."""

    context: Context
    media: str
    changes: Any
    strict: list[str] = field(default_factory=list)
    """What strict decoding has against the patch itself."""
    result: Any = None
    """The patched object before its type has seen it."""

    def apply(self, type: Type, obj: Obj) -> Obj:
        """The patched object as its type wants it. Raises ApiError: 422 when it does not fit."""
        patched = self.result = self._patched(type, obj)
        if not isinstance(patched, dict):
            raise self._refusal(type, patched, _not_an_object(patched))
        if self.media != STRATEGIC and not self._is_versioned(type, patched):
            return self._versionless(type, patched)
        decoded = self._decoded(type, patched)
        self._judge(type, patched, [*self.strict, *decoded.strict_errors])
        return decoded.obj

    def _decoded(self, type: Type, patched: Obj) -> decode.Decoded:
        """The result as its type has it. Raises Invalid with what is wrong first."""
        try:
            return decode.normalize_strictly(type, patched)
        except decode.DecodeError:
            if self.media != STRATEGIC:
                raise self._refusal(type, patched, self._first_trouble(type, patched)) from None
        try:
            return decode.normalize_strictly(type, cast(Obj, unstructured.converted(type, patched)))
        except decode.DecodeError as error:
            raise self._refusal(type, patched, _OF_FIELD.sub("Go value of type", str(error))) from None

    def _is_versioned(self, type: Type, patched: Obj) -> bool:
        """Whether the result says which version it is in; it is decoded as what it says it is.

        Raises Invalid for what is no built-in kind.
        """
        version, kind = self._said(type, patched, "apiVersion"), self._said(type, patched, "kind")
        own = self.context.kind
        if "resource" in own.facts and kind and kind != own.name and not self.context.subresource:
            problem = invalid("kind", kind, f"must be {own.name}")
            raise errors.invalid(own.group, kind, self.context.name, [problem])
        expected = type.go.rpartition(".")[2] if self.context.subresource else own.name
        if type.schema_name and version and (kind or expected) not in schema.registered(version):
            self._refuse_kind(type, patched, f"version {gofmt.quote(version)}")
        if type.schema_name and version and kind not in ("", expected):
            self._refuse_conversion(type, patched, (*version.rpartition("/")[::2], kind), expected)
        if type.schema_name and not version and kind not in ("", expected):
            self._refuse_kind(type, patched, f"the internal version of group {gofmt.quote(own.group)}")
        return bool(version)

    def _refuse_conversion(self, type: Type, patched: Obj, said: tuple[str, str, str], expected: str) -> NoReturn:
        """Another kind that is known is decoded as that before it is found to be another one."""
        self._decoded(decode.other_type(decode.GroupVersionKind(*said)), patched)
        target = f"{type.schema_name.split('.')[-3]}.{expected}"
        raise self._refusal(type, patched, f"converting ({said[1]}.{said[2]}) to ({target}): unknown conversion")

    def _said(self, type: Type, patched: Obj, name: str) -> str:
        found = patched.get(name) or ""
        if not isinstance(found, str):
            problem = f"json: cannot unmarshal {gofmt.json_kind(found)} into Go struct field .{name} of type string"
            raise self._refusal(type, patched, f"couldn't get version/kind; json parse error: {problem}")
        return found

    def _refuse_kind(self, type: Type, patched: Obj, where: str) -> NoReturn:
        kind, scheme = gofmt.quote(str(patched.get("kind") or "")), gofmt.quote(decode.SCHEME)
        raise self._refusal(type, patched, f"no kind {kind} is registered for {where} in scheme {scheme}")

    def _patched(self, type: Type, obj: Obj) -> Any:
        if self.media == JSON_PATCH:
            return json_patch(obj, self.changes)
        if self.media == MERGE:
            return merge_patch(obj, self.changes)
        return strategic_merge_patch(type, obj, self.changes)

    def _versionless(self, type: Type, patched: Obj) -> Obj:
        """Without a version it is decoded as the type inside the server, whose members have other names."""
        unknown = [f'unknown field "{name}"' for name in sorted(patched) if name not in ("apiVersion", "kind")]
        self._judge(type, patched, [*self.strict, *unknown])
        return {}

    def _judge(self, type: Type, patched: Obj, strict: list[str]) -> None:
        if strict and self.context.field_validation == "Warn":
            self.context.warnings.extend(strict)
        elif strict and self.context.field_validation == "Strict":
            raise self._refusal(type, patched, "strict decoding error: " + ", ".join(strict))

    def _refusal(self, type: Type, patched: Any, detail: str) -> errors.ApiError:
        if self.media == STRATEGIC:
            detail = unstructured.complaint(type, patched) or detail
            return errors.invalid("", "", "", [invalid("patch", gofmt.verb_v(self.changes), detail)])
        return errors.invalid("", "", "", [invalid("patch", self._text(type, patched), detail)])

    def _first_trouble(self, type: Type, patched: Obj) -> str:
        """What decoding meets first in the text of the patched object."""
        try:
            decode.normalize_strictly(type, self._ordered(type, patched))
        except decode.DecodeError as error:
            return str(error)
        raise AssertionError("the order of members decides which error comes first, not whether there is one")

    def _text(self, type: Type, patched: Any) -> str:
        if not isinstance(patched, dict) or "types" in self.context.kind.facts:
            return gofmt.json_text(patched)
        return gofmt.json_text(self._ordered(type, patched), sort=False)

    def _ordered(self, type: Type, patched: Obj) -> Obj:
        return cast(Obj, unstructured.in_struct_order(type, patched, self._touched()))

    def _touched(self) -> set[unstructured.Place]:
        """The maps that the patch has looked into."""
        if self.media == MERGE:
            return set(_maps_of(self.changes))
        pointers = (str((each or {}).get(name) or "") for each in self.changes or () for name in ("path", "from"))
        places = (tuple(map(unescaped, pointer.split("/")[1:])) for pointer in pointers)
        return {place[:length] for place in places for length in range(len(place))}


def _maps_of(changes: Any, at: unstructured.Place = ()) -> Iterator[unstructured.Place]:
    if isinstance(changes, dict):
        yield at
    members = changes.items() if isinstance(changes, dict) else enumerate(changes) if isinstance(changes, list) else ()
    for name, value in members:
        yield from _maps_of(value, (*at, str(name)))


def _not_an_object(patched: Any) -> str:
    kind = gofmt.json_kind(patched)
    into = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
    return f"couldn't get version/kind; json parse error: json: cannot unmarshal {kind} into Go value of type {into}"


def read(context: Context, media: str, body: bytes) -> Patcher:
    """The patch in a body. Raises 400."""
    try:
        document = parse(body)
    except JsonError as error:
        raise errors.bad_request(str(error) if media == STRATEGIC else f"error decoding patch: {error}") from None
    if media in (MERGE, STRATEGIC) and (number := infinite(document)) is not None:
        problem = f"json: cannot unmarshal number {number} into Go value of type float64"
        raise errors.bad_request(problem if media == STRATEGIC else f"error decoding patch: {problem}")
    changes = unstructured.in_64_bits(plain(document)) if media == STRATEGIC else plain(document)
    return Patcher(context, media, changes, _strict_errors(context, media, document))


def _strict_errors(context: Context, media: str, document: Any) -> list[str]:
    if context.field_validation == "Ignore":
        return []
    walk = Walk()
    try:
        walk.decode(_OPERATIONS if media == JSON_PATCH else decode.UNTYPED, document)
    except decode.DecodeError:
        return []  # machinery.patch refuses it in the right words
    return [f"json patch {problem}" for problem in walk.strict] if media == JSON_PATCH else walk.strict
