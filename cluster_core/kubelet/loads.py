"""How heavy the nodes are: what their containers take of memory and disk, so that nobody has to look at pods that just run.

The memory of a node's containers is summed up from change to change; the sum is made anew when a node is first asked about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cluster_core.apiserver.parts import object_key
from cluster_core.kubelet import settings, thresholds
from cluster_core.kubelet import status as states
from cluster_core.kubelet.memory import next_due
from cluster_core.kubelet.work import Work
from cluster_core.machinery import quantity
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.typed import Obj

if TYPE_CHECKING:
    from cluster_core.kubelet.fleet import Fleet

INTERVAL = 10 * SECOND
"""How often an eviction manager looks."""
SYSTEM_MEMORY = 420 << 20
"""Bytes that kubelet, container runtime and the system itself take; on a small machine an eighth of it."""
Taken = dict[str, tuple[int, int]]
"""Container -> (bytes of memory, bytes of disk)."""


def overhead(machine: Any) -> int:
    """Bytes of memory taken by others than pods."""
    system = min(SYSTEM_MEMORY, settings.capacity(machine, "memory") // 8)
    return system + quantity.value(machine.load.get("memory", "0"))


class Loads:
    """The sums of all nodes."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._nodes: dict[str, dict[str, dict[str, int]]] = {}
        self._sums: dict[str, int] = {}

    def started(self, work: Work, name: str, size: int) -> None:
        """A container that takes so many bytes of memory runs now: see whether the node bears it."""
        node = work.machine.name
        if node not in self._nodes:
            self._count(node)
        self._put(node, work.uid, name, size)
        if work.machine.crossed or self._sums[node] > thresholds.room(work.machine, overhead(work.machine)):
            self.look(node, INTERVAL)

    def look(self, node: str, delay: int = 0) -> None:
        """Let the node's eviction manager look after so many microseconds."""
        self._fleet.world.agenda.soon(self._fleet.name, f"{node}|pressure", delay / SECOND)

    def weigh(self, node: str) -> None:
        """What the node's pods or others use has changed: let its eviction manager look."""
        if self._fleet.well_machine(node) is not None:
            self.look(node)

    def written(self, pod: Obj) -> None:
        """Let the eviction manager see what a command may have put on the pod's disk."""
        fleet = self._fleet
        if any(fleet.workloads.disk(launch, started) for _, launch, started in fleet.inside.running(pod)):
            known = fleet.memory_of(pod)
            known["disk"] = fleet.clock.now + INTERVAL
            fleet.plan(pod["spec"]["nodeName"], object_key(pod), *next_due(known, fleet.clock.now))

    def _put(self, node: str, uid: str, name: str, size: int) -> None:
        containers = self._nodes[node].setdefault(uid, {})
        self._sums[node] += size - containers.get(name, 0)
        containers[name] = size

    def _count(self, node: str) -> None:
        self._nodes[node], self._sums[node] = {}, 0
        for pod in self._fleet.api.on_node("Pod", node):
            for name, (size, _) in taken(self._fleet, pod).items():
                self._put(node, pod["metadata"]["uid"], name, size)

    def ended(self, node: str, uid: str, name: str) -> None:
        """The container does not run any more."""
        containers = self._nodes.get(node, {}).get(uid)
        if containers is not None:
            self._sums[node] -= containers.pop(name, 0)
        self._relieved(node)

    def gone(self, node: str, uid: str) -> None:
        """The pod is no longer on the node."""
        containers = self._nodes.get(node, {}).pop(uid, None)
        if containers:
            self._sums[node] -= sum(containers.values())
        self._relieved(node)

    def _relieved(self, node: str) -> None:
        """Something may have become free, counted here or not yet: a threshold may be crossed no longer."""
        machine = self._fleet.well_machine(node)
        if machine is not None and machine.crossed:
            self.look(node, INTERVAL)

    def forget(self, node: str) -> None:
        """To be counted anew."""
        self._nodes.pop(node, None)
        self._sums.pop(node, None)

    def clear(self) -> None:
        self._nodes.clear()
        self._sums.clear()


def taken(fleet: Fleet, pod: Obj) -> Taken:
    """What each running container of the pod takes now."""
    found: Taken = {}
    for name, launch, started in fleet.inside.running(pod):
        files = disk_of(fleet, launch, started)
        found[name] = fleet.workloads.memory(launch, started), sum(files.values())
    return found


def disk_of(fleet: Fleet, launch: Any, started: int) -> dict[str, int]:
    """Bytes on disk by path, of the large files that are there now."""
    return {path: size for at, path, size in fleet.workloads.disk(launch, started) if at <= fleet.clock.now}


def is_active(pod: Obj) -> bool:
    """Whether anything of the pod may run."""
    status = pod.get("status", {})
    return "startTime" in status and status.get("phase") not in states.ENDED
