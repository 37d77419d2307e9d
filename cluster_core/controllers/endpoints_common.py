"""What Endpoints and EndpointSlices have in common: which pods stand behind a service, on which ports."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cluster_core.apiserver.parts import object_key
from cluster_core.controllers.runtime import Context
from cluster_core.machinery import selectors
from cluster_core.machinery.timestamps import any_time
from cluster_core.machinery.typed import Obj

TRIGGER = "endpoints.kubernetes.io/last-change-trigger-time"


def services_of_pod(context: Context, pod: Obj) -> Iterable[str]:
    """The services of its namespace that select the pod."""
    labels = pod["metadata"].get("labels", {})
    for service in context.api.list("Service", pod["metadata"]["namespace"]):
        selector = service["spec"].get("selector")
        if selector and selectors.compile_map(selector)(labels):
            yield object_key(service)


def selected_pods(context: Context, service: Obj) -> list[Obj]:
    """The pods a service selects that have an address and have not ended, by name."""
    matches = selectors.compile_map(service["spec"]["selector"])
    pods = context.api.list("Pod", service["metadata"]["namespace"])
    return [pod for pod in pods if matches(pod["metadata"].get("labels", {})) and _reachable(pod)]


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


def trigger_time(context: Context, service: Obj, pods: list[Obj]) -> str:
    """The newest change that led here: the service's creation or a pod's readiness."""
    times = [service["metadata"]["creationTimestamp"]]
    for pod in pods:
        conditions = pod.get("status", {}).get("conditions", ())
        times += [each["lastTransitionTime"] for each in conditions if each["type"] == "Ready"]
    return max(times, key=any_time)
