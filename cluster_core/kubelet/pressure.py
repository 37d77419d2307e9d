"""A node that runs out of memory, disk or process numbers: its conditions, and which pods have to go.

Models pkg/kubelet/eviction (eviction_manager.go, helpers.go): one pod at a time, ten seconds apart; those that use more than
they have requested first, then by priority, then by how much more. Nobody looks as long as nothing changes. What is too little
is for `thresholds` to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cluster_core.kubelet import imagestore, registration, settings, thresholds
from cluster_core.kubelet.loads import INTERVAL, Taken, is_active, overhead, taken
from cluster_core.kubelet.preemption import is_critical
from cluster_core.kubelet.stopping import grace_of
from cluster_core.kubelet.sync import evict
from cluster_core.kubelet.thresholds import Met
from cluster_core.kubelet.work import Work
from cluster_core.machinery import podrequests, quantity
from cluster_core.machinery.typed import Obj

if TYPE_CHECKING:
    from cluster_core.kubelet.fleet import Fleet

_RESOURCES = {"MemoryPressure": "memory", "DiskPressure": "ephemeral-storage", "PIDPressure": "pids"}
_SYSTEM_STORAGE, _SYSTEM_PIDS = 4 << 30, 180
"""What the system itself takes: bytes of disk, processes."""
HARD_GRACE = 1
"""Seconds that a hard eviction leaves."""

Usage = Mapping[str, tuple[Obj, Taken]]
"""Pod uid -> (pod, what its containers take)."""


def look(fleet: Fleet, machine: Any) -> None:
    """One round of the node's eviction manager."""
    usage = {pod["metadata"]["uid"]: (pod, taken(fleet, pod)) for pod in _pods(fleet, machine)}
    crossed = thresholds.crossed(machine, _observe(fleet, machine, usage))
    driving = thresholds.note(machine, crossed, fleet.clock.now)
    _take_note(fleet, machine, [met.threshold.condition for met in crossed])
    due = thresholds.next_grace(machine, crossed)
    if due is not None:
        fleet.loads.look(machine.name, due - fleet.clock.now)
    if driving:
        _reclaim(fleet, machine, driving[0], usage)


def _reclaim(fleet: Fleet, machine: Any, met: Met, usage: Usage) -> None:
    """Make room: by images that nobody uses, else at the cost of a pod."""
    condition = met.threshold.condition
    node = fleet.api.get("Node", "", machine.name)
    if node is not None:
        fleet.event(node, "Warning", "EvictionThresholdMet", f"Attempting to reclaim {_RESOURCES[condition]}")
    if condition == "DiskPressure" and _remove_images(fleet, machine) and thresholds.reclaimed(machine, _observe(fleet, machine, usage)):
        fleet.loads.look(machine.name)
    elif _evict_one(fleet, machine, met, usage):
        fleet.loads.look(machine.name, INTERVAL)


def _pods(fleet: Fleet, machine: Any) -> list[Obj]:
    return [pod for pod in fleet.api.on_node("Pod", machine.name) if is_active(pod)]


# ------------------------------------------------------------------------------------------------ seeing


def _observe(fleet: Fleet, machine: Any, usage: Usage) -> thresholds.Observations:
    memory = sum(size for _, containers in usage.values() for size, _ in containers.values())
    disk = sum(size for _, containers in usage.values() for _, size in containers.values())
    images = sum(fleet.workloads.find(reference).size for reference in machine.images)
    storage = disk + images + _SYSTEM_STORAGE + quantity.value(machine.load.get("storage", "0"))
    pids = sum(len(containers) for _, containers in usage.values()) + _SYSTEM_PIDS + quantity.value(machine.load.get("pids", "0"))
    return thresholds.observe(machine, memory, storage, pids, overhead(machine))


def _take_note(fleet: Fleet, machine: Any, seen: Sequence[str]) -> None:
    """Bring the node's conditions up to date; one stays for a while after its pressure is gone."""
    now, period = fleet.clock.now, settings.transition_period(machine)
    before = set(machine.pressure)
    for type in seen:
        machine.pressure[type] = 0
    for type, last in list(machine.pressure.items()):
        if type not in seen and last == 0:
            last = machine.pressure[type] = now
        if last and last + period <= now:
            del machine.pressure[type]
        elif last:
            fleet.loads.look(machine.name, last + period - now)
    if before != set(machine.pressure):
        _show(fleet, machine, before)


def _show(fleet: Fleet, machine: Any, before: set[str]) -> None:
    node = fleet.api.get("Node", "", machine.name)
    if node is None:
        return
    now = fleet.clock.timestamp()
    status = {**node["status"], "conditions": registration.conditions(now, node["status"], machine.pressure)}
    fleet.api.update_status("Node", {**node, "status": status})
    for type, words in registration.PRESSURES.items():
        if (type in before) != (type in machine.pressure):
            reason = f"Node{words[type in machine.pressure][0]}"
            fleet.event(node, "Normal", reason, f"Node {machine.name} status is now: {reason}")


def _remove_images(fleet: Fleet, machine: Any) -> bool:
    """Delete the images that no pod on the node uses; answers whether there were any."""
    used = set()
    for pod in fleet.api.on_node("Pod", machine.name):
        status = pod.get("status", {})
        for key in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
            used |= {each["image"] for each in status.get(key, ())}
    unused = [image for image in machine.images if image not in used]
    machine.images[:] = [image for image in machine.images if image in used]
    if unused:
        imagestore.report(fleet, machine.name)
    return bool(unused)


# ------------------------------------------------------------------------------------------------ evicting


def _evict_one(fleet: Fleet, machine: Any, met: Met, usage: Usage) -> bool:
    """Evict the pod that has to go first; answers whether there was one."""
    candidates = [found for found in usage.values() if not is_critical(found[0]) and not _is_doomed(fleet, found[0])]
    if not candidates:
        return False
    resource = _RESOURCES[met.threshold.condition]
    pod, containers = min(candidates, key=lambda found: _rank(resource, *found))
    grace = min(settings.most_eviction_grace(machine), grace_of(pod)) if met.threshold.grace else HARD_GRACE
    _evict(fleet, machine, pod, _message(resource, met, pod, containers), grace)
    return True


def _is_doomed(fleet: Fleet, pod: Obj) -> bool:
    """Whether the pod is about to end as a whole."""
    return "deletionTimestamp" in pod["metadata"] or "doom" in fleet.memory_of(pod)


def _evict(fleet: Fleet, machine: Any, pod: Obj, why: str, grace: int) -> None:
    def do(work: Work) -> None:
        evict(work, why, grace, ("TerminationByKubelet", why))
        work.finish()

    fleet.attend(machine, pod, do)


def _rank(resource: str, pod: Obj, containers: Taken) -> tuple[Any, ...]:
    """The smallest goes first."""
    priority = int(pod["spec"].get("priority", 0))
    name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    if resource == "pids":
        return priority, -len(containers), *name
    used = sum(amounts[resource != "memory"] for amounts in containers.values())
    excess = used - podrequests.requests(pod["spec"]).get(resource, 0)
    return excess <= 0, priority, -excess, *name


def _message(resource: str, met: Met, pod: Obj, containers: Taken) -> str:
    binary = resource != "pids"
    amounts = [quantity.in_bytes(amount) if binary else str(amount) for amount in (met.amount, met.available)]
    text = f"The node was low on resource: {resource}. Threshold quantity: {amounts[0]}, available: {amounts[1]}. "
    spec = pod["spec"]
    for container in (*spec["containers"], *spec.get("initContainers", ())) if binary else ():
        request = container.get("resources", {}).get("requests", {}).get(resource, "0")
        used = containers.get(container["name"], (0, 0))[resource != "memory"]
        if used > quantity.value(request):
            text += f"Container {container['name']} was using {quantity.in_bytes(used)}, request is {request}, has larger consumption of {resource}. "
    return text
