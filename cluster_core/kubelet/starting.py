"""From a bound pod to running containers: admission, sandbox, image, start, one container after the other.

Models SyncPod of pkg/kubelet/kuberuntime/kuberuntime_manager.go and pkg/kubelet/images: the status is written when the
sync is over, and image pulls of a pod come one after the other.
"""

from __future__ import annotations

from typing import Any

from cluster_core.kubelet import asking, hooks, surroundings, volumes
from cluster_core.kubelet import memory as remember
from cluster_core.kubelet import status as states
from cluster_core.kubelet.backoff import restart_at, resume
from cluster_core.kubelet.loads import INTERVAL
from cluster_core.kubelet.pulling import begin_image, finish_pull
from cluster_core.kubelet.restarts import should_restart
from cluster_core.kubelet.surroundings import Missing
from cluster_core.kubelet.work import Work
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.containers import Outcome
from cluster_core.machinery.typed import Obj


def begin(work: Work) -> None:
    """Take the pod on: its containers are being created."""
    spec = work.pod["spec"]
    reason = "PodInitializing" if spec.get("initContainers") else "ContainerCreating"
    for container in (*spec.get("initContainers", ()), *spec["containers"]):
        work.set(container["name"], states.waiting(container, reason))
    if not work.fleet.instant:
        work.write()
    work.memory["flight"] = {"queue": [], "stage": "sandbox", "due": work.now + work.delay("sandbox")}


def advance(work: Work) -> None:
    """Go on with what is under way as far as it is due; else see which containers should be started."""
    flight = work.memory.get("flight")
    if flight is None:
        _depart(work)
        flight = work.memory.get("flight")
    while flight is not None and flight["due"] <= work.now:
        _STAGES[flight["stage"]](work, flight)
        flight = work.memory.get("flight")


def _depart(work: Work) -> None:
    queue = wanted(work)
    if queue:
        ready = work.has_sandbox()
        stage = "next" if ready else "sandbox"
        due = work.now if ready else work.now + work.delay("sandbox")
        work.memory["flight"] = {"queue": queue, "stage": stage, "due": due}


def _sandbox(work: Work, flight: dict[str, Any]) -> None:
    """Volumes are mounted, then the pod's network is there."""
    why = volumes.problem(work.fleet.api, work.pod)
    if why:
        _not_mounted(work, flight, why)
        return
    if work.strikes("sandbox-failure"):
        _no_sandbox(work, flight)
        return
    work.memory["sandbox"] = True
    work.fleet.environs.note_dns(work.machine, work.uid)
    host = work.pod["spec"].get("hostNetwork")
    work.memory["ip"] = work.machine.address if host else work.fleet.addresses.take(work.machine, work.pod)
    if not flight["queue"]:
        flight["queue"] = wanted(work)
    flight["stage"] = "next"


def _no_sandbox(work: Work, flight: dict[str, Any]) -> None:
    """The runtime could not make the pod's network; the kubelet tries again a little later."""
    text = "Failed to create pod sandbox: rpc error: code = DeadlineExceeded desc = context deadline exceeded"
    work.event("Warning", "FailedCreatePodSandBox", text)
    flight["due"] = work.now + work.delay("config-retry", work.elapsed)


def _not_mounted(work: Work, flight: dict[str, Any], why: str) -> None:
    """Try again, later each time: half a second doubling to two minutes."""
    work.event("Warning", "FailedMount", why)
    pause = min(flight.get("pause", 0.25) * 2, 122.0)
    flight["pause"], flight["due"] = pause, work.now + round(pause * SECOND)
    work.fleet.awaited.thing(work)


def _next(work: Work, flight: dict[str, Any]) -> None:
    """On to the next container of this sync, or the end of it."""
    if not flight["queue"]:
        del work.memory["flight"]
        work.touched = True
        queue = wanted(work)
        if queue:
            work.write()
            _depart(work)
        return
    begin_image(work, flight, flight["queue"][0])


def _pull(work: Work, flight: dict[str, Any]) -> None:
    finish_pull(work, flight, flight["queue"][0])


def _start(work: Work, flight: dict[str, Any]) -> None:
    """Create and start the container."""
    name = flight["queue"].pop(0)
    flight["stage"] = "next"
    container = work.container(name)
    before = work.statuses.get(name) or states.waiting(container, "")
    try:
        launch = work.launch(name)
        surroundings.check_user(work, container)
    except Missing as missing:
        _cannot_create(work, container, str(missing))
        return
    work.event("Normal", "Created", "Container created", name)
    now = work.fleet.clock.timestamp()
    image = {"image": flight["image"], "imageID": flight["image_id"]}
    status = states.running(container, before, work.container_id(name), image, now)
    status["user"] = {"linux": states.user_of(work.pod, container, work.fleet.workloads.find(container["image"]).user)}
    outcome = work.fleet.workloads.start(launch)
    if work.strikes("start-failure", name):
        outcome = Outcome(0.0, 128, "StartError", _TIMED_OUT)
    if outcome.reason == "StartError":
        _cannot_run(work, container, status, outcome)
        return
    work.event("Normal", "Started", "Container started", name)
    begin_life(work, container, status, outcome)
    if "postStart" in container.get("lifecycle", {}):
        hooks.begin(work, flight, name)


def begin_life(work: Work, container: Obj, status: dict[str, Any], outcome: Outcome) -> None:
    """The process runs: plan its end, its probes."""
    name = container["name"]
    work.allocated |= status["restartCount"] > 0
    asking.plan(work, name, outcome)
    work.fleet.probes.begin(work, container, status)
    work.set(name, status)
    work.fleet.loads.started(work, name, outcome.memory)
    if outcome.writes:
        work.memory["disk"] = work.now + INTERVAL


def _cannot_run(work: Work, container: Obj, status: dict[str, Any], outcome: Outcome) -> None:
    """The runtime has created the container but cannot start its process."""
    name = container["name"]
    work.event("Warning", "Failed", f"Error: {outcome.message}", name)
    ended = states.terminated(status, outcome.exit_code, outcome.reason, outcome.message, work.fleet.clock.timestamp())
    ended["state"]["terminated"]["startedAt"] = _NEVER
    work.set(name, ended)
    hooks.show_unstarted(work, container, "RunContainerError", outcome.message)


_TIMED_OUT = "failed to start containerd task: context deadline exceeded"
_NEVER = "1970-01-01T00:00:00Z"


def _cannot_create(work: Work, container: Obj, message: str) -> None:
    name = container["name"]
    work.event("Warning", "Failed", f"Error: {message}", name)
    work.set(name, states.waiting(container, "CreateContainerConfigError", message, work.statuses.get(name)))
    remember.entry(work.memory, "waits")[name] = work.now + work.delay("config-retry", work.elapsed)
    work.fleet.awaited.thing(work)


_STAGES = {"sandbox": _sandbox, "next": _next, "pull": _pull, "start": _start, "hook": hooks.finish}


# ------------------------------------------------------------------------------------------------ what to start


def wanted(work: Work) -> list[str]:
    """The containers that should be started now; notes back-offs of those that have to wait."""
    if work.deleting or work.failed or work.phase in states.ENDED or states.outcome_of(work.pod, work.statuses):
        return []
    found: list[str] = []
    spec = work.pod["spec"]
    for container in spec.get("initContainers", ()):
        held = _init_wants(work, container, found)
        if held:
            return found
    found += [c["name"] for c in spec["containers"] if _may_start(work, c)]
    found += [c["name"] for c in spec.get("ephemeralContainers", ()) if _may_start(work, c, once=True)]
    return found


def _hopeful(work: Work, status: Obj | None) -> bool:
    """What the container lacked may have come: it need not wait any longer."""
    return bool(work.memory.get("arrived")) and status is not None and (
        status["state"].get("waiting", {}).get("reason") == "CreateContainerConfigError"
    )


def _init_wants(work: Work, container: Obj, found: list[str]) -> bool:
    """Add the init container when it should start; answers whether those behind it have to wait."""
    name, status = container["name"], work.statuses.get(container["name"])
    if states.is_sidecar(container):
        if _may_start(work, container):
            found.append(name)
        return not (status is not None and status.get("started"))
    if states.exit_code_of(status) == 0:
        return False
    if _may_start(work, container):
        found.append(name)
    return True


def _may_start(work: Work, container: Obj, once: bool = False) -> bool:
    """Whether it does not run, should, and need not wait; `once`: it is never started again."""
    status = work.statuses.get(container["name"])
    if status is not None and "running" in status["state"]:
        return False
    waited = _waited(work, container["name"], status)
    if waited is not None:
        return waited
    ended = states.end_of(status)
    if ended is None:
        return True
    if once or not should_restart(work.pod, container, ended["exitCode"]):
        return False
    return restart_at(work, container, status) <= work.now


def _waited(work: Work, name: str, status: Obj | None) -> bool | None:
    """Whether a container that was told to wait may start now; None: nobody said so, or its end is to be seen to."""
    due = work.memory.get("waits", {}).get(name)
    if due is None:
        return None
    if due > work.now and not _hopeful(work, status):
        return False
    remember.drop(work.memory, "waits", name)
    if name not in work.memory.get("again", {}) and states.end_of(status) is not None:
        return None
    resume(work, name)
    return True
