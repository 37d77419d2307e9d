"""The conversation "container": {"request": a packed exec or attach request, "half_close": whether "eof" may come}.

In: {"stdin": bytes}, {"eof": true}. Out: {"open": true}, {"channel", "data"}..., {"status": v1.Status} as the last one.
Models kubelet/pkg/cri/streaming/remotecommand/exec.go and attach.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from cluster_core.apiserver.request import ApiRequest, parse_path
from cluster_core.machinery.errors import ApiError
from cluster_core.machinery.typed import Obj
from cluster_core.simulation.nodes import fleet_of
from playground.engine.frames import unpack_request
from playground.engine.port import EngineError
from playground.worker.binding import Simulation
from playground.worker.pipes import End
from playground.worker.resident import Resident

from . import attaching, running
from .channels import Channels
from .status import failure

if TYPE_CHECKING:
    from playground.worker.host import Host


async def talk(host: Host, resident: Resident, args: Mapping[str, Any], end: End) -> None:
    request = unpack_request(args["request"], b"")
    info = parse_path(request.path, "GET")
    if info is None or info.subresource not in ("exec", "attach"):
        raise EngineError("there is no such stream", 404)
    _allowed(resident, request)
    pod = resident.engine.get("Pod", info.namespace, info.name)
    if pod is None:
        raise EngineError(f'pods "{info.name}" not found', 404)
    await end.send({"open": True})
    channels = Channels(end, request, bool(args.get("half_close")))
    serve = _exec if info.subresource == "exec" else _attach
    try:
        status = await serve(resident, pod, request, channels)
    except ApiError as error:
        status = failure(str(error), error.code)
    host.touched(resident)
    await end.send({"status": status})


def _allowed(resident: Resident, request: ApiRequest) -> None:
    """Both for reading, which a websocket's GET is, and for creating, which it amounts to. Raises EngineError."""
    for method in ("GET", "POST"):
        answer = resident.engine.submit(replace(request, method=method))
        if answer.status != 101:
            raise EngineError(str(answer.json().get("message", "refused")), answer.status)


async def _exec(resident: Resident, pod: Obj, request: ApiRequest, channels: Channels) -> Obj:
    cluster = cast(Simulation, resident.engine).cluster
    name = request.parameter("container") or pod["spec"]["containers"][0]["name"]
    inner = fleet_of(cluster).inside.enter(pod, name)
    try:
        return await running.run(inner, pod, request.parameters("command"), channels)
    finally:
        fleet_of(cluster).disturb(pod, name)


async def _attach(resident: Resident, pod: Obj, request: ApiRequest, channels: Channels) -> Obj:
    cluster = cast(Simulation, resident.engine).cluster
    return await attaching.attach(cluster, resident.engine, pod, request.parameter("container"), channels)
