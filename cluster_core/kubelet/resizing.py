"""Other resources for pods that run: set in place, with a restart where a container wants one, or not yet, or never.

Models pkg/kubelet/allocation/allocation_manager.go (handlePodResourcesResize), pkg/kubelet/events/resize.go and the resize
conditions of pkg/kubelet/status: what the kubelet would not admit now is deferred, what it has accepted is in progress until the
containers have it. memory["resizing"] is the resize under way: {"generation", "due"}; "due" goes when it has been set.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from cluster_core.kubelet import admission
from cluster_core.kubelet import status as states
from cluster_core.kubelet.staticpods import is_static
from cluster_core.kubelet.stopping import grace_of, stop
from cluster_core.kubelet.work import Work
from cluster_core.machinery.typed import Obj

PENDING, IN_PROGRESS = "PodResizePending", "PodResizeInProgress"
CONDITIONS = (PENDING, IN_PROGRESS)
_INFEASIBLE = "Infeasible"


def resize(work: Work) -> None:
    """Bring the resources of the pod and its running containers in line with what the spec says now."""
    changed = [container for container in _resizable(work.pod) if _differs(work, container)]
    if (changed or _differs_as_a_whole(work)) and not _is_accepted(work):
        return
    _drop(work, PENDING)
    known = work.memory.get("resizing")
    if known is None or known.get("due", 0) > work.now:
        return
    known.pop("due", None)
    work.allocated = work.touched = True
    for container in changed:
        _apply(work, container)
    if not any(_differs(work, container) for container in changed):
        del work.memory["resizing"]
        _drop(work, IN_PROGRESS)
        work.event("Normal", "ResizeCompleted", f"Pod resize completed: {_summary(work.pod)}")


def _resizable(pod: Obj) -> Iterable[Obj]:
    yield from pod["spec"].get("initContainers", ())
    yield from pod["spec"]["containers"]


def _differs(work: Work, container: Obj) -> bool:
    status = work.statuses.get(container["name"])
    if status is None or "running" not in status["state"]:
        return False
    return bool(status.get("resources", {}) != container.get("resources", {}))


def _differs_as_a_whole(work: Work) -> bool:
    """Whether the pod-level resources are others than those its status shows."""
    wanted, given = work.pod["spec"].get("resources"), work.pod["status"].get("resources", {})
    return bool(wanted) and any(given.get(kind, {}).get(name) != amount for kind in ("requests", "limits") for name, amount in wanted.get(kind, {}).items())


def _is_accepted(work: Work) -> bool:
    """Whether the kubelet gives the pod what its spec says; it is asked once for each."""
    generation = work.pod["metadata"].get("generation", 1)
    if work.memory.get("resizing", {}).get("generation") == generation:
        return True
    try:
        why = _refusal(work)
    except admission.Wait:
        return False
    if why is not None:
        work.memory.pop("resizing", None)
        _pend(work, *why)
        return False
    work.memory["resizing"] = {"generation": generation, "due": work.now + work.delay("resync", "resize", generation)}
    _set(work, states.condition(IN_PROGRESS, True, work.fleet.clock.timestamp()))
    work.event("Normal", "ResizeStarted", f"Pod resize started: {_summary(work.pod)}")
    return True


def _refusal(work: Work) -> tuple[str, str] | None:
    """(reason, message) why the node cannot give the pod what it wants now."""
    if is_static(work.pod):
        return _INFEASIBLE, "In-place resize of static-pods is not supported"
    found = admission.refusal(work)
    return None if found is None else (found.reason, found.message)


def _apply(work: Work, container: Obj) -> None:
    name = container["name"]
    if name in work.memory.get("stopping", {}):
        return
    if _wants_restart(container, work.statuses[name].get("resources", {})):
        stop(work, name, grace_of(work.pod), f"Container {name} resize requires restart")
        return
    resources = container.get("resources", {})
    changed = {**work.statuses[name], "resources": resources}
    if resources.get("requests"):
        changed["allocatedResources"] = resources["requests"]
    work.set(name, changed)


def _wants_restart(container: Obj, before: Obj) -> bool:
    """Whether a resource has changed whose resizePolicy is RestartContainer."""
    sensitive = {rule["resourceName"] for rule in container.get("resizePolicy", ()) if rule["restartPolicy"] == "RestartContainer"}
    after = container.get("resources", {})
    return any(
        before.get(kind, {}).get(name) != after.get(kind, {}).get(name) for kind in ("requests", "limits") for name in sensitive
    )


# ------------------------------------------------------------------------------------------------ what is told of it


def _pend(work: Work, reason: str, message: str) -> None:
    """Say why it has to wait; it is looked at again when a pod has left the node."""
    shown = reason if reason == _INFEASIBLE else "Deferred"
    if shown != _INFEASIBLE:
        work.fleet.awaited.room(work)
    generation, known = work.pod["metadata"].get("generation", 1), work.condition(PENDING)
    news = known is None or (known.get("reason"), known.get("observedGeneration")) != (shown, generation)
    if not news and known is not None and known.get("message") == message:
        return
    _set(work, states.condition(PENDING, True, work.fleet.clock.timestamp(), shown, message))
    if news:
        work.event("Warning", f"Resize{shown}", f"Pod resize {reason}: {_summary(work.pod, message)}")


def _set(work: Work, condition: dict[str, Any]) -> None:
    work.dropped.discard(condition["type"])
    work.conditions.append(condition)
    work.touched = True


def _drop(work: Work, type: str) -> None:
    if work.condition(type) is not None or any(found["type"] == type for found in work.conditions):
        work.conditions = [found for found in work.conditions if found["type"] != type]
        work.dropped.add(type)
        work.touched = True


def _summary(pod: Obj, error: str = "") -> str:
    """The pod's wanted resources as JSON."""
    spec, found = pod["spec"], {}
    for key in ("initContainers", "containers"):
        listed: list[dict[str, Any]] = [{"name": each["name"], "resources": each.get("resources", {})} for each in spec.get(key, ())]
        if listed:
            found[key] = listed
    more = {"generation": pod["metadata"].get("generation", 1), **({"error": error} if error else {})}
    return orjson.dumps({**found, **more}).decode()
