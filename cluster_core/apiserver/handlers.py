"""The verbs as HTTP answers: decode what came, do it, encode what is. Models apiserver/pkg/endpoints/handlers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson

from cluster_core.apiserver import (
    deletion,
    identity,
    lifecycle,
    listing,
    negotiate,
    options,
    partowners,
    patching,
    table,
)
from cluster_core.apiserver.body import delete_options, read_object
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.kind import Kind
from cluster_core.apiserver.request import ApiRequest, ApiResponse
from cluster_core.apiserver.watch import Encode, Watch, plain_frame
from cluster_core.machinery import errors
from cluster_core.machinery.typed import Obj

Handler = Callable[[Context, ApiRequest], ApiResponse]


def get(context: Context, request: ApiRequest) -> ApiResponse:
    negotiate.accepted_of(context, request)
    _check_version(context, request.parameter("resourceVersion"))
    obj = lifecycle.existing(context)
    present = context.server.present.get(context.kind.name)
    return negotiate.respond(context, request, partowners.told(context, present(obj) if present else obj))


def _check_version(context: Context, given: str) -> None:
    """A get of a version that is no number, or of the future, is refused. A watch waits for the future."""
    wanted = _version(given)
    current = context.server.storage.revision
    if wanted > current:
        raise options.too_large_version(wanted, current)


def _version(given: str) -> int:
    try:
        return options.object_version(given)
    except ValueError as error:
        raise errors.plain_error(str(error)) from error


def create(context: Context, request: ApiRequest) -> ApiResponse:
    kind = context.kind
    negotiate.accepted(request, negotiate.SHAPES if kind.call is None else negotiate.SHAPES_OF_CALLS)
    options.read_write_options(context, request, "CreateOptions")
    obj = read_object(context, request)
    if kind.call is not None:
        return negotiate.respond(context, request, kind.call(context, obj), 201)
    return negotiate.respond(context, request, lifecycle.create(context, obj), 201)


def update(context: Context, request: ApiRequest) -> ApiResponse:
    negotiate.accepted_of(context, request)
    options.read_write_options(context, request, "UpdateOptions")
    obj = read_object(context, request)
    identity.check_names(context, obj)
    if context.server.storage.get(context.kind, context.namespace, context.name) is None and _may_create(context):
        return negotiate.respond(context, request, lifecycle.create_on_update(context, obj), 201)
    return negotiate.respond(context, request, lifecycle.update(context, lambda _: obj))


def _may_create(context: Context) -> bool:
    return context.kind.allow_create_on_update and not context.subresource


def patch(context: Context, request: ApiRequest) -> ApiResponse:
    obj, created = patching.patch(context, request)
    return negotiate.respond(context, request, obj, 201 if created else 200)


def delete(context: Context, request: ApiRequest) -> ApiResponse:
    negotiate.accepted(request)
    delete_options(context, request)
    obj, gone = deletion.delete(context)
    if gone and not context.kind.returns_deleted:
        return negotiate.respond(context, request, deleted_status(context, obj))
    accepted = not gone and context.options.get("orphanDependents") is False
    return negotiate.respond(context, request, obj, 202 if accepted else 200)


def deleted_status(context: Context, obj: Obj) -> Obj:
    """The Status that confirms a removal."""
    details = {"name": obj["metadata"]["name"], "kind": context.kind.plural, "uid": obj["metadata"]["uid"]}
    if context.served.group:
        details["group"] = context.served.group
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def delete_collection(context: Context, request: ApiRequest) -> ApiResponse:
    negotiate.accepted(request)
    found = listing.page(context, request)
    delete_options(context, request)
    deletion.warn_of_orphans(context)
    for obj in found.items:
        metadata = obj["metadata"]
        each = context.toward(context.kind, "delete", metadata.get("namespace", ""), metadata["name"])
        deletion.delete(each)
    return list_response(context, request, found)


def list_(context: Context, request: ApiRequest) -> ApiResponse:
    page = listing.page(context, request)
    present = context.server.present.get(context.kind.name)
    return list_response(context, request, page._replace(items=[*map(present, page.items)]) if present else page)


def list_response(context: Context, request: ApiRequest, page: listing.Page) -> ApiResponse:
    format = negotiate.accepted(request)
    revision = context.server.storage.revision
    if format == negotiate.Format():
        return ApiResponse(200, _list_bytes(context, page), warnings=tuple(context.warnings), revision=revision)
    body = negotiate.encode(_list_object(context, page, format), format)
    return ApiResponse(200, body, format.media, warnings=tuple(context.warnings), revision=revision)


def _list_bytes(context: Context, page: listing.Page) -> bytes:
    """The list, put together from the bytes in the store."""
    kind, storage = context.kind, context.server.storage
    head: Obj = {"kind": _list_kind(kind), "apiVersion": context.api_version, "metadata": _list_metadata(kind, page)}
    if "resource" in kind.facts:
        items = [orjson.dumps(negotiate.outward(context, obj)) for obj in page.items]
    elif context.api_version == kind.api_version:
        items = [storage.as_item(kind, obj) for obj in page.items]
    else:
        items = [orjson.dumps(_bare(negotiate.outward(context, obj))) for obj in page.items]
    return orjson.dumps(head)[:-1] + b',"items":[' + b",".join(items) + b"]}"


def _list_metadata(kind: Kind, page: listing.Page) -> Obj:
    """An unstructured list, as of custom resources, says so where there is nothing to continue with."""
    return {"continue": "", **page.metadata()} if "types" in kind.facts else page.metadata()


def _list_kind(kind: Kind) -> str:
    return kind.facts.get("listKind") or f"{kind.name}List"


def _bare(obj: Obj) -> Obj:
    return {key: value for key, value in obj.items() if key not in ("kind", "apiVersion")}


def _list_object(context: Context, page: listing.Page, format: negotiate.Format) -> Obj:
    if format.shape == "Table":
        columns = table.columns_of(context.kind, context.served)
        now = context.server.world.clock.now
        shown: Iterable[Obj] = (negotiate.outward(context, obj) for obj in page.items)
        if len(page.items) <= partowners.ROWS:
            shown = (partowners.told(context, obj) for obj in shown)
        rows = [table.row(columns, obj, now, format.include, format.version) for obj in shown]
        return table.table(columns, rows, page.metadata(), format.version)
    if format.shape == "PartialObjectMetadata":
        raise negotiate.mismatch(context, format.shape, "a list", "List")
    if format.shape:
        items = [negotiate.partial(obj, format.version) for obj in page.items]
        head = {"kind": "PartialObjectMetadataList", "apiVersion": format.version}
        return {**head, "metadata": page.metadata(), "items": items}
    metadata = _list_metadata(context.kind, page)
    found: Obj = {"kind": _list_kind(context.kind), "apiVersion": context.api_version, "metadata": metadata}
    items = [negotiate.outward(context, obj) for obj in page.items]
    return {**found, "items": items if "resource" in context.kind.facts else [*map(_bare, items)]}


def watch(context: Context, request: ApiRequest) -> Watch:
    """Open a watch: from a revision, or from now with what there is as ADDED events."""
    storage = context.server.storage
    format = negotiate.accepted_stream(request)
    encode = _encoder(context, format)
    asked = options.list_options(request, watching=True)
    keep = listing.predicate(context, request)
    _version(asked.version)
    if format.shape == "PartialObjectMetadataList":
        raise negotiate.mismatch(context, format.shape, "not a list", "")
    legacy = asked.version in ("", "0")
    found = Watch(context, keep, storage.revision if legacy else int(asked.version), encode)
    if asked.initial_events or (legacy and asked.initial_events is None):
        found.revision = storage.revision
        objects = storage.list(context.kind, context.namespace or None)
        explicit = bool(options.boolean(request, "sendInitialEvents"))
        found.preload([obj for obj in objects if keep is None or keep(obj)], explicit and asked.bookmarks)
    return found


def _encoder(context: Context, format: negotiate.Format) -> Encode:
    if format.shape == "" and context.api_version == context.kind.api_version:
        return plain_frame
    first = True

    def encode(type: str, obj: Obj, value: bytes | None) -> bytes:
        nonlocal first
        body: Any = negotiate.shaped(context, obj, format)
        if format.shape == "Table":
            body = {**body, "columnDefinitions": body["columnDefinitions"] if first else None}
            first = False
        return plain_frame(type, body, None)

    return encode


HANDLERS: dict[str, Handler] = {
    "get": get,
    "create": create,
    "update": update,
    "patch": patch,
    "delete": delete,
    "deletecollection": delete_collection,
    "list": list_,
}
