"""One task: a cluster with something to be done in it, a person at a terminal who does it, and the state that tells.

The terminal is the product's own, kubectl the real binary; time is virtual and passes as fast as it can.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.control import control_of
from playground.worker.host import Host
from tests.terminal.person import Terminal, opened

MASTER, WORKER = "control-plane", "node-1"
KUBEADM, MANUAL = "kubeadm", "manual"


@dataclass(frozen=True)
class Task:
    """`given` is what the teacher prepares: lines for the terminal and manifests; `typed` is what solves it; `done` looks at
    the state and at what was read (`scene.seen`)."""

    name: str
    typed: Sequence[str]
    done: Callable[[Scene], bool]
    given: Sequence[str] = ()
    objects: str = ""
    flavour: str = KUBEADM
    nodes: int = 2
    fresh: str = ""
    """A machine that is no node yet."""
    files: Sequence[tuple[str, str, str]] = ()
    """(machine, path, text)"""


class Scene:
    """A cluster of the host, and ways to look at it."""

    def __init__(self, host: Host, task: Task) -> None:
        self.host, self.task = host, task
        self.seen = ""
        """What the person has read since the task was given."""

    @property
    def cluster(self) -> Cluster:
        engine: Any = self.host.residents["demo"].engine
        return engine.cluster  # type: ignore[no-any-return]

    @property
    def api(self) -> Any:
        return self.cluster.world.client("teacher")

    async def pass_time(self, seconds: float) -> None:
        await self.host.command("demo", "clock", {"action": "advance", "seconds": seconds})

    # ------------------------------------------------------------------------------------------------ playing

    async def prepare(self) -> None:
        wanted = {"seed": 1, "nodes": self.task.nodes, "flavour": self.task.flavour, "paused": False}
        await self.host.command("demo", "create", wanted)
        await self.host.command("demo", "clock", {"action": "run", "speed": 100.0})
        await self.pass_time(30)
        if self.task.fresh:
            await self.host.command("demo", "add-node", {"name": self.task.fresh, "joined": False})
        for machine, path, text in self.task.files:
            await self.host.command("demo", "machine-write", {"node": machine, "changes": {path: text}})
        for obj in filter(None, yaml.safe_load_all(self.task.objects)):
            namespace = {} if obj["kind"] in _CLUSTER_WIDE else {"namespace": "default"}
            self.api.create(obj["kind"], {**obj, "metadata": {**namespace, **obj["metadata"]}})
        await self.type(self.task.given)
        await self.pass_time(90)
        self.seen = ""

    async def type(self, lines: Sequence[str]) -> None:
        terminal = await opened(self.host)
        try:
            for line in lines:
                self.seen += await self.enter(terminal, line)
                await self.pass_time(5)
        finally:
            await terminal.talk.aclose()

    async def enter(self, terminal: Terminal, line: str) -> str:
        """One command, heredocs and all; answers what it printed."""
        if "\n" not in line:
            return await terminal.run(line, 60)
        await terminal.type(line.replace("\n", "\r") + "\r")
        return await terminal.until(r"\r\n[^\r\n]*root@[^\r\n]*# $", 60)

    async def solved(self, seconds: int = 240) -> bool:
        """Whether the state is as it should be, or comes to be so within this time."""
        for _ in range(seconds // 10):
            if self.task.done(self):
                return True
            await self.pass_time(10)
            await asyncio.sleep(0)
        return self.task.done(self)

    # ------------------------------------------------------------------------------------------------ looking

    def get(self, kind: str, name: str, namespace: str = "default") -> dict[str, Any]:
        return dict(self.api.get(kind, "" if kind in _CLUSTER_WIDE else namespace, name) or {})

    def is_running(self, component: str) -> bool:
        return control_of(self.cluster).is_running(component) and component not in control_of(self.cluster).mute

    def phase(self, name: str, namespace: str = "default") -> str:
        return str(self.get("Pod", name, namespace).get("status", {}).get("phase", ""))

    def is_ready(self, node: str = WORKER) -> bool:
        conditions = self.get("Node", node).get("status", {}).get("conditions", ())
        return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)

    def replicas(self, name: str, namespace: str = "default", kind: str = "Deployment") -> int:
        status = self.get(kind, name, namespace).get("status", {})
        return int(status.get("readyReplicas", 0) or status.get("numberReady", 0))

    def reaches(self, target: str, pod: str = "", namespace: str = "default") -> bool:
        """Whether a request from the pod, or from the worker, gets an answer."""
        source = {"pod": f"{namespace}/{pod}"} if pod else {"node": WORKER}
        return self.cluster.command("trace", {"from": source, "to": target}).get("response", {}).get("status") == 200

    def file(self, path: str, machine: str = MASTER) -> str:
        return str(self.cluster.command("machine-files", {"node": machine})["files"].get(path, ""))


_CLUSTER_WIDE = frozenset(
    ["Node", "Namespace", "PersistentVolume", "StorageClass", "ClusterRole", "ClusterRoleBinding", "CertificateSigningRequest", "PriorityClass", "IngressClass"]
)
