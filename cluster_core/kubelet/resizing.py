"""Other resources for containers that run: set in place, with a restart where the container wants one, or not yet, or never.

Models pkg/kubelet/allocation/allocation_manager.go (handlePodResourcesResize) and pkg/kubelet/events/resize.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from cluster_core.kubelet import status as states
from cluster_core.kubelet.stopping import grace_of, stop
from cluster_core.kubelet.work import Work
from cluster_core.machinery import podrequests
from cluster_core.machinery.typed import Obj

PENDING = "PodResizePending"
_RESOURCES = ("cpu", "memory")


def resize(work: Work) -> None:
    """Bring the resources of running containers in line with what the spec says now."""
    changed = [container for container in _resizable(work.pod) if _differs(work, container)]
    if changed:
        why = _refusal(work)
        if why is not None:
            _pend(work, *why)
            return
        if not work.memory.get("resizing"):
            work.memory["resizing"] = True
            work.event("Normal", "ResizeStarted", f"Pod resize started: {_summary(work.pod)}")
    _settle(work)
    for container in changed:
        _apply(work, container)
    if work.memory.get("resizing") and not any(_differs(work, container) for container in changed):
        del work.memory["resizing"]
        work.event("Normal", "ResizeCompleted", f"Pod resize completed: {_summary(work.pod)}")


def _resizable(pod: Obj) -> Iterable[Obj]:
    yield from (each for each in pod["spec"].get("initContainers", ()) if states.is_sidecar(each))
    yield from pod["spec"]["containers"]


def _differs(work: Work, container: Obj) -> bool:
    status = work.statuses.get(container["name"])
    if status is None or "running" not in status["state"]:
        return False
    return bool(status.get("resources", {}) != container.get("resources", {}))


def _settle(work: Work) -> None:
    """A resize that had to wait need not any longer."""
    if work.condition(PENDING) is not None:
        work.dropped.add(PENDING)
        work.touched = True


def _apply(work: Work, container: Obj) -> None:
    name = container["name"]
    if _wants_restart(container, work.statuses[name].get("resources", {})):
        stop(work, name, grace_of(work.pod), f"Container {name} resize requires restart")
        return
    resources = container.get("resources", {})
    changed = {**work.statuses[name], "resources": resources}
    if resources.get("requests"):
        changed["allocatedResources"] = resources["requests"]
    work.allocated = True
    work.set(name, changed)


def _wants_restart(container: Obj, before: Obj) -> bool:
    """Whether a resource has changed whose resizePolicy is RestartContainer."""
    sensitive = {rule["resourceName"] for rule in container.get("resizePolicy", ()) if rule["restartPolicy"] == "RestartContainer"}
    after = container.get("resources", {})
    return any(
        before.get(kind, {}).get(name) != after.get(kind, {}).get(name) for kind in ("requests", "limits") for name in sensitive
    )


# ------------------------------------------------------------------------------------------------ when it does not fit


def _refusal(work: Work) -> tuple[str, str] | None:
    """(reason, message) why the node cannot give the pod what it wants now."""
    node = work.fleet.api.get("Node", "", work.machine.name)
    if node is None:
        return None
    room, wanted = node.get("status", {}).get("allocatable", {}), podrequests.requests(work.pod["spec"])
    used = work.fleet.shares.on(work.machine.name).without(work.uid)
    for name in _RESOURCES:
        capacity = podrequests.amount(name, room.get(name, "0"))
        if wanted.get(name, 0) > capacity:
            return "Infeasible", f"Node didn't have enough capacity: {name}, requested: {wanted[name]}, capacity: {capacity}"
        if name in wanted and wanted[name] + used.get(name, 0) > capacity:
            text = f"{name}, requested: {wanted[name]}, used: {used.get(name, 0)}, capacity: {capacity}"
            return "Deferred", f"Node didn't have enough resource: {text}"
    return None


def _pend(work: Work, reason: str, message: str) -> None:
    """Say why it has to wait; a deferred one is looked at again when a pod has left the node."""
    if reason == "Deferred":
        work.fleet.awaited.room(work)
    now, known = work.fleet.clock.timestamp(), work.condition(PENDING)
    if known is not None and (known.get("reason"), known.get("message")) == (reason, message):
        return
    work.conditions.append(states.condition(PENDING, True, now, reason, message))
    work.touched = True
    work.event("Warning", f"Resize{reason}", f"Pod resize {reason}: {_summary(work.pod, message)}")


def _summary(pod: Obj, error: str = "") -> str:
    """The pod's wanted resources as JSON."""
    spec, found = pod["spec"], {}
    for key in ("initContainers", "containers"):
        listed: list[dict[str, Any]] = [{"name": each["name"], "resources": each.get("resources", {})} for each in spec.get(key, ())]
        if listed:
            found[key] = listed
    more = {"generation": pod["metadata"].get("generation", 1), **({"error": error} if error else {})}
    return orjson.dumps({**found, **more}).decode()
