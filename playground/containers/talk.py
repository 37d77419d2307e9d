"""The conversation "container": {"request": a packed exec or attach request, "half_close": whether "eof" may come}.

In: {"stdin": bytes}, {"eof": true}. Out: {"open": true}, {"channel", "data"}..., {"status": v1.Status} as the last one.
Models kubelet/pkg/cri/streaming/remotecommand/exec.go and attach.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from cluster_core.apiserver.request import ApiRequest
from cluster_core.machinery.errors import ApiError
from cluster_core.machinery.typed import Obj
from cluster_core.simulation.nodes import fleet_of
from playground.worker.binding import Simulation
from playground.worker.pipes import End
from playground.worker.resident import Resident

from . import attaching, running
from .channels import Channels
from .entrance import entered
from .status import failure

if TYPE_CHECKING:
    from playground.worker.host import Host


async def talk(host: Host, resident: Resident, args: Mapping[str, Any], end: End) -> None:
    verb, pod, request = entered(resident, args, ("exec", "attach"))
    await end.send({"open": True})
    channels = Channels(end, request, bool(args.get("half_close")))
    serve = _exec if verb == "exec" else _attach
    try:
        status = await serve(resident, pod, request, channels)
    except ApiError as error:
        status = failure(str(error), error.code)
    host.touched(resident)
    await end.send({"status": status})


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
