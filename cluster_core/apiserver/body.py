"""Request bodies: the object, the delete options, the patch."""

from __future__ import annotations

from typing import cast

from cluster_core.apiserver import decode, empties, options, schema
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.negotiate import ACCEPTED
from cluster_core.apiserver.request import ApiRequest
from cluster_core.machinery import errors
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
    check_media_type(request)
    decoded = decode.decode(
        request.body,
        request.header("content-type"),
        type_of(context),
        gvk=(context.served.group, context.served.version, context.kind.name),
        strict=context.field_validation,
    )
    context.warnings.extend(decoded.warnings)
    if "types" not in context.kind.facts and not decode.is_yaml(request.header("content-type")):
        context.sent = empties.sent(type_of(context), request.body)
    return inward(context, decoded.obj)


def read_part(context: Context, request: ApiRequest, gvk: tuple[str, str, str]) -> Obj:
    """The body of a subresource with a kind of its own."""
    check_media_type(request)
    decoded = decode.decode(
        request.body, request.header("content-type"), schema.type_of(*gvk), gvk=gvk, strict=context.field_validation
    )
    context.warnings.extend(decoded.warnings)
    return {"kind": gvk[2], "apiVersion": "/".join(filter(None, gvk[:2])), "metadata": {}, **decoded.obj}


def inward(context: Context, obj: Obj) -> Obj:
    """The storage form, with defaults, of an object in the version asked for."""
    kind = context.kind
    if "resource" in kind.facts:
        return cast(Obj, kind.facts["resource"].inward(context.served.version, obj))
    if context.api_version != kind.api_version:
        obj = {**context.served.to_storage(obj), "apiVersion": kind.api_version}
    return kind.default({**obj, "kind": kind.name, "apiVersion": kind.api_version})


def delete_options(context: Context, request: ApiRequest) -> None:
    """Fill the context's options from the body, or from the query when there is none. Raises 400, 415 and 422."""
    if request.body:
        check_media_type(request)
        found = decode.decode_options(request.body, request.header("content-type"))
    else:
        found = options.query_delete_options(request)
    options.check_delete_options(found)
    context.dry_run = "All" in found.get("dryRun", ())
    context.options = found


def check_media_type(request: ApiRequest) -> None:
    """Raises 415 for a body in a format the server does not read."""
    media = request.header("content-type").partition(";")[0].strip().lower()
    if media and media not in ACCEPTED:
        raise errors.unsupported_media_type(ACCEPTED)
