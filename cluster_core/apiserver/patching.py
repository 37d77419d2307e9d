"""The four patch types. Models apiserver/pkg/endpoints/handlers/patch.go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cluster_core.apiserver import decode, empties, identity, lifecycle, negotiate, options, schema, unstructured
from cluster_core.apiserver.body import inward, type_of
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.decode_exact import Walk, plain
from cluster_core.apiserver.decode_syntax import JsonError, parse
from cluster_core.apiserver.request import ApiRequest
from cluster_core.machinery import errors, gofmt
from cluster_core.machinery.field import invalid
from cluster_core.machinery.patch import json_patch, merge_patch
from cluster_core.machinery.strategic import strategic_merge_patch
from cluster_core.machinery.typed import Field, Obj, Type

JSON_PATCH = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
ACCEPTED = (JSON_PATCH, MERGE, STRATEGIC, APPLY)
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
    negotiate.accepted(request)
    force = options.read_patch_options(context, request, applying=media == APPLY)
    if media == APPLY:
        return context.server.fields.apply(context, request, force)
    return lifecycle.update(context, changing(context, media, request.body)), False


def changing(context: Context, media: str, body: bytes) -> Callable[[Obj], Obj]:
    """What turns the stored object into the patched one."""
    patcher = read(context, media, body)

    has_empties = "types" not in context.kind.facts and empties.has_any(type_of(context), body)

    def change(old: Obj) -> Obj:
        patched = patcher.apply(type_of(context), negotiate.outward(context, old))
        if has_empties:
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
        if self.media != STRATEGIC and not ("kind" in patched and "apiVersion" in patched):
            return self._kindless(patched)
        self._check_kind(type, patched)
        try:
            decoded = decode.normalize_strictly(type, patched)
        except decode.DecodeError as error:
            raise self._refusal(type, patched, str(error)) from None
        self._judge(type, patched, [*self.strict, *decoded.strict_errors])
        return decoded.obj

    def _check_kind(self, type: Type, patched: Obj) -> None:
        """The result is decoded as what it says it is. Raises Invalid for what is no built-in kind."""
        said, kind = (patched["apiVersion"], patched["kind"]), self.context.kind
        if "resource" in kind.facts and said[1] != kind.name and not self.context.subresource:
            problem = invalid("kind", said[1], f"must be {kind.name}")
            raise errors.invalid(kind.group, str(said[1]), self.context.name, [problem])
        if not type.schema_name or self.media == STRATEGIC or said[1] in schema.registered(str(said[0])):
            return
        version, name, scheme = (gofmt.quote(str(each)) for each in (*said, decode.SCHEME))
        raise self._refusal(type, patched, f"no kind {name} is registered for version {version} in scheme {scheme}")

    def _patched(self, type: Type, obj: Obj) -> Any:
        if self.media == JSON_PATCH:
            return json_patch(obj, self.changes)
        if self.media == MERGE:
            return merge_patch(obj, self.changes)
        return strategic_merge_patch(type, obj, self.changes)

    def _kindless(self, patched: Obj) -> Obj:
        """Without a kind it is decoded as the type inside the server, which has no member called metadata."""
        if "metadata" in patched:
            self._judge(Type("struct"), patched, [*self.strict, 'unknown field "metadata"'])
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
        return errors.invalid("", "", "", [invalid("patch", self._text(patched), detail)])

    def _text(self, patched: Any) -> str:
        if not isinstance(patched, dict) or "types" in self.context.kind.facts:
            return gofmt.json_text(patched)
        return gofmt.json_text(unstructured.in_struct_order(patched, self._touches_metadata()), sort=False)

    def _touches_metadata(self) -> bool:
        if self.media == MERGE:
            return "metadata" in self.changes
        return any(str((each or {}).get("path", "")).startswith("/metadata") for each in self.changes or ())


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
    return Patcher(context, media, plain(document), _strict_errors(context, media, document))


def _strict_errors(context: Context, media: str, document: Any) -> list[str]:
    if context.field_validation == "Ignore":
        return []
    walk = Walk()
    try:
        walk.decode(_OPERATIONS if media == JSON_PATCH else decode.UNTYPED, document)
    except decode.DecodeError:
        return []  # machinery.patch refuses it in the right words
    return [f"json patch {problem}" for problem in walk.strict] if media == JSON_PATCH else walk.strict
