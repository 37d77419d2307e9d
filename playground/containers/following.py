"""The conversation "log": {"request": a packed GET of pods/log with follow}. Out: {"data": bytes}..., until the container ends.

Models the log endpoint of pkg/kubelet (ReadLogs with Follow). Whether it may be read has been asked before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from cluster_core.apiserver.request import parse_path
from cluster_core.kubelet.inside import Inside, LogOptions
from cluster_core.machinery.errors import ApiError
from cluster_core.machinery.typed import Obj
from cluster_core.simulation.connecting import log_options
from cluster_core.simulation.nodes import fleet_of
from playground.engine.frames import unpack_request
from playground.engine.port import EngineError
from playground.worker.binding import Simulation
from playground.worker.pipes import End
from playground.worker.resident import Resident

if TYPE_CHECKING:
    from playground.worker.host import Host

_LOOK_SECONDS = 0.3
_LISTS = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")


async def talk(host: Host, resident: Resident, args: Mapping[str, Any], end: End) -> None:
    request = unpack_request(args["request"], b"")
    info = parse_path(request.path, "GET")
    if info is None:
        raise EngineError("there is no such log", 404)
    inside = fleet_of(cast(Simulation, resident.engine).cluster).inside
    options, began = log_options(request), None
    while (pod := resident.engine.get("Pod", info.namespace, info.name)) is not None:
        name = options.container or pod["spec"]["containers"][0]["name"]
        run = _run_of(pod, name)
        began = run if began is None else began
        text, options = _next(inside, pod, options)
        if text:
            await end.send({"data": text.encode()})
        if run != began or not run[1]:
            return
        host.touched(resident)
        await asyncio.sleep(_LOOK_SECONDS)


def _run_of(pod: Obj, name: str) -> tuple[int, bool]:
    """(how often the container has been restarted, whether it runs)."""
    status = pod.get("status", {})
    found = next((each for key in _LISTS for each in status.get(key, ()) if each["name"] == name), None)
    return (found["restartCount"], "running" in found["state"]) if found else (0, False)


def _next(inside: Inside, pod: Obj, options: LogOptions) -> tuple[str, LogOptions]:
    """What has been written since, and the options for what comes after it."""
    try:
        text, until = inside.logs(pod, options)
    except ApiError:  # its node is silent, or it is between two runs
        return "", options
    return text, LogOptions(options.container, timestamps=options.timestamps, stream=options.stream, after=max(until, options.after))
