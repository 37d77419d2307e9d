"""Nodes that KWOK plays: Ready at once, their pods Running and Ready at once, those of Jobs Succeeded, terminating ones gone.

Models KWOK's fast stages (kustomize/stage/{node,pod}/fast): which fields they write, and when.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cluster_core.apiserver.parts import controller_of, split_key
from cluster_core.kubelet import registration
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.timestamps import microtime
from cluster_core.machinery.typed import Obj

if TYPE_CHECKING:
    from cluster_core.kubelet.fleet import Fleet

ANNOTATION, VALUE = "kwok.x-k8s.io/node", "fake"
_CONDITIONS = ("Initialized", "Ready", "ContainersReady")
_NODE_IP = "10.0.0.1"
_RENEWAL = 10 * SECOND

_NODE_CONDITIONS = (
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("NetworkUnavailable", "False", "RouteCreated", "RouteController created a route"),
)


def is_fake(node: Obj) -> bool:
    """Whether the Node asks to be played."""
    return bool(node["metadata"].get("annotations", {}).get(ANNOTATION) == VALUE)


def play_node(fleet: Fleet, node: Obj) -> None:
    """node-initialize: conditions, addresses, capacity where there is none."""
    now, status = fleet.clock.timestamp(), node.get("status", {})
    name = node["metadata"]["name"]
    conditions = [
        {
            "type": type,
            "status": value,
            "lastHeartbeatTime": now,
            "lastTransitionTime": now,
            "reason": reason,
            "message": message,
        }
        for type, value, reason, message in _NODE_CONDITIONS
    ]
    addresses = [{"type": "InternalIP", "address": _NODE_IP}, {"type": "Hostname", "address": name}]
    info = {**_info(), **{key: value for key, value in status.get("nodeInfo", {}).items() if value}}
    filled = {
        **status,
        "addresses": addresses,
        "conditions": conditions,
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10247}},
        "nodeInfo": info,
        "phase": "Running",
    }
    for key in ("allocatable", "capacity"):
        if not status.get(key):
            filled[key] = {"cpu": "1k", "memory": "1Ti", "pods": "1M"}
    fleet.api.update_status("Node", {**node, "status": filled})
    registration.write_lease(fleet.api, node, fleet.clock.now)


def present_lease(lease: Obj, now: int) -> Obj:
    """The Lease with the renewals that have happened since it was written."""
    return {**lease, "spec": {**lease["spec"], "renewTime": microtime(now - now % _RENEWAL)}}


def _info() -> dict[str, Any]:
    return {
        "architecture": "amd64",
        "bootID": "",
        "containerRuntimeVersion": "",
        "kernelVersion": "",
        "kubeProxyVersion": "fake",
        "kubeletVersion": "fake",
        "machineID": "",
        "operatingSystem": "linux",
        "osImage": "",
        "systemUUID": "",
    }


def play_pod(fleet: Fleet, node: str, pod: Obj) -> None:
    """pod-ready, pod-complete or pod-delete, whichever applies."""
    metadata, status = pod["metadata"], pod.get("status", {})
    if "deletionTimestamp" in metadata:
        _remove(fleet, pod)
    elif not status.get("podIP") and status.get("phase") not in ("Succeeded", "Failed"):
        done = _is_job(pod)
        fleet.api.update_status("Pod", {**pod, "status": _status(fleet, pod, done)})


def _remove(fleet: Fleet, pod: Obj) -> None:
    metadata = pod["metadata"]
    if metadata.get("finalizers"):
        changed = {key: value for key, value in metadata.items() if key != "finalizers"}
        pod = fleet.api.update("Pod", {**pod, "metadata": changed})
    if fleet.api.get("Pod", metadata["namespace"], metadata["name"]) is not None:
        fleet.api.delete("Pod", metadata["namespace"], metadata["name"], grace=0)


def _is_job(pod: Obj) -> bool:
    owner = controller_of(pod)
    return owner is not None and owner["kind"] == "Job"


def _status(fleet: Fleet, pod: Obj, done: bool) -> dict[str, Any]:
    now, spec, status = fleet.clock.timestamp(), pod["spec"], pod.get("status", {})
    kept = [found for found in status.get("conditions", ()) if found["type"] not in _CONDITIONS]
    own = [{"type": type, "status": "True", "lastProbeTime": None, "lastTransitionTime": now} for type in _CONDITIONS]
    own += [
        {"type": gate["conditionType"], "status": "True", "lastProbeTime": None, "lastTransitionTime": now}
        for gate in spec.get("readinessGates", ())
    ]
    ip = _NODE_IP if spec.get("hostNetwork") else _pod_ip(fleet, pod)
    found = {
        **status,
        "phase": "Succeeded" if done else "Running",
        "conditions": [*kept, *own],
        "hostIP": _NODE_IP,
        "hostIPs": [{"ip": _NODE_IP}],
        "podIP": ip,
        "podIPs": [{"ip": ip}],
        "startTime": now,
        "containerStatuses": [_container(container, done, now) for container in spec["containers"]],
    }
    if spec.get("initContainers"):
        found["initContainerStatuses"] = [_container(container, True, now) for container in spec["initContainers"]]
    return found


def _pod_ip(fleet: Fleet, pod: Obj) -> str:
    """An address from the node's pod CIDR, else from KWOK's own range."""
    taken = int(fleet.seed.fraction("kwok", pod["metadata"]["uid"]) * 65000) + 256
    return f"10.0.{taken >> 8}.{taken & 255}"


def _container(container: Obj, done: bool, now: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "ready": not done,
        "restartCount": 0,
        "lastState": {},
        "state": {"running": {"startedAt": now}},
    }
    if done:
        ended = {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}
        found |= {"state": {"terminated": ended}, "started": False}
    return found


def pod_due(fleet: Fleet, node: str, key: str) -> None:
    """It is time to look at a pod on a node that is played."""
    pod = fleet.api.get("Pod", *split_key(key))
    if pod is not None and node in fleet.fake:
        play_pod(fleet, node, pod)


def node_due(fleet: Fleet, node: str, _: str) -> None:
    """It is time to look at a node that is played."""
    found = fleet.api.get("Node", "", node)
    if found is not None and node in fleet.fake:
        play_node(fleet, found)
