"""kubectl attach: what a container writes from now on; a shell that waits for input is talked to."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from cluster_core.kubelet.inside import LogOptions
from cluster_core.machinery.errors import ApiError
from cluster_core.machinery.typed import Obj
from cluster_core.simulation.nodes import fleet_of
from cluster_core.workloads.argv import SHELLS

from . import running
from .channels import STDERR, STDOUT, Channels
from .shell import Shell
from .status import SUCCESS

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster
    from playground.worker.simulated import Simulated

_LOOK_SECONDS = 0.3
_INTERRUPTED = 130
"""The exit code of a process that SIGINT has ended."""
_IMAGES = ("busybox", "alpine", "ubuntu", "debian", "bash")
"""Images whose own command is a shell."""


async def attach(cluster: Cluster, engine: Simulated, pod: Obj, name: str, channels: Channels) -> Obj:
    inside = fleet_of(cluster).inside
    container = _container(pod, name)
    if channels.stdin and container.get("stdin") and _is_shell(container):
        inner = inside.enter(pod, container["name"])
        shell = Shell(inner, channels, (_words(container) or ["sh"])[0], str(pod["metadata"]["name"]))
        code = await shell.talk()
        if shell.over:
            fleet_of(cluster).finish(pod, container["name"], code)
        return SUCCESS
    follow = asyncio.ensure_future(_follow(cluster, engine, pod, container["name"], channels))
    if channels.stdin and container.get("stdin") and container.get("tty"):
        interrupt = asyncio.ensure_future(_interrupted(channels))
        await asyncio.wait((follow, interrupt), return_when=asyncio.FIRST_COMPLETED)
        if interrupt.done() and interrupt.result() and not follow.done():
            fleet_of(cluster).finish(pod, container["name"], _INTERRUPTED)
        interrupt.cancel()
    return await follow


async def _interrupted(channels: Channels) -> bool:
    """Somebody at the container's terminal types Ctrl-C; False when nobody sits there any more."""
    while (data := await channels.read()) is not None:
        if b"\x03" in data:
            return True
    return False


def _container(pod: Obj, name: str) -> Obj:
    spec = pod["spec"]
    everything = (*spec["containers"], *spec.get("initContainers", ()), *spec.get("ephemeralContainers", ()))
    return next((each for each in everything if each["name"] == name), spec["containers"][0])


def _words(container: Obj) -> list[str]:
    return [*container.get("command", ()), *container.get("args", ())]


def _is_shell(container: Obj) -> bool:
    words = _words(container)
    if words:
        return words[0].rpartition("/")[2] in SHELLS and running.is_interactive(words)
    return str(container["image"]).rpartition("/")[2].partition(":")[0] in _IMAGES


async def _follow(cluster: Cluster, engine: Simulated, pod: Obj, name: str, channels: Channels) -> Obj:
    """Until the container ends or is gone."""
    metadata, after = pod["metadata"], cluster.clock.now
    while True:
        found = engine.get("Pod", metadata["namespace"], metadata["name"])
        if found is None or found["metadata"]["uid"] != metadata["uid"]:
            return SUCCESS
        after = await _tell(cluster, found, name, after, channels)
        if found.get("status", {}).get("phase") in ("Succeeded", "Failed"):
            return SUCCESS
        await asyncio.sleep(_LOOK_SECONDS)


async def _tell(cluster: Cluster, pod: Obj, name: str, after: int, channels: Channels) -> int:
    inside, last = fleet_of(cluster).inside, after
    for stream, channel in (("Stdout", STDOUT), ("Stderr", STDERR)):
        try:
            text, until = inside.logs(pod, LogOptions(name, stream=stream, after=after))
        except ApiError:  # it is between two runs
            return after
        await channels.out(text.encode(), channel)
        last = max(last, until)
    return last
