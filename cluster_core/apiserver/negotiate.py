"""Content negotiation: in which shape and encoding an answer leaves. Models apiserver/pkg/endpoints/handlers/negotiation."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import orjson
import yaml

from cluster_core.apiserver import table
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.request import JSON, ApiRequest, ApiResponse
from cluster_core.apiserver.table import META_V1
from cluster_core.machinery import errors, gofmt
from cluster_core.machinery.typed import Obj

ACCEPTED = (
    "application/json",
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
)
STREAMED = ("application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch")
YAML = "application/yaml"
SHAPES_OF_CALLS = ("PartialObjectMetadata", "PartialObjectMetadataList")
"""What is only asked and never stored has no columns."""
SHAPES = ("Table", *SHAPES_OF_CALLS)
_TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_PRINTERS = ("curl", "Wget")
"""User agents that show what they get. Upstream also indents for browsers; here the screen asks, which wants stored bytes."""
_INCLUDED = ("", "None", "Metadata", "Object")


class NothingServed(errors.NotAcceptable):
    """No clause of the Accept header can be served."""


class Format(NamedTuple):
    """What the client takes: media type, shape ("" is the object itself), and what table rows include."""

    media: str = JSON
    shape: str = ""
    include: str = ""
    pretty: bool = False
    version: str = META_V1
    """Of the shape, not of the object."""


def accepted(request: ApiRequest, shapes: tuple[str, ...] = SHAPES) -> Format:
    """The first clause of the Accept header that we can serve. Raises 406 NotAcceptable."""
    found = _first(request.header("accept") or "*/*", shapes)
    if found is None:
        raise NothingServed(errors.not_acceptable(ACCEPTED).message)
    include, pretty = request.parameter("includeObject"), _pretty(request)
    if found.shape == "Table" and include not in _INCLUDED:
        shown = f"includeObject: Invalid value: {gofmt.quote(include)}: must be 'Metadata', 'Object', 'None', or empty"
        raise errors.bad_request(f"Unable to convert to Table as requested: {shown}")
    return found._replace(include=include, pretty=pretty) if include or pretty else found


def of_refusal(request: ApiRequest) -> Format:
    """How an error leaves: as the client asked for, or as JSON when that cannot be, for the error matters more."""
    found = _first(request.header("accept") or "*/*", ())
    return (found or Format())._replace(pretty=_pretty(request))


def accepted_of(context: Context, request: ApiRequest) -> Format:
    """As `accepted`, of what has columns there. Raises 406."""
    plain = context.subresource == "approval" or (context.subresource == "status" and not context.kind.status_tables)
    return accepted(request, SHAPES_OF_CALLS if plain else SHAPES)


def accepted_stream(request: ApiRequest) -> Format:
    """How events are framed: only JSON is. Raises 406."""
    clauses = request.header("accept") or "*/*"
    if _first(clauses.replace(YAML, ""), SHAPES) is None:
        raise NothingServed(errors.not_acceptable(STREAMED).message)
    return accepted(request)._replace(media=JSON)


@lru_cache(256)
def _first(header: str, shapes: tuple[str, ...]) -> Format | None:
    return next((found for clause in header.split(",") if (found := _clause(clause.strip(), shapes)) is not None), None)


def _pretty(request: ApiRequest) -> bool:
    """Whether JSON is indented: when asked for with a word Go knows as true, else for what prints it."""
    given = request.parameter("pretty")
    return given in _TRUE if given else request.header("user-agent").startswith(_PRINTERS)


def _clause(clause: str, shapes: tuple[str, ...]) -> Format | None:
    media, *rest = (part.strip() for part in clause.split(";"))
    parameters = dict(part.partition("=")[::2] for part in rest)
    shape = parameters.get("as", "")
    if shape and (shape not in shapes or parameters.get("g") != "meta.k8s.io" or parameters.get("v") not in ("v1", "v1beta1")):
        return None
    version = f"meta.k8s.io/{parameters['v']}" if shape else META_V1
    if media in ("*/*", "application/*", JSON):
        return Format(JSON, shape, version=version)
    return Format(YAML, shape, version=version) if media == YAML else None


def encode(body: Any, format: Format) -> bytes:
    if format.media == YAML:
        plain = orjson.loads(orjson.dumps(body))
        text: str = yaml.dump(plain, Dumper=yaml.CSafeDumper, default_flow_style=False)
        return text.encode()
    return orjson.dumps(body, option=orjson.OPT_INDENT_2 if format.pretty else 0)


def respond(context: Context, request: ApiRequest, obj: Obj, status: int = 200) -> ApiResponse:
    """The answer that carries one object of the context's kind."""
    format = accepted(request)
    revision = context.server.storage.revision
    if format == Format() and context.served.group == context.kind.group and not context.subresource:
        body = _bytes(context, obj)
    else:
        body = encode(shaped(context, obj, format), format)
    return ApiResponse(status, body, format.media, warnings=tuple(context.warnings), revision=revision)


def _bytes(context: Context, obj: Obj) -> bytes:
    if context.served.version == context.kind.version:
        return context.server.storage.encoded(context.kind, obj)
    return orjson.dumps(outward(context, obj))


def outward(context: Context, obj: Obj) -> Obj:
    """The object in the version the client asked for."""
    if context.api_version == context.kind.api_version or obj.get("kind") != context.kind.name:
        return obj
    return {**context.served.from_storage(obj), "apiVersion": context.api_version}


def shaped(context: Context, obj: Obj, format: Format) -> Obj:
    """The object as itself, as a table of one row or as its metadata."""
    obj = outward(context, obj)
    if not format.shape or obj.get("kind") == "Status":
        return obj
    if format.shape == "PartialObjectMetadataList":
        raise mismatch(context, format.shape, "not a list", "")
    if format.shape == "Table":
        columns = table.columns_of(context.kind, context.served)
        rows = [table.row(columns, obj, context.server.world.clock.now, format.include, format.version)]
        version = obj["metadata"].get("resourceVersion")
        metadata = {"resourceVersion": version} if version else {}
        return table.table(columns, rows, metadata, format.version)
    return partial(obj, format.version)


def mismatch(context: Context, shape: str, what: str, ending: str) -> errors.ApiError:
    """An object was asked for as a list, or the other way round."""
    group = context.kind.group.partition(".")[0] or "core"
    type = "*unstructured.Unstructured" if "types" in context.kind.facts else f"*{group}.{context.kind.name}"
    return errors.NotAcceptable(f"you requested {shape}, but the requested object is {what} ({type}{ending})")


def route_refusal(context: Context, request: ApiRequest, refused: errors.ApiError) -> errors.ApiError:
    """The 406 of a route, which comes before that of negotiation, for a media type that is nowhere served."""
    served = ", ".join(ACCEPTED)
    wanted = {clause.partition(";")[0].strip() for clause in request.header("accept").split(",")}
    if "types" in context.kind.facts or wanted & {*ACCEPTED, "*/*", ""}:
        return refused
    if context.verb in ("list", "watch"):
        served = ", ".join((*ACCEPTED, *STREAMED))
    return errors.NotAcceptable(f"406: Not Acceptable\n\nAvailable representations: {served}", {})


def partial(obj: Obj, version: str = META_V1) -> Obj:
    return {"kind": "PartialObjectMetadata", "apiVersion": version, "metadata": obj["metadata"]}
