"""How containers and pods end: by themselves, told to, or killed after their grace.

Models killContainer of pkg/kubelet/kuberuntime/kuberuntime_container.go and the termination of pkg/kubelet/pod_workers.go.
"""

from __future__ import annotations

from typing import Any

from cluster_core.kubelet import hooks
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


def settle_exits(work: Work) -> bool:
    """Take note of the processes that have ended by now; answers whether any has."""
    before = work.touched
    work.touched = False
    for key in ("exits", "stopping"):
        for name, planned in sorted(work.memory.get(key, {}).items()):
            if planned[0] <= work.now:
                remember.drop(work.memory, key, name)
                _ended(work, name, planned)
    ended, work.touched = work.touched, work.touched or before
    return ended


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
    if remember.drop(work.memory, "turns", name) is None:
        work.event("Normal", "Killing", why or f"Stopping container {name}", name)
    due, code = _reaction(work, name, grace)
    if due >= deadline:
        due, code = deadline, KILLED
    remember.entry(work.memory, "stopping")[name] = [due, code, "", ""]


def _reaction(work: Work, name: str, grace: int) -> tuple[int, int]:
    """When and how the process would end after preStop and SIGTERM."""
    container = work.container(name)
    try:
        begin = work.now + _pre_stop(work, container, grace)
        reaction = work.fleet.workloads.terminate(work.launch(name), work.started_at(name))
    except Missing:
        return work.now, 143
    if reaction.after is None:
        return begin + 10**15, KILLED
    return begin + round(reaction.after * SECOND), reaction.exit_code


def _pre_stop(work: Work, container: Obj, grace: int) -> int:
    """Microseconds the preStop hook takes, at most the grace."""
    hook = container.get("lifecycle", {}).get("preStop")
    if not hook or not grace:
        return 0
    result = hooks.run(work, container["name"], hook)
    if result.problem:
        work.event("Warning", "FailedPreStopHook", "PreStopHook failed", container["name"])
    return min(round(result.seconds * SECOND), grace * SECOND)


# ------------------------------------------------------------------------------------------------ whole pods


def stop_all(work: Work, grace: int) -> None:
    """End all containers: sidecars when the others have ended, the last one first. Models kuberuntime_termination_order.go."""
    for name in work.running():
        if name in work.memory.get("stopping", {}) or not _before(work, name):
            stop(work, name, grace)
        else:
            _hold(work, name, grace)


def _before(work: Work, name: str) -> list[str]:
    """The running containers that have to end before this one."""
    spec = work.pod["spec"]
    inits = spec.get("initContainers", ())
    position = next((i for i, c in enumerate(inits) if c["name"] == name and states.is_sidecar(c)), None)
    if position is None:
        return []
    first = [*spec["containers"], *(c for c in inits[position + 1 :] if states.is_sidecar(c))]
    return [each["name"] for each in first if work.is_running(each["name"])]


def _hold(work: Work, name: str, grace: int) -> None:
    """The container is told to end when its turn comes, at the latest when the grace is over."""
    turns = remember.entry(work.memory, "turns")
    deadline = work.now + grace * SECOND
    if name not in turns:
        work.event("Normal", "Killing", f"Stopping container {name}", name)
    turns[name] = min(deadline, turns.get(name, deadline))
    if turns[name] <= work.now:
        stop(work, name, LEAST_GRACE)


def terminate(work: Work) -> None:
    """Go on with the end of a pod that is being deleted."""
    metadata = work.pod["metadata"]
    if work.memory.pop("rebooted", False):
        lost_in_reboot(work)
    deadline = parse_time(metadata["deletionTimestamp"])
    grace = max(0, -(-(deadline - work.now) // SECOND))
    least = LEAST_GRACE if metadata.get("deletionGracePeriodSeconds") else 0
    if _is_over(work, max(grace, least)):
        _remove(work)


def _is_over(work: Work, grace: int) -> bool:
    """Whether all containers have ended, which they are told to."""
    for key in ("flight", "waits", "backing-off", "again", "probes", "asks"):
        work.memory.pop(key, None)
    stop_all(work, grace)
    settle_exits(work)
    if work.running():
        stop_all(work, grace)  # it may be the sidecars' turn now
    return not work.running() and "stopping" not in work.memory


def doom(work: Work, reason: str, message: str, grace: int, condition: tuple[str, str] | None = None) -> None:
    """The pod is to fail as a whole: its containers are told to end, and then its status says so. `condition` is the reason
    and message of a DisruptionTarget condition."""
    work.memory["doom"] = {"reason": reason, "message": message, "by": work.now + grace * SECOND, "condition": condition}
    work.memory.pop("deadline", None)


def see_off(work: Work) -> None:
    """Go on with the end of a pod that is to fail."""
    doomed = work.memory["doom"]
    grace = max(0, -(-(doomed["by"] - work.now) // SECOND))
    if not _is_over(work, max(grace, LEAST_GRACE)):
        return
    del work.memory["doom"]
    if not states.initialized(work.pod, work.statuses):
        _never_started(work)
    if doomed["condition"]:
        work.conditions.append(states.condition("DisruptionTarget", True, work.fleet.clock.timestamp(), *doomed["condition"]))
    work.fail(doomed["reason"], doomed["message"])


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


def after_main(work: Work) -> None:
    """Sidecars end when all other containers have ended for good."""
    if states.outcome_of(work.pod, work.statuses) and work.running():
        stop_all(work, grace_of(work.pod))


def grace_of(pod: Obj) -> int:
    """Seconds the pod gives its containers to end."""
    return int(pod["spec"].get("terminationGracePeriodSeconds", 30))
