"""The conversation "port-forward": {"request": a packed portforward request}; any number of connections into one pod.

In: {"id", "port"} opens a connection, {"id", "data"}, {"id", "eof": true}. Out: {"open": true} once, then {"id", "data"},
{"id", "error": why it failed} and {"id", "end": true}. Models kubelet/pkg/cri/streaming/portforward and containerd's side of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from cluster_core.machinery.typed import Obj
from cluster_core.network.trace import REFUSED, Call, Source
from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.networking import network_of
from playground.worker.binding import Simulation
from playground.worker.pipes import End
from playground.worker.resident import Resident

from .dialogue import Dialogue
from .entrance import entered

if TYPE_CHECKING:
    from playground.worker.host import Host

_PIECE = 32 * 1024
_MOST_CONNECTIONS = 256


async def talk(host: Host, resident: Resident, args: Mapping[str, Any], end: End) -> None:
    _, pod, _ = entered(resident, args, ("portforward",))
    await end.send({"open": True})
    session = _Session(resident, pod, end)
    while (message := await end.receive()) is not None:
        await session.take(message)
        host.touched(resident)


class _Session:
    """All connections of one client into the pod."""

    def __init__(self, resident: Resident, pod: Obj, end: End) -> None:
        self._resident, self._pod, self._end = resident, pod, end
        self._open: dict[int, Dialogue] = {}

    @property
    def _cluster(self) -> Cluster:
        return cast(Simulation, self._resident.engine).cluster

    async def take(self, message: Mapping[str, Any]) -> None:
        number = message["id"]
        if "port" in message:
            await self._begin(number, message["port"])
        elif number in self._open:
            await self._go_on(number, self._open[number], message.get("data", b""), "eof" in message)

    async def _begin(self, number: int, port: int) -> None:
        self._resident.catch_up()
        failure = "too many connections" if len(self._open) >= _MOST_CONNECTIONS else self._failure(port)
        if failure:
            identity = _sandbox(self._pod)
            await self._end.send({"id": number, "error": f"error forwarding port {port} to pod {identity}, uid : {failure}"})
            return
        self._open[number] = Dialogue(lambda call: self._ask(port, call), lambda: self._cluster.now)

    async def _go_on(self, number: int, dialogue: Dialogue, data: bytes, at_end: bool) -> None:
        self._resident.catch_up()
        answer = dialogue.feed(data, at_end)
        for begin in range(0, len(answer), _PIECE):
            await self._end.send({"id": number, "data": answer[begin : begin + _PIECE]})
        if dialogue.over:
            del self._open[number]
            await self._end.send({"id": number, "end": True})

    # ------------------------------------------------------------------------------------------------ the pod

    def _failure(self, port: int) -> str:
        """Why no connection comes about, in containerd's words; "" when one does."""
        metadata = self._pod["metadata"]
        found, identity = self._resident.engine.get("Pod", metadata["namespace"], metadata["name"]), _sandbox(self._pod)
        if found is None or found["metadata"]["uid"] != metadata["uid"]:
            return f'failed to find sandbox "{identity}" in store: not found'
        outcome = self._ask(port, Call(scheme="tcp")).outcome
        if outcome in ("answered", "open"):
            return ""
        why = "connect: connection refused" if outcome == REFUSED else "i/o timeout"
        return (
            f'failed to execute portforward in network namespace "/var/run/netns/cni-{_namespace(self._pod)}": failed to connect '
            f'to localhost:{port} inside namespace "{identity}", IPv4: dial tcp4 127.0.0.1:{port}: {why} IPv6 dial tcp6 '
            f"[::1]:{port}: {why} "
        )

    def _ask(self, port: int, call: Call) -> Any:
        """From inside the pod: no policy and no rule of a node is in between."""
        metadata = self._pod["metadata"]
        network = network_of(self._cluster)
        source = Source("pod", metadata["name"], metadata["namespace"])
        return network.request(source, f"{call.scheme}://127.0.0.1:{port}{call.path}", call)


def _sandbox(pod: Obj) -> str:
    return hashlib.sha256(f"sandbox {pod['metadata']['uid']}".encode()).hexdigest()


def _namespace(pod: Obj) -> str:
    digits = hashlib.sha256(f"netns {pod['metadata']['uid']}".encode()).hexdigest()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))
