"""What a kubelet shows to who may ask it: its health, pods, configuration and what they use. Models pkg/kubelet/server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import orjson
import yaml

from cluster_core.apiserver.request import ApiResponse
from cluster_core.machinery.typed import Obj
from cluster_core.simulation import machinefiles
from cluster_core.simulation.nodes import fleet_of, park_of
from cluster_core.simulation.usage import SYSTEM_CPU

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

_TEXT = "text/plain; charset=utf-8"
_CONFIG = "/var/lib/kubelet/config.yaml"
_NANO_PER_MILLI = 1_000_000
_HEALTH = frozenset(("/healthz", "/healthz/ping", "/healthz/syncloop", "/healthz/log"))


def page(cluster: Cluster, node: str, path: str) -> ApiResponse:
    """The page of the node's kubelet, which runs."""
    if path in _HEALTH:
        return ApiResponse(200, b"ok", _TEXT)
    write = _PAGES.get(path.rstrip("/"))
    if write is None:
        return ApiResponse(404, b"404 page not found\n", _TEXT)
    return ApiResponse(200, orjson.dumps(write(cluster, node)))


def _pods_on(cluster: Cluster, node: str) -> list[Obj]:
    return list(cluster.world.client("system:node").on_node("Pod", node))


def _pods(cluster: Cluster, node: str) -> Obj:
    return {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": _pods_on(cluster, node)}


def _running(cluster: Cluster, node: str) -> Obj:
    """Only what runs now, and little of it."""
    found = [pod for pod in _pods_on(cluster, node) if pod.get("status", {}).get("phase") == "Running"]
    shown = [{"metadata": {key: pod["metadata"][key] for key in ("name", "namespace", "uid")},
              "spec": {"containers": [{"name": each["name"], "image": each["image"], "resources": {}} for each in pod["spec"]["containers"]]},
              "status": {}} for pod in found]  # fmt: skip
    return {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": shown}


def _configuration(cluster: Cluster, node: str) -> Obj:
    text = machinefiles.files(cluster, park_of(cluster).machines[node]).get(_CONFIG, "")
    try:
        found = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:  # what was written over it has not been read yet
        found = {}
    return {"kubeletconfig": {key: value for key, value in (found or {}).items() if key not in ("kind", "apiVersion")}}


def _summary(cluster: Cluster, node: str) -> Obj:
    """/stats/summary: cpu and memory of the node and of every container."""
    now, inside = cluster.world.clock.timestamp(), fleet_of(cluster).inside
    measured = [(pod, list(inside.usage(pod))) for pod in _pods_on(cluster, node)]
    cpu = SYSTEM_CPU + sum(each[1] for _, containers in measured for each in containers)
    memory = inside.overhead(node) + sum(each[2] for _, containers in measured for each in containers)
    pods = [_of_pod(pod, containers, now) for pod, containers in measured if containers]
    return {"node": {"nodeName": node, **_amounts(now, cpu, memory)}, "pods": pods}


def _of_pod(pod: Obj, containers: Iterable[tuple[str, int, int]], now: str) -> Obj:
    metadata, listed = pod["metadata"], list(containers)
    whole = _amounts(now, sum(each[1] for each in listed), sum(each[2] for each in listed))
    return {
        "podRef": {key: metadata[key] for key in ("name", "namespace", "uid")},
        "startTime": pod.get("status", {}).get("startTime"),
        "containers": [{"name": name, **_amounts(now, cpu, memory)} for name, cpu, memory in listed],
        **whole,
    }


def _amounts(now: str, cpu: int, memory: int) -> dict[str, Any]:
    """`cpu` in thousandths, `memory` in bytes."""
    return {
        "cpu": {"time": now, "usageNanoCores": cpu * _NANO_PER_MILLI},
        "memory": {"time": now, "usageBytes": memory, "workingSetBytes": memory},
    }


_PAGES: Mapping[str, Callable[[Cluster, str], Obj]] = {
    "/pods": _pods,
    "/runningpods": _running,
    "/configz": _configuration,
    "/stats/summary": _summary,
}
