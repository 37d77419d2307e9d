"""Whether a node takes a pod that was bound to it.

Models the admit handlers of pkg/kubelet in their order: pressure, kernel parameters, then lifecycle/predicate.go, which checks the
resources, the node's name and labels, the host ports and the taints once more. Of several reasons the first is told; a critical
pod makes room instead of being refused for lack of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cluster_core.kubelet import preemption, sysctls
from cluster_core.kubelet import status as states
from cluster_core.kubelet.preemption import is_critical
from cluster_core.kubelet.staticpods import is_static
from cluster_core.kubelet.work import Work
from cluster_core.machinery import podrequests, selectors
from cluster_core.machinery.taints import no_execute, tolerated
from cluster_core.machinery.typed import Obj


class Refusal(NamedTuple):
    """Why the pod cannot run here; `missing` of a resource, when it is that."""

    reason: str
    message: str
    resource: str = ""
    missing: int = 0


class Wait(Exception):
    """The pod will be admitted when others have ended."""


def refusal(work: Work) -> Refusal | None:
    """Why the pod cannot run here; None when it can. Raises Wait."""
    held = _under_pressure(work)
    if held is not None:
        return held
    forbidden = sysctls.problem(work.pod, work.machine.settings.get("unsafeSysctls", ()))
    if forbidden:
        return Refusal("SysctlForbidden", forbidden)
    node = work.fleet.api.get("Node", "", work.machine.name)
    if node is None:
        return None
    wrong_system = _wrong_system(work.pod)
    if wrong_system is not None:
        return wrong_system
    reasons = list(_reasons(work, node))
    return _critical(work, reasons) if reasons and is_critical(work.pod) else next(iter(reasons), None)


def _critical(work: Work, reasons: list[Refusal]) -> Refusal | None:
    """What becomes of a critical pod: refused for what nobody's going would change, else there will be room."""
    others = [each for each in reasons if not each.resource]
    if others:
        return others[0]
    try:
        preemption.make_room(work, {each.resource: each.missing for each in reasons})
    except preemption.Hopeless as error:
        return Refusal("UnexpectedAdmissionError", f"Unexpected error while attempting to recover from admission failure: {error}")
    raise Wait


# ------------------------------------------------------------------------------------------------ pressure


def _under_pressure(work: Work) -> Refusal | None:
    """A node under pressure takes no more pods; one short of memory only still takes those that have requests."""
    pressure = work.machine.pressure
    if not pressure or is_critical(work.pod):
        return None
    best_effort = work.pod.get("status", {}).get("qosClass") == "BestEffort"
    if list(pressure) == ["MemoryPressure"] and (not best_effort or tolerated(work.pod["spec"].get("tolerations", ()), _MEMORY_TAINT)):
        return None
    return Refusal("Evicted", f"The node had condition: [{' '.join(pressure)}]. ")


_MEMORY_TAINT = {"key": "node.kubernetes.io/memory-pressure", "effect": "NoSchedule"}


# ------------------------------------------------------------------------------------------------ predicates

_SYSTEM = "linux"


def _wrong_system(pod: Obj) -> Refusal | None:
    """Pods of another operating system."""
    if pod["metadata"].get("labels", {}).get("kubernetes.io/os", _SYSTEM) != _SYSTEM:
        text = "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label"
        return Refusal("PodOSSelectorNodeLabelDoesNotMatch", text)
    if pod["spec"].get("os", {}).get("name", _SYSTEM) != _SYSTEM:
        return Refusal("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS")
    return None


def _reasons(work: Work, node: Obj) -> Iterator[Refusal]:
    pod, others = work.pod, work.fleet.shares.on(work.machine.name)
    room = node.get("status", {}).get("allocatable", {})
    yield from _lacking(pod, others.without(work.uid), len(others.pods) - (work.uid in others.pods), room)
    if not _matches(pod, node):
        yield _unfit("NodeAffinity", "node(s) didn't match Pod's node affinity/selector")
    if _port_taken(work):
        yield _unfit("NodePorts", "node(s) didn't have free ports for the requested pod ports")
    if not is_static(pod) and not all(tolerated(pod["spec"].get("tolerations", ()), taint) for taint in no_execute(node)):
        yield _unfit("TaintToleration", "node(s) had taints that the pod didn't tolerate")


def _unfit(predicate: str, why: str) -> Refusal:
    return Refusal(predicate, f"Predicate {predicate} failed: {why}")


def _lacking(pod: Obj, used: podrequests.Lookup, count: int, allocatable: Obj) -> Iterator[Refusal]:
    """The resources of which too little is left, in the order of noderesources.Fits."""
    most = podrequests.amount("pods", allocatable.get("pods", "110"))
    if count + 1 > most:
        yield _short("pods", 1, count, most)
    short = []
    for name, amount in podrequests.requests(pod["spec"]).items():
        if amount and (name in allocatable or not _is_extended(name)):
            capacity = podrequests.amount(name, allocatable.get(name, "0"))
            if amount > capacity - used.get(name, 0):
                short.append(_short(name, amount, used.get(name, 0), capacity))
    yield from sorted(short, key=lambda refusal: _rank(refusal.resource))


_FIRST = ("cpu", "memory", "ephemeral-storage")


def _rank(name: str) -> tuple[int, str]:
    return (_FIRST.index(name), "") if name in _FIRST else (len(_FIRST), name)


def _is_extended(name: str) -> bool:
    """A resource that only some nodes know."""
    return "/" in name and not name.partition("/")[0].endswith("kubernetes.io")


def _short(name: str, requested: int, used: int, capacity: int) -> Refusal:
    text = f"Node didn't have enough resource: {name}, requested: {requested}, used: {used}, capacity: {capacity}"
    return Refusal(f"OutOf{name}", text, name, requested - (capacity - used))


def _matches(pod: Obj, node: Obj) -> bool:
    """Whether the node is one that the pod's selector and required affinity allow."""
    labels, spec = node["metadata"].get("labels", {}), pod["spec"]
    if any(labels.get(key) != value for key, value in spec.get("nodeSelector", {}).items()):
        return False
    affinity = spec.get("affinity", {}).get("nodeAffinity", {}).get("requiredDuringSchedulingIgnoredDuringExecution")
    return affinity is None or selectors.compile_node_terms(affinity.get("nodeSelectorTerms"))(labels, node["metadata"]["name"])


def _port_taken(work: Work) -> bool:
    """Whether another pod has a port of the host that this one wants."""
    wanted = _host_ports(work.pod)
    if not wanted:
        return False
    there = work.fleet.shares.on(work.machine.name).pods
    others = (pod for pod in work.fleet.api.on_node("Pod", work.machine.name) if pod["metadata"]["uid"] in there)
    taken = [port for other in others if other["metadata"]["uid"] != work.uid for port in _host_ports(other)]
    return any(mine[1:] == theirs[1:] and (mine[0] == theirs[0] or ANY in (mine[0], theirs[0])) for mine in wanted for theirs in taken)


ANY = "0.0.0.0"


def _host_ports(pod: Obj) -> list[tuple[str, str, int]]:
    """(address, protocol, port) of the host that the pod's containers want."""
    spec = pod["spec"]
    containers = [*spec["containers"], *(each for each in spec.get("initContainers", ()) if states.is_sidecar(each))]
    ports = (port for container in containers for port in container.get("ports", ()) if port.get("hostPort"))
    return [(port.get("hostIP") or ANY, port.get("protocol", "TCP"), port["hostPort"]) for port in ports]
