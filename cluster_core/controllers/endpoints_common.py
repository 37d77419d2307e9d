"""What Endpoints and EndpointSlices have in common: which pods stand behind a service, on which ports."""

from __future__ import annotations

from typing import Any

from cluster_core.controllers import endpoints_index
from cluster_core.controllers.runtime import Context
from cluster_core.machinery.typed import Obj

TRIGGER = "endpoints.kubernetes.io/last-change-trigger-time"


def selected_pods(context: Context, service: Obj) -> list[Obj]:
    """The pods a service selects that have an address and have not ended, by name."""
    metadata = service["metadata"]
    index = endpoints_index.of(context, metadata["namespace"])
    return [pod for pod in index.pods(metadata["name"]) if _reachable(pod)]


def _reachable(pod: Obj) -> bool:
    status = pod.get("status", {})
    return bool(status.get("podIP")) and status.get("phase") not in ("Succeeded", "Failed")


def is_ready(pod: Obj) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def target_port(port: Obj, pod: Obj) -> int | None:
    """The number of a service port's target in the pod; None when the pod has no port of that name."""
    target = port.get("targetPort", port["port"])
    if isinstance(target, int):
        return target
    if str(target).isdigit():
        return int(target)
    for container in pod["spec"].get("containers", ()):
        for found in container.get("ports", ()):
            if found.get("name") == target and found.get("protocol", "TCP") == port.get("protocol", "TCP"):
                return int(found["containerPort"])
    return None


def ports_for(service: Obj, pod: Obj) -> tuple[tuple[str, int, str, str], ...]:
    """(name, number, protocol, appProtocol) of the ports that the pod offers for the service."""
    found = []
    for port in service["spec"].get("ports", ()):
        number = target_port(port, pod)
        if number is not None:
            found.append((port.get("name", ""), number, port.get("protocol", "TCP"), port.get("appProtocol", "")))
    return tuple(found)


def pod_reference(pod: Obj) -> dict[str, Any]:
    metadata = pod["metadata"]
    return {"kind": "Pod", "namespace": metadata["namespace"], "name": metadata["name"], "uid": metadata["uid"]}


def newest_change(service: Obj, pods: list[Obj]) -> str:
    """When what led here happened last: the service's creation or a pod's readiness."""
    newest: str = service["metadata"]["creationTimestamp"]
    for pod in pods:
        for each in pod.get("status", {}).get("conditions", ()):
            if each["type"] == "Ready":
                newest = max(newest, each["lastTransitionTime"] or "")
    return newest


def with_trigger_time(annotations: Obj, newest: str) -> dict[str, str]:
    """The annotations with that time; without it when it is no news."""
    kept = {key: value for key, value in annotations.items() if key != TRIGGER}
    return kept if annotations.get(TRIGGER) == newest else {**kept, TRIGGER: newest}
