"""A pod as the browser draws it. Its `reason` is what kubectl shows under STATUS.

Models pkg/printers/internalversion/printers.go printPod.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cluster_core.machinery import quantity
from cluster_core.machinery.typed import Obj

Status = Mapping[str, Any]
_MIRROR = "kubernetes.io/config.mirror"


def pod(obj: Obj) -> dict[str, Any]:
    metadata, spec, status = obj["metadata"], obj.get("spec", {}), obj.get("status", {})
    containers = status.get("containerStatuses", ())
    ready = sum(1 for container in containers if container.get("ready"))
    return {
        "node": spec.get("nodeName", ""),
        "phase": status.get("phase", "Pending"),
        "reason": reason(obj),
        "ready": [ready, len(spec.get("containers", ()))],
        "unready": ready > 0 and ready == len(containers) and _is_unready(status),
        "restarts": sum(container.get("restartCount", 0) for container in containers),
        "ip": status.get("podIP", ""),
        "labels": metadata.get("labels", {}),
        "deleting": "deletionTimestamp" in metadata,
        "msg": message(status),
        "static": _MIRROR in metadata.get("annotations", {}),
        "created": metadata.get("creationTimestamp", ""),
        "requests": requests(spec),
    }


def requests(spec: Mapping[str, Any]) -> dict[str, int]:
    """What the scheduler counts: the containers' sum or the greatest init container's, plus overhead."""
    names = {"cpu": quantity.milli, "memory": quantity.value}
    return {name: _request(spec, name, measure) for name, measure in names.items()}


def _request(spec: Mapping[str, Any], name: str, measure: Any) -> int:
    def of(container: Mapping[str, Any]) -> int:
        return int(measure((container.get("resources", {}).get("requests") or {}).get(name, 0)))

    inits = spec.get("initContainers", ())
    sidecars = sum(of(container) for container in inits if container.get("restartPolicy") == "Always")
    running = sum(map(of, spec.get("containers", ()))) + sidecars
    return max([running, *map(of, inits)]) + int(measure(spec.get("overhead", {}).get(name, 0)))


def _is_unready(status: Status) -> bool:
    return any(condition["type"] == "Ready" and condition["status"] == "False" for condition in status.get("conditions", ()))


def message(status: Status) -> str:
    """Why it is not scheduled, what its phase's message says, or what a container waits for."""
    for condition in status.get("conditions", ()):
        if condition["type"] == "PodScheduled" and condition["status"] != "True":
            return str(condition.get("message", ""))
    return str(status.get("message", "") or _waiting(status))


def _waiting(status: Status) -> str:
    for container in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
        if told := container.get("state", {}).get("waiting", {}).get("message"):
            return str(told)
    return ""


def reason(obj: Obj) -> str:
    status = obj.get("status", {})
    if "deletionTimestamp" in obj["metadata"]:
        return "Unknown" if status.get("reason") == "NodeLost" else "Terminating"
    shown = status.get("reason") or status.get("phase", "Pending")
    shown = _unscheduled(status) or shown
    return _init_reason(obj) or _container_reason(status, str(shown))


def _unscheduled(status: Status) -> str:
    for condition in status.get("conditions", ()):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return str(condition.get("reason", ""))
    return ""


def _init_reason(obj: Obj) -> str:
    inits: Sequence[Status] = obj.get("status", {}).get("initContainerStatuses", ())
    always = {
        container["name"]
        for container in obj.get("spec", {}).get("initContainers", ())
        if container.get("restartPolicy") == "Always"
    }
    for index, container in enumerate(inits):
        state = container.get("state", {})
        ended = state.get("terminated")
        if (ended and ended.get("exitCode") == 0) or (container["name"] in always and container.get("started")):
            continue
        waiting = state.get("waiting", {}).get("reason", "")
        if ended:
            return f"Init:{ended.get('reason') or _exit(ended)}"
        if waiting and waiting != "PodInitializing":
            return f"Init:{waiting}"
        return f"Init:{index}/{len(inits)}"
    return ""


def _container_reason(status: Status, shown: str) -> str:
    running = False
    for container in reversed(status.get("containerStatuses", ())):
        state = container.get("state", {})
        waiting, ended = state.get("waiting", {}).get("reason", ""), state.get("terminated")
        if waiting:
            shown = waiting
        elif ended:
            shown = ended.get("reason") or _exit(ended)
        elif container.get("ready") and "running" in state:
            running = True
    if shown == "Completed" and running:
        ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions", ()))
        return "Running" if ready else "NotReady"
    return shown


def _exit(ended: Status) -> str:
    return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode', 0)}"
