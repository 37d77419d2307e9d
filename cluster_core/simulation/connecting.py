"""Requests that the API server passes on to a kubelet: logs here; streams (exec, attach, port-forward) belong to the wire."""

from __future__ import annotations

from cluster_core.apiserver import lifecycle
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.kind import Subresource
from cluster_core.apiserver.request import ApiRequest, ApiResponse, RequestInfo
from cluster_core.apiserver.server import ApiServer
from cluster_core.kubelet.fleet import Fleet
from cluster_core.kubelet.inside import LogOptions
from cluster_core.machinery import errors
from cluster_core.machinery.timestamps import TimeError, any_time

TEXT = "text/plain"


def install(server: ApiServer, fleet: Fleet) -> None:
    """Serve pods/log; whatever was connected before serves the rest."""
    rest = server.connect

    def connect(context: Context, subresource: Subresource, info: RequestInfo, request: ApiRequest) -> ApiResponse:
        if context.kind.name == "Pod" and subresource.name == "log":
            text, _ = fleet.inside.logs(lifecycle.existing(context), log_options(request))
            return ApiResponse(200, text.encode(), TEXT, revision=server.storage.revision)
        return rest(context, subresource, info, request)

    server.connect = connect


def log_options(request: ApiRequest) -> LogOptions:
    """The query's v1.PodLogOptions. Raises BadRequest."""
    since = request.parameter("sinceTime")
    try:
        moment = any_time(since) if since else None
    except TimeError as error:
        raise errors.bad_request(str(error)) from error
    return LogOptions(
        container=request.parameter("container"),
        previous=_truth(request.parameter("previous")),
        timestamps=_truth(request.parameter("timestamps")),
        tail=_number(request, "tailLines"),
        since_seconds=_number(request, "sinceSeconds"),
        since_time=moment,
        limit_bytes=_number(request, "limitBytes"),
        stream=request.parameter("stream") or "All",
    )


def _truth(text: str) -> bool:
    return text not in ("", "0", "false", "False", "f", "F")


def _number(request: ApiRequest, name: str) -> int | None:
    text = request.parameter(name)
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise errors.bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None
