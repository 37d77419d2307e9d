"""Whether a node takes a pod that was bound to it. Models pkg/kubelet/lifecycle/predicate.go: the resources, the host
ports and the node's name and labels are checked once more."""

from __future__ import annotations

from typing import Any

from cluster_core.kubelet import status as states
from cluster_core.kubelet.staticpods import MIRROR
from cluster_core.kubelet.work import Work
from cluster_core.machinery import selectors
from cluster_core.machinery.quantity import milli, value
from cluster_core.machinery.typed import Obj


def refusal(work: Work) -> tuple[str, str] | None:
    """(reason, message) why the pod cannot run here; None when it can."""
    held = _under_pressure(work)
    if held:
        return held
    if any(c["type"] == "PodScheduled" for c in work.pod.get("status", {}).get("conditions", ())):
        return None  # the scheduler has just counted the same
    node = work.fleet.api.get("Node", "", work.machine.name)
    if node is None:
        return None
    wanted = requests(work.pod)
    others = work.fleet.api.on_node("Pod", work.machine.name)
    crowd = len(others)
    allocatable = node.get("status", {}).get("allocatable", {})
    if crowd > value(allocatable.get("pods", "110")):
        return _lacking(work, "pods", 1, crowd - 1, value(allocatable["pods"]))
    lacking = _short_of(work, wanted, others, allocatable) if wanted else None
    if lacking is not None:
        return lacking
    if not _matches(work.pod, node):
        return _unfit("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")
    if _port_taken(work.pod, others):
        return _unfit("NodePorts", "node(s) didn't have free ports for the requested pod ports")
    return None


def _unfit(predicate: str, why: str) -> tuple[str, str]:
    return predicate, f"Pod was rejected: Predicate {predicate} failed: {why}"


def _matches(pod: Obj, node: Obj) -> bool:
    """Whether the node is one that the pod's selector and required affinity allow."""
    labels, spec = node["metadata"].get("labels", {}), pod["spec"]
    if any(labels.get(key) != value for key, value in spec.get("nodeSelector", {}).items()):
        return False
    affinity = spec.get("affinity", {}).get("nodeAffinity", {}).get("requiredDuringSchedulingIgnoredDuringExecution")
    return affinity is None or selectors.compile_node_terms(affinity.get("nodeSelectorTerms"))(labels, node["metadata"]["name"])


def _port_taken(pod: Obj, others: list[Obj]) -> bool:
    """Whether another pod has a port of the host that this one wants."""
    wanted = _host_ports(pod)
    if not wanted:
        return False
    taken = [port for other in others if other["metadata"]["uid"] != pod["metadata"]["uid"] and not states.has_ended(other) for port in _host_ports(other)]
    return any(mine[1:] == theirs[1:] and (mine[0] == theirs[0] or ANY in (mine[0], theirs[0])) for mine in wanted for theirs in taken)


ANY = "0.0.0.0"


def _host_ports(pod: Obj) -> list[tuple[str, str, int]]:
    """(address, protocol, port) of the host that the pod's containers want."""
    ports = (port for container in pod["spec"]["containers"] for port in container.get("ports", ()) if port.get("hostPort"))
    return [(port.get("hostIP") or ANY, port.get("protocol", "TCP"), port["hostPort"]) for port in ports]


SYSTEM_CRITICAL = 2_000_000_000


def is_critical(pod: Obj) -> bool:
    """Static pods and those of system-critical priority are admitted and never evicted. Models IsCriticalPod."""
    if MIRROR in pod["metadata"].get("annotations", {}):
        return True
    return int(pod["spec"].get("priority", 0)) >= SYSTEM_CRITICAL


def request_of(pod: Obj, resource: str) -> int:
    """What the pod asks for of one resource, cpu in thousandths."""
    return requests(pod).get(resource, 0)


def _under_pressure(work: Work) -> tuple[str, str] | None:
    """A node under pressure takes no more pods; one short of memory only still takes those that have requests."""
    pressure = work.machine.pressure
    if not pressure or is_critical(work.pod):
        return None
    best_effort = work.pod.get("status", {}).get("qosClass") == "BestEffort"
    if list(pressure) == ["MemoryPressure"] and (not best_effort or _tolerates_memory_pressure(work.pod)):
        return None
    return "Evicted", f"Pod was rejected: The node had condition: [{' '.join(pressure)}]. "


def _tolerates_memory_pressure(pod: Obj) -> bool:
    """DaemonSets' pods do."""
    return any(
        toleration.get("key") in (None, "", _MEMORY_TAINT)
        and toleration.get("effect") in (None, "", "NoSchedule")
        and (toleration.get("operator") == "Exists" or not toleration.get("value"))
        for toleration in pod["spec"].get("tolerations", ())
    )


_MEMORY_TAINT = "node.kubernetes.io/memory-pressure"


def _short_of(work: Work, wanted: dict[str, int], others: list[Obj], allocatable: Obj) -> tuple[str, str] | None:
    uid = work.uid
    used: dict[str, int] = {}
    for pod in others:
        if pod["metadata"]["uid"] != uid and pod.get("status", {}).get("phase") not in states.ENDED:
            for name, amount in requests(pod).items():
                used[name] = used.get(name, 0) + amount
    for name, amount in wanted.items():
        capacity = milli(allocatable.get(name, "0")) if name == "cpu" else value(allocatable.get(name, "0"))
        if amount + used.get(name, 0) > capacity:
            return _lacking(work, name, amount, used.get(name, 0), capacity)
    return None


def _lacking(work: Work, name: str, requested: int, used: int, capacity: int) -> tuple[str, str]:
    text = f"Node didn't have enough resource: {name}, requested: {requested}, used: {used}, capacity: {capacity}"
    return f"OutOf{name}", f"Pod was rejected: {text}"


def requests(pod: Obj) -> dict[str, int]:
    """What the pod asks for: the sum of its containers or the largest init container; cpu in thousandths."""
    spec = pod["spec"]
    total: dict[str, int] = {}
    for container in spec["containers"]:
        for name, amount in _of(container).items():
            total[name] = total.get(name, 0) + amount
    for container in spec.get("initContainers", ()):
        if states.is_sidecar(container):
            for name, amount in _of(container).items():
                total[name] = total.get(name, 0) + amount
        else:
            for name, amount in _of(container).items():
                total[name] = max(total.get(name, 0), amount)
    return total


def _of(container: Obj) -> dict[str, int]:
    found: Any = container.get("resources", {}).get("requests") or {}
    return {name: milli(amount) if name == "cpu" else value(amount) for name, amount in found.items()}
