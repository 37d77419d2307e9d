"""The four patch types. Models apiserver/pkg/endpoints/handlers/patch.go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from cluster_core.apiserver import decode, lifecycle, negotiate
from cluster_core.apiserver.body import inward, type_of
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.request import ApiRequest
from cluster_core.machinery import errors
from cluster_core.machinery.patch import json_patch, merge_patch
from cluster_core.machinery.strategic import strategic_merge_patch
from cluster_core.machinery.typed import Obj

JSON_PATCH = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"


def patch(context: Context, request: ApiRequest) -> tuple[Obj, bool]:
    """Patch the object the context names; answers (what is stored, whether it was created)."""
    media = request.header("content-type").partition(";")[0].strip()
    if media in (APPLY, "application/apply-patch+cbor"):
        return context.server.fields.apply(context, request)
    transform = _transform(context, media, request.body)

    def change(old: Obj) -> Obj:
        outward = negotiate.outward(context, old)
        patched = transform(outward)
        return patched if patched is outward else inward(context, _checked(context, patched))

    return lifecycle.update(context, change), False


def _checked(context: Context, patched: Any) -> Obj:
    """The result as its type wants it. Raises what decoding raises."""
    if not isinstance(patched, dict):
        raise errors.bad_request("json: cannot unmarshal patch result into Go value")
    decoded = decode.decode(
        orjson.dumps(patched),
        "application/json",
        type_of(context),
        gvk=(context.served.group, context.served.version, context.kind.name),
        strict=context.field_validation,
    )
    context.warnings.extend(decoded.warnings)
    return decoded.obj


def _transform(context: Context, media: str, body: bytes) -> Callable[[Obj], Any]:
    if media == JSON_PATCH:
        operations = _parsed(body)
        return lambda obj: json_patch(obj, operations)
    if media == MERGE:
        changes = _parsed(body)
        return lambda obj: merge_patch(obj, changes)
    if media == STRATEGIC and "types" not in context.kind.facts:
        changes = _parsed(body)
        return lambda obj: strategic_merge_patch(type_of(context), obj, changes)
    raise errors.unsupported_media_type(_accepted(context))


def _accepted(context: Context) -> list[str]:
    strategic = [] if "types" in context.kind.facts else [STRATEGIC]
    return [JSON_PATCH, MERGE, *strategic, APPLY]


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise errors.bad_request(f"error decoding patch: {error}") from error
