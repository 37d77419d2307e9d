"""Subresources other than status and scale: those a kind brings itself."""

from __future__ import annotations

from typing import Any

from cluster_core.apiserver import identity, lifecycle, negotiate, options, routing, scale
from cluster_core.apiserver.admission.chain import Attributes
from cluster_core.apiserver.body import read_part
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.kind import Subresource
from cluster_core.apiserver.request import ApiRequest, ApiResponse, RequestInfo
from cluster_core.machinery import errors


def is_part(context: Context) -> bool:
    """Whether the subresource is a view of the whole object, got and written like the object."""
    found = context.kind.subresource(context.subresource)
    return found is not None and found.prepare is not None


def answer(context: Context, info: RequestInfo, request: ApiRequest) -> ApiResponse:
    """Serve one request for a subresource."""
    if info.subresource == "scale" and context.kind.scale is not None:
        return scale.answer(context, request)
    found = context.kind.subresource(info.subresource)
    if found is None:
        raise errors.generic_not_found()
    if context.verb not in found.verbs and not (request.method == "OPTIONS" and found.name in routing.WITH_TAIL):
        raise errors.method_not_allowed()
    if found.call is None:
        _admit_connection(context, found, request)
        return context.server.connect(context, found, info, request)
    negotiate.accepted(request)
    options.read_write_options(context, request, "CreateOptions" if request.method == "POST" else "UpdateOptions")
    body = read_part(context, request, (found.group, found.version, found.kind)) if request.method != "GET" else None
    if request.method == "PUT":
        identity.check_names(context, body or {})
    if found.kind in _NAMING and body is not None and body["metadata"].get("name", "") != context.name:
        raise errors.bad_request(f"name in URL does not match name in {found.kind} object")
    parent = lifecycle.existing(context)
    status = 201 if request.method == "POST" else 200
    return negotiate.respond(context, request, found.call(context, parent, body), status)


_STREAMS = {"exec": "PodExecOptions", "attach": "PodAttachOptions", "portforward": "PodPortForwardOptions", "proxy": "PodProxyOptions"}
_NAMING = ("Binding", "Eviction")
"""Kinds of bodies that name the object, which is compared before it is looked for."""
_LISTS = frozenset(("command", "ports"))
_TEXTS = frozenset(("container", "path"))


def _admit_connection(context: Context, subresource: Subresource, request: ApiRequest) -> None:
    """Opening a stream goes through admission, with what is asked for as the object. Raises ApiError."""
    name = _STREAMS.get(subresource.name)
    if name is None or context.kind.name != "Pod":
        return
    asked: dict[str, Any] = {"kind": name, "apiVersion": "v1"}
    for key in dict(request.query):
        if key in _LISTS:
            asked[key] = request.parameters(key)
        else:
            asked[key] = request.parameter(key) if key in _TEXTS else request.parameter(key) not in ("", "0", "false")
    attributes = Attributes("CONNECT", context, asked)
    context.server.admission.admit(attributes)
    context.server.admission.validate(attributes)
