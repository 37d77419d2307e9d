"""How containers and pods end: by themselves, told to, or killed after their grace.

Models killContainer of pkg/kubelet/kuberuntime/kuberuntime_container.go and the termination of pkg/kubelet/pod_workers.go.
"""

from __future__ import annotations

from typing import Any

from cluster_core.kubelet import memory as remember
from cluster_core.kubelet import status as states
from cluster_core.kubelet.surroundings import Missing
from cluster_core.kubelet.work import Work
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.timestamps import parse_time
from cluster_core.machinery.typed import Obj

KILLED = 137
LEAST_GRACE = 2
"""Seconds that even an immediate kill leaves (minimumGracePeriodInSeconds)."""


def settle_exits(work: Work) -> None:
    """Take note of the processes that have ended by now."""
    for key in ("exits", "stopping"):
        for name, planned in sorted(work.memory.get(key, {}).items()):
            if planned[0] <= work.now:
                remember.drop(work.memory, key, name)
                _ended(work, name, planned)


def _ended(work: Work, name: str, planned: list[Any]) -> None:
    if not work.is_running(name):
        return
    remember.drop(work.memory, "exits", name)
    remember.drop(work.memory, "stopping", name)
    remember.drop(work.memory, "probes", name)
    remember.drop(work.memory, "asks", name)
    _, code, reason, message = planned
    ended = states.terminated(work.statuses[name], code, reason, message, work.fleet.clock.timestamp())
    work.set(name, {**ended, "ready": code == 0 and states.is_plain_init(work.pod, name)})


def stop(work: Work, name: str, grace: int, why: str = "") -> None:
    """Tell a running container to end; `why` for the event. A second call can only shorten the grace."""
    known = work.memory.get("stopping", {}).get(name)
    deadline = work.now + grace * SECOND
    if known is not None:
        if deadline < known[0]:
            known[0], known[1], known[2] = deadline, KILLED, "Error"
        return
    work.event("Normal", "Killing", why or f"Stopping container {name}", name)
    due, code = _reaction(work, name, grace)
    if due >= deadline:
        due, code = deadline, KILLED
    remember.entry(work.memory, "stopping")[name] = [due, code, "", ""]


def _reaction(work: Work, name: str, grace: int) -> tuple[int, int]:
    """When and how the process would end after preStop and SIGTERM."""
    container = work.container(name)
    begin = work.now + _pre_stop(work, container, grace)
    try:
        reaction = work.fleet.workloads.terminate(work.launch(name), work.started_at(name))
    except Missing:
        return begin, 143
    if reaction.after is None:
        return begin + 10**15, KILLED
    return begin + round(reaction.after * SECOND), reaction.exit_code


def _pre_stop(work: Work, container: Obj, grace: int) -> int:
    """Microseconds the preStop hook takes, at most the grace."""
    hook = container.get("lifecycle", {}).get("preStop")
    if not hook:
        return 0
    if "sleep" in hook:
        return int(min(hook["sleep"]["seconds"], grace)) * SECOND
    name = container["name"]
    result = work.fleet.workloads.probe(work.launch(name), hook, work.started_at(name))
    if not result.success:
        work.event("Warning", "FailedPreStopHook", "PreStopHook failed", name)
    return min(round((result.again or 0) * SECOND), grace * SECOND)


# ------------------------------------------------------------------------------------------------ whole pods


def terminate(work: Work) -> None:
    """Go on with the end of a pod that is being deleted."""
    metadata = work.pod["metadata"]
    if work.memory.pop("rebooted", False):
        lost_in_reboot(work)
    work.memory.pop("flight", None)
    for key in ("waits", "backing-off", "again", "probes", "asks"):
        work.memory.pop(key, None)
    deadline = parse_time(metadata["deletionTimestamp"])
    grace = max(0, -(-(deadline - work.now) // SECOND))
    names = work.running()
    for name in names:
        stop(work, name, max(grace, LEAST_GRACE if metadata.get("deletionGracePeriodSeconds") else 0))
    settle_exits(work)
    if work.running() or _sidecars_left(work):
        return
    _remove(work)


def _sidecars_left(work: Work) -> bool:
    return bool(work.memory.get("stopping"))


def _remove(work: Work) -> None:
    """All containers have ended: write that down, then let go of the pod."""
    due = work.memory.get("removal")
    if due is None and work.begun:
        _never_started(work)
        work.memory["sandbox"] = False
        work.write()
        work.memory["removal"] = work.now + work.delay("remove")
        return
    if due is not None and due > work.now:
        return
    metadata = work.pod["metadata"]
    work.fleet.api.delete("Pod", metadata["namespace"], metadata["name"], grace=0, uid=metadata["uid"])
    work.gone = True


def _never_started(work: Work) -> None:
    """Containers that were still waiting count as killed."""
    for container in work.containers():
        status = work.statuses.get(container["name"])
        if status is not None and "waiting" in status["state"]:
            ended = {
                "exitCode": 137,
                "reason": "ContainerStatusUnknown",
                "message": _UNKNOWN,
                "startedAt": None,
                "finishedAt": None,
            }
            work.set(container["name"], {**status, "state": {"terminated": ended}})


_UNKNOWN = "The container could not be located when the pod was terminated"


def lost_in_reboot(work: Work) -> None:
    """The node was down: nothing of the pod runs any more, not even its sandbox."""
    names = work.running()
    for name in names:
        work.set(name, states.terminated(work.statuses[name], 255, "Unknown", "", work.fleet.clock.timestamp()))
    if names:
        work.memory["sandbox"] = False
        work.event("Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.")


def stop_all(work: Work) -> None:
    """End the containers of a pod that has failed as a whole."""
    grace = int(work.pod["spec"].get("terminationGracePeriodSeconds", 30))
    for name in work.running():
        stop(work, name, grace)


def after_main(work: Work) -> None:
    """Sidecars end when all other containers have ended for good."""
    spec = work.pod["spec"]
    if states.phase(work.pod, work.statuses) not in states.ENDED:
        return
    for container in reversed(spec.get("initContainers", ())):
        if states.is_sidecar(container) and work.is_running(container["name"]):
            stop(work, container["name"], int(spec.get("terminationGracePeriodSeconds", 30)))
