"""Subresources other than status: scale for whatever has replicas, and those a kind brings itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from cluster_core.apiserver import decode, lifecycle, negotiate, patching, schema
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.kind import Subresource
from cluster_core.apiserver.request import ApiRequest, ApiResponse, RequestInfo
from cluster_core.machinery import errors, selectors
from cluster_core.machinery.patch import merge_patch
from cluster_core.machinery.typed import Obj


def answer(context: Context, info: RequestInfo, request: ApiRequest) -> ApiResponse:
    """Serve one request for a subresource."""
    if info.subresource == "scale" and context.kind.scale is not None:
        return _scale(context, request)
    found = context.kind.subresource(info.subresource)
    if found is None:
        raise errors.generic_not_found()
    if context.verb not in found.verbs:
        raise errors.method_not_allowed()
    if found.call is None:
        return context.server.connect(context, found, info, request)
    parent = lifecycle.existing(context)
    body = _body(found, request, context) if request.method in ("POST", "PUT", "PATCH") else None
    status = 201 if request.method == "POST" else 200
    return negotiate.respond(context, request, found.call(context, parent, body), status)


def _body(subresource: Subresource, request: ApiRequest, context: Context) -> Obj:
    gvk = (subresource.group, subresource.version, subresource.kind)
    type = schema.type_of(*gvk)
    decoded = decode.decode(
        request.body, request.header("content-type"), type, gvk=gvk, strict=context.field_validation
    )
    return decoded.obj


# ------------------------------------------------------------------------------------------------ scale


def _scale(context: Context, request: ApiRequest) -> ApiResponse:
    obj = lifecycle.existing(context)
    if context.verb in ("update", "patch"):
        wanted = _wanted_scale(context, request, obj)
        obj = lifecycle.update(context, lambda old: with_replicas(context, old, wanted))
    return negotiate.respond(context, request, scale_of(context, obj))


def _wanted_scale(context: Context, request: ApiRequest, obj: Obj) -> Obj:
    """The Scale object the client wants to see."""
    if context.verb == "update":
        gvk = ("autoscaling", "v1", "Scale")
        return decode.decode(
            request.body,
            request.header("content-type"),
            schema.type_of(*gvk),
            gvk=gvk,
            strict=context.field_validation,
        ).obj
    media = request.header("content-type").partition(";")[0]
    changes = orjson.loads(request.body)
    current = scale_of(context, obj)
    if media == patching.JSON_PATCH:
        return patching.json_patch(current, changes)
    return merge_patch(current, changes)


def with_replicas(context: Context, obj: Obj, scale: Obj) -> Obj:
    """The object with the replicas of a Scale; a stale resourceVersion there conflicts."""
    given = scale.get("metadata", {}).get("resourceVersion")
    metadata = {**obj["metadata"], "resourceVersion": given} if given else obj["metadata"]
    replicas = scale.get("spec", {}).get("replicas", 0)
    return {**obj, "metadata": metadata, "spec": {**obj.get("spec", {}), "replicas": replicas}}


def at(obj: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, None when something on the way is missing."""
    found: Any = obj
    for name in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


def _selector_text(selector: Any) -> str:
    """A LabelSelector, or the plain map of a replication controller, as a selector string."""
    if not selector:
        return ""
    plain = not ({"matchLabels", "matchExpressions"} & set(selector))
    return str(selectors.of_map(selector) if plain else selectors.of_object(selector))


def scale_of(context: Context, obj: Obj) -> Obj:
    """The Scale view of an object. Zero replicas are left out, as the real one's omitempty does."""
    paths = context.kind.scale
    assert paths is not None
    metadata = obj["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    spec, status = at(obj, paths.spec_replicas) or 0, at(obj, paths.status_replicas) or 0
    selector = at(obj, paths.selector)
    text = selector if isinstance(selector, str) else _selector_text(selector)
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": {"replicas": spec} if spec else {},
        "status": {"replicas": status, **({"selector": text} if text else {})},
    }
