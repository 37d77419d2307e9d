"""Requests that the API server passes on to a kubelet: logs here; of streams (exec, attach,
port-forward) only whether they may be opened: they themselves belong to the wire."""

from __future__ import annotations

from cluster_core.apiserver import lifecycle
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.kind import Subresource
from cluster_core.apiserver.request import ApiRequest, ApiResponse, RequestInfo
from cluster_core.apiserver.server import ApiServer
from cluster_core.kubelet.fleet import Fleet
from cluster_core.kubelet.inside import LogOptions
from cluster_core.machinery import errors, field
from cluster_core.machinery.timestamps import TimeError, any_time
from cluster_core.machinery.typed import Obj

TEXT = "text/plain"


def install(server: ApiServer, fleet: Fleet) -> None:
    """Serve pods/log; whatever was connected before serves the rest."""
    rest = server.connect

    def connect(context: Context, subresource: Subresource, info: RequestInfo, request: ApiRequest) -> ApiResponse:
        if context.kind.name == "Pod" and subresource.name == "log":
            pod, options = lifecycle.existing(context), log_options(request)
            _check_log_options(pod, options)
            if not pod["spec"].get("nodeName"):
                fleet.inside.container_of(pod, options.container)
                return ApiResponse(204, b"", TEXT)
            text, _ = fleet.inside.logs(pod, options)
            return ApiResponse(200, text.encode(), TEXT, revision=server.storage.revision)
        if context.kind.name == "Pod" and subresource.name in ("exec", "attach", "portforward"):
            return _opened(fleet, lifecycle.existing(context), subresource.name, request)
        return rest(context, subresource, info, request)

    server.connect = connect


def _opened(fleet: Fleet, pod: Obj, verb: str, request: ApiRequest) -> ApiResponse:
    """Whether a stream may be opened: 101, after which whoever speaks the protocol goes on. Raises ApiError."""
    if verb == "portforward":
        fleet.inside.check_door(pod, verb)
    else:
        if not pod["spec"].get("nodeName"):
            raise errors.bad_request(f"pod {pod['metadata']['name']} does not have a host assigned")
        _check_streams(request)
        fleet.inside.check_entrance(pod, request.parameter("container"), verb)
    upgrade = request.header("upgrade").lower()
    if upgrade == "websocket":
        return ApiResponse(101, b"")
    if upgrade.startswith("spdy"):
        raise errors.bad_request("unable to upgrade: only websockets are served here, not SPDY")
    raise errors.bad_request("Upgrade request required")


def _check_streams(request: ApiRequest) -> None:
    if not any(_truth(request.parameter(name)) for name in ("stdin", "stdout", "stderr")):
        raise errors.bad_request("you must specify at least 1 of stdin, stdout, stderr")


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


def _check_log_options(pod: Obj, options: LogOptions) -> None:
    """Models ValidatePodLogOptions. Raises Invalid."""
    problems: field.Errors = []
    if options.tail is not None and options.tail < 0:
        problems.append(field.invalid("tailLines", options.tail, "must be greater than or equal to 0"))
    if options.limit_bytes is not None and options.limit_bytes < 1:
        problems.append(field.invalid("limitBytes", options.limit_bytes, "must be greater than 0"))
    if options.since_seconds is not None and options.since_time is not None:
        problems.append(field.forbidden("[]", "at most one of `sinceTime` or `sinceSeconds` may be specified"))
    elif options.since_seconds is not None and options.since_seconds < 1:
        problems.append(field.invalid("sinceSeconds", options.since_seconds, "must be greater than 0"))
    if problems:
        raise errors.invalid("", "PodLogOptions", pod["metadata"]["name"], problems)


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
