"""A pod's status as a kubelet writes it: container states, phase, conditions.

Models pkg/kubelet/kubelet_pods.go (generateAPIPodStatus, getPhase) and pkg/kubelet/status/generate.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cluster_core.kubelet.restarts import could_renew, should_restart
from cluster_core.machinery.identity import identity
from cluster_core.machinery.typed import Obj

Status = dict[str, Any]

RENEWING = "AllContainersRestarting"
OWNED = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled", RENEWING)
ENDED = ("Succeeded", "Failed")


def has_ended(pod: Obj) -> bool:
    return pod.get("status", {}).get("phase") in ENDED


def is_sidecar(container: Obj) -> bool:
    """An init container that is restarted and runs beside the others."""
    return container.get("restartPolicy") == "Always"


def is_plain_init(pod: Obj, name: str) -> bool:
    """An init container that runs to its end: it is ready when it has ended well."""
    return any(each["name"] == name and not is_sidecar(each) for each in pod["spec"].get("initContainers", ()))


def waiting(container: Obj, reason: str, message: str = "", before: Obj | None = None) -> Status:
    """The status of a container that does not run (yet, or again)."""
    state = {"reason": reason, **({"message": message} if message else {})}
    found: Status = {
        "name": container["name"],
        "state": {"waiting": state},
        "lastState": {},
        "ready": False,
        "restartCount": 0,
        "image": container["image"],
        "imageID": "",
        "started": False,
    }
    mounts = volume_mounts(container)
    if mounts:
        found["volumeMounts"] = mounts
    if before is None:
        return found
    kept = {
        key: before[key] for key in ("restartCount", "image", "imageID", "lastState", "containerID") if key in before
    }
    if "terminated" in before.get("state", {}):
        kept["lastState"] = before["state"]
    return {**found, **kept}


def volume_mounts(container: Obj) -> list[Status]:
    """Mounts as the status shows them."""
    mounts = []
    for mount in container.get("volumeMounts", ()):
        shown = {"name": mount["name"], "mountPath": mount["mountPath"]}
        if mount.get("readOnly"):
            shown |= {"readOnly": True, "recursiveReadOnly": mount.get("recursiveReadOnly", "Disabled")}
        mounts.append(shown)
    return mounts


def running(container: Obj, before: Obj, container_id: str, image: Mapping[str, str], now: str) -> Status:
    """The status of a container that has just started; `image` has "image" and "imageID"."""
    resources = container.get("resources", {})
    found: Status = {
        "name": container["name"],
        "state": {"running": {"startedAt": now}},
        "lastState": before.get("lastState", {}),
        "ready": False,
        "restartCount": before["restartCount"],
        "image": image["image"],
        "imageID": image["imageID"],
        "containerID": container_id,
        "started": False,
        "resources": resources,
    }
    if resources.get("requests"):
        found["allocatedResources"] = resources["requests"]
    if "volumeMounts" in before:
        found["volumeMounts"] = before["volumeMounts"]
    return found


def user_of(pod: Obj, container: Obj, image_user: int) -> dict[str, Any]:
    """The user its first process runs as."""
    who = identity(pod, container, image_user)
    return {"uid": who.uid, "gid": who.gid, "supplementalGroups": who.all_groups}


RENEWED = "RestartingAllContainers"
_RENEWED_TEXT = "The container is removed because RestartAllContainers in place"


def renewed(container: Obj, before: Obj) -> Status:
    """The status of a container that was removed because all of its pod's begin anew."""
    ended = {"exitCode": 137, "reason": RENEWED, "message": _RENEWED_TEXT, "startedAt": None, "finishedAt": None}
    again = waiting(container, RENEWED, _RENEWED_TEXT, before)
    return {**again, "lastState": {"terminated": ended}, "restartCount": before["restartCount"] + 1}


def terminated(before: Obj, exit_code: int, reason: str, message: str, now: str) -> Status:
    """The status of a container that has ended."""
    began = before.get("state", {}).get("running", {}).get("startedAt")
    ended: dict[str, Any] = {"exitCode": exit_code, "reason": reason or ("Error" if exit_code else "Completed")}
    if message:
        ended["message"] = message
    ended |= {"startedAt": began, "finishedAt": now, "containerID": before.get("containerID", "")}
    return {**before, "state": {"terminated": ended}, "ready": False, "started": False}


# ------------------------------------------------------------------------------------------------ phase


def exit_code_of(status: Obj | None) -> int | None:
    """The exit code of a container that has ended; None while it has not."""
    ended = status["state"].get("terminated") if status else None
    return ended["exitCode"] if ended else None


UNSTARTED = ("RunContainerError", "PostStartHookError")
"""Reasons to wait of containers that ended because they could not be started."""


def end_of(status: Obj | None) -> Obj | None:
    """The state in which the container has ended, also when it shows as waiting because it could not be started."""
    if status is None:
        return None
    if status["state"].get("waiting", {}).get("reason") in UNSTARTED:
        return status.get("lastState", {}).get("terminated")  # type: ignore[no-any-return]
    return status["state"].get("terminated")  # type: ignore[no-any-return]


def _last_code(status: Obj | None) -> int | None:
    """The exit code with which it ended last, also while it waits to be started again; None: it runs, or never ran."""
    if status is None or "running" in status["state"]:
        return None
    ended = status["state"].get("terminated") or status.get("lastState", {}).get("terminated")
    return ended["exitCode"] if ended and ended.get("reason") != RENEWED else None


def initialized(pod: Obj, statuses: Mapping[str, Obj]) -> list[str]:
    """The init containers that are not through yet."""
    incomplete = []
    for container in pod["spec"].get("initContainers", ()):
        status = statuses.get(container["name"])
        done = status is not None and (status.get("started") if is_sidecar(container) else exit_code_of(status) == 0)
        if not done:
            incomplete.append(container["name"])
    return incomplete


def phase(pod: Obj, statuses: Mapping[str, Obj]) -> str:
    """getPhase: what the containers' states come to. A pod has ended when nothing of it runs any more."""
    outcome = outcome_of(pod, statuses)
    if outcome and not _any_runs(statuses):
        return outcome
    if _is_initializing(pod, statuses) or any(_never_ran(statuses.get(c["name"])) for c in pod["spec"]["containers"]):
        return "Pending"
    return "Running"


def _is_initializing(pod: Obj, statuses: Mapping[str, Obj]) -> bool:
    """Whether an init container has still to end, or a sidecar to start before the first of the others does."""
    ran = _any_ran(pod["spec"]["containers"], statuses)
    for container in pod["spec"].get("initContainers", ()):
        status = statuses.get(container["name"])
        runs = status is not None and "running" in status["state"]
        if is_sidecar(container):
            if not ran and (_never_ran(status) or (runs and status is not None and not status.get("started"))):
                return True
        elif runs or _never_ran(status):
            return True
    return False


def outcome_of(pod: Obj, statuses: Mapping[str, Obj]) -> str:
    """Succeeded or Failed when all main containers have ended for good or can never start, else ""."""
    spec = pod["spec"]
    inits = [c for c in spec.get("initContainers", ()) if not is_sidecar(c)]
    if any(_is_lost(pod, c, statuses.get(c["name"])) for c in inits):
        return "Failed"
    codes = []
    for container in spec["containers"]:
        code = _last_code(statuses.get(container["name"]))
        if code is None or should_restart(pod, container, code):
            return ""
        codes.append(code)
    return "Failed" if any(codes) else "Succeeded"


def _any_runs(statuses: Mapping[str, Obj]) -> bool:
    return any("running" in status["state"] for status in statuses.values())


def _is_lost(pod: Obj, container: Obj, status: Obj | None) -> bool:
    """Whether the init container has failed for good."""
    code = _last_code(status)
    return bool(code) and not should_restart(pod, container, int(code or 0))


def _any_ran(containers: Iterable[Obj], statuses: Mapping[str, Obj]) -> bool:
    found = (statuses.get(container["name"]) for container in containers)
    return any(status is not None and "waiting" not in status["state"] for status in found)


def _never_ran(status: Obj | None) -> bool:
    return status is None or ("waiting" in status["state"] and not status.get("lastState"))


# ------------------------------------------------------------------------------------------------ conditions


def condition(type: str, value: bool, now: str, reason: str = "", message: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": type,
        "status": "True" if value else "False",
        "lastProbeTime": None,
        "lastTransitionTime": now,
    }
    if reason:
        found["reason"] = reason
    if message:
        found["message"] = message
    return found


def _listed(names: Sequence[str]) -> str:
    return "[" + " ".join(names) + "]"


def _initialized(pod: Obj, statuses: Mapping[str, Obj], phase: str, now: str) -> dict[str, Any]:
    incomplete = initialized(pod, statuses)
    if phase == "Succeeded":
        return condition("Initialized", True, now, "PodCompleted")
    if not incomplete or _any_ran(pod["spec"]["containers"], statuses) or _was_initialized(pod):
        return condition("Initialized", True, now)
    message = f"containers with incomplete status: {_listed(incomplete)}"
    return condition("Initialized", False, now, "ContainersNotInitialized", message)


def _was_initialized(pod: Obj) -> bool:
    """Once it is, it stays so, whatever begins anew."""
    return any(found["type"] == "Initialized" and found["status"] == "True" for found in pod.get("status", {}).get("conditions", ()))


def _renewing(phase: str, renewing: bool, now: str) -> dict[str, Any]:
    """Models GenerateAllContainersRestartingCondition."""
    if phase in ENDED:
        return condition(RENEWING, False, now, "PodCompleted" if phase == "Succeeded" else "PodFailed")
    if renewing:
        return condition(RENEWING, True, now, "RestartAllContainersStarted", "container exited with restart policy rule")
    return condition(RENEWING, False, now)


def _containers_ready(pod: Obj, statuses: Mapping[str, Obj], phase: str, now: str) -> dict[str, Any]:
    if phase in ENDED:
        return condition("ContainersReady", False, now, "PodCompleted" if phase == "Succeeded" else "PodFailed")
    spec = pod["spec"]
    counted = [c for c in spec.get("initContainers", ()) if is_sidecar(c)]
    names = [container["name"] for container in (*counted, *spec["containers"])]
    unknown = [name for name in names if name not in statuses]
    unready = [name for name in names if name in statuses and not statuses[name]["ready"]]
    parts = [f"containers with unknown status: {_listed(unknown)}"] if unknown else []
    parts += [f"containers with unready status: {_listed(unready)}"] if unready else []
    if parts:
        return condition("ContainersReady", False, now, "ContainersNotReady", ", ".join(parts))
    return condition("ContainersReady", True, now)


def _ready(pod: Obj, containers: Mapping[str, Any], now: str) -> dict[str, Any]:
    if containers["status"] != "True":
        return {**containers, "type": "Ready"}
    problems = list(_gate_problems(pod))
    if problems:
        return condition("Ready", False, now, "ReadinessGatesNotReady", ", ".join(problems))
    return condition("Ready", True, now)


def _gate_problems(pod: Obj) -> Iterable[str]:
    known = {found["type"]: found["status"] for found in pod.get("status", {}).get("conditions", ())}
    for gate in pod["spec"].get("readinessGates", ()):
        type = gate["conditionType"]
        if type not in known:
            yield f'corresponding condition of pod readiness gate "{type}" does not exist.'
        elif known[type] != "True":
            yield f'the status of pod readiness gate "{type}" is not "True", but {known[type]}'


def conditions(pod: Obj, statuses: Mapping[str, Obj], phase: str, now: str, *, sandbox: bool, renewing: bool) -> list[dict[str, Any]]:
    """All conditions: others' as they are, then the kubelet's own, each with the time it last changed. `sandbox`: the pod's
    network is there; `renewing`: all of its containers are being ended in order to begin anew."""
    old = pod.get("status", {}).get("conditions", ())
    ready = _containers_ready(pod, statuses, phase, now)
    own = [
        condition("PodReadyToStartContainers", sandbox, now),
        _initialized(pod, statuses, phase, now),
        _ready(pod, ready, now),
        ready,
        condition("PodScheduled", True, now),
    ]
    generation = pod["metadata"].get("generation", 0)
    before = {found["type"]: found for found in old}
    kept = [found for found in old if found["type"] not in OWNED]
    found = [_since(found, before.get(found["type"]), generation) for found in own]
    if could_renew(pod):
        found.append(_since(_renewing(phase, renewing, now), before.get(RENEWING), 0))
    return [*kept, *found]


def _since(found: dict[str, Any], before: Obj | None, generation: int) -> dict[str, Any]:
    if before is not None and before["status"] == found["status"]:
        found["lastTransitionTime"] = before["lastTransitionTime"]
    if generation:
        found["observedGeneration"] = generation
    return found
