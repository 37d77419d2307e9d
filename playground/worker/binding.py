"""The real simulations (`cluster_core.simulation.Cluster`) in the shape the worker uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from cluster_core.apiserver.parts import Change
from cluster_core.apiserver.request import ApiRequest, ApiResponse
from cluster_core.machinery.errors import ApiError
from cluster_core.machinery.typed import Obj
from cluster_core.machines.park import MachinePark
from cluster_core.persistence.log import Row, Stored
from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.commands import CommandError
from cluster_core.simulation.control import COMPONENTS, control_of
from cluster_core.simulation.outside import is_looking
from cluster_core.simulation.saved import ClusterSpec, Saved
from playground.engine.port import EngineError

from .simulated import Simulated, Watching

_CONTROL_PLANE = "node-role.kubernetes.io/control-plane"


class Simulation:
    """See `simulated.Simulated`."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._client = cluster.world.client("system:playground")
        self.run = cluster.run
        self.step = cluster.step
        self.stable = cluster.stable
        self.next_due = cluster.next_due
        self.submit = cluster.submit
        self.state_hash = cluster.state_hash
        self.forget = cluster.forget
        self.limit = cluster.limit

    @property
    def revision(self) -> int:
        return self.cluster.revision

    @property
    def now(self) -> int:
        return self.cluster.now

    def watch(self, request: ApiRequest) -> Watching | ApiResponse:
        return self.cluster.watch(request)

    def command(self, name: str, args: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self.cluster.command(name, args)
        except CommandError as error:
            raise EngineError(str(error), error.status) from error
        except ApiError as error:
            raise EngineError(str(error), error.code) from error

    def remembers(self, name: str, args: Mapping[str, Any]) -> bool:
        return not is_looking(name, args)

    def take_uncommitted(self) -> tuple[Sequence[Row], int, bytes]:
        return self.cluster.take_uncommitted()

    def observe(self, callback: Callable[[Change], None]) -> None:
        self.cluster.observe(callback)

    def get(self, kind: str, namespace: str, name: str) -> Obj | None:
        return self._client.get(kind, namespace, name) if self._knows(kind) else None

    def key(self, kind: str, namespace: str, name: str) -> str | None:
        return self._client.kind(kind).key(namespace, name) if self._knows(kind) else None

    def _knows(self, kind: str) -> bool:
        try:
            self._client.kind(kind)
        except KeyError:
            return False
        return True

    def objects(self, kinds: Sequence[str]) -> Iterable[tuple[str, Obj]]:
        for kind in kinds:
            if self._knows(kind):
                for obj in self._client.list(kind):
                    yield kind, obj

    def facts(self) -> Sequence[dict[str, Any]]:
        return [*self._machines(), *self._components(), *self._demo()]

    def _machines(self) -> Iterable[dict[str, Any]]:
        park = self.cluster.parts.get("machines")
        if isinstance(park, MachinePark):
            for machine in park.machines.values():
                yield {"k": "Machine", "name": machine.name, "machine": machine.state, "kubelet": machine.kubelet}

    def _components(self) -> Iterable[dict[str, Any]]:
        """The control plane's parts: whether each is there and, as its static pod shows, ready."""
        if self.cluster.spec.bare or "control-plane" not in self.cluster.parts:
            return
        pods = {pod["metadata"].get("labels", {}).get("component"): pod for pod in self._static_pods}
        running = control_of(self.cluster).is_running
        for name in COMPONENTS:
            yield _component(name, running(name), pods.get(name))

    def _demo(self) -> Iterable[dict[str, Any]]:
        """What is replayed here, or that this is being recorded; nothing when neither is."""
        replay, recorder = self.cluster.replay, self.cluster.recorder
        if replay.entries or recorder.on:
            told = {"recording": recorder.on, "recorded": len(recorder.entries), **replay.state()}
            yield {"k": "Demo", "uid": "demo", "ns": "", "rv": "", "name": replay.title, **told}

    @property
    def _static_pods(self) -> Sequence[Obj]:
        control_plane = [
            node["metadata"]["name"]
            for node in self._client.list("Node")
            if _CONTROL_PLANE in node["metadata"].get("labels", {})
        ]
        return [pod for node in control_plane for pod in self._client.on_node("Pod", node)]


def _component(name: str, running: bool, pod: Obj | None) -> dict[str, Any]:
    conditions = {condition["type"]: condition for condition in (pod or {}).get("status", {}).get("conditions", ())}
    ready = conditions.get("Ready", {})
    return {
        "k": "Component",
        "uid": f"component-{name}",
        "ns": "",
        "rv": "",
        "name": name,
        "node": pod["spec"].get("nodeName", "") if pod else "",
        "healthy": running and (pod is None or ready.get("status") == "True"),
        "message": "stopped" if not running else ready.get("message", ""),
    }


class Builder:
    """See `host.Builder`."""

    def create(self, spec: Mapping[str, Any]) -> Simulated:
        return Simulation(Cluster.create(ClusterSpec(**spec)))

    def load(self, stored: Stored) -> Simulated:
        spec = ClusterSpec.decode(stored.record.spec)
        return Simulation(Cluster.load(Saved(spec, stored.rows, stored.revision, stored.state)))
