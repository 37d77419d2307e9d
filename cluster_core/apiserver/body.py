"""Request bodies: the object, the delete options, the patch."""

from __future__ import annotations

from typing import Any

from cluster_core.apiserver import decode, schema
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.request import ApiRequest
from cluster_core.machinery.typed import Obj, Type


def type_of(context: Context) -> Type:
    """The type of the kind in the version asked for."""
    dynamic = context.kind.facts.get("types")
    if dynamic is not None:
        found: Type = dynamic[context.served.version]
        return found
    return schema.type_of(context.served.group, context.served.version, context.kind.name)


def read_object(context: Context, request: ApiRequest) -> Obj:
    """The object in the body: decoded, checked against its type, with defaults, in its storage version."""
    decoded = decode.decode(
        request.body,
        request.header("content-type"),
        type_of(context),
        gvk=(context.served.group, context.served.version, context.kind.name),
        strict=context.field_validation,
    )
    context.warnings.extend(decoded.warnings)
    return inward(context, decoded.obj)


def inward(context: Context, obj: Obj) -> Obj:
    """The storage form, with defaults, of an object in the version asked for."""
    kind = context.kind
    if context.api_version != kind.api_version:
        obj = {**context.served.to_storage(obj), "apiVersion": kind.api_version}
    return kind.default({**obj, "kind": kind.name, "apiVersion": kind.api_version})


def delete_options(context: Context, request: ApiRequest) -> None:
    """Fill the context's options from the body, or from the query when there is none."""
    if request.body.strip():
        options = decode.decode_options(request.body, request.header("content-type"))
        context.dry_run = "All" in options.get("dryRun", ())
    else:
        options = _query_options(request)
    context.options = options


def _query_options(request: ApiRequest) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if request.parameter("gracePeriodSeconds").lstrip("-").isdigit():
        options["gracePeriodSeconds"] = int(request.parameter("gracePeriodSeconds"))
    if request.parameter("propagationPolicy"):
        options["propagationPolicy"] = request.parameter("propagationPolicy")
    if request.parameter("orphanDependents"):
        options["orphanDependents"] = request.parameter("orphanDependents") == "true"
    return options
