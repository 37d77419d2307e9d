"""What a machine's container runtime holds, whoever asks: crictl, docker, ctr, ps.

Pods' statuses tell it, as long as kubelets can write them. Where the API server does not answer, the control plane's own
containers are known from what has happened to its parts: they are the ones that people look for then.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.timestamps import parse_time
from cluster_core.machinery.typed import Obj
from cluster_core.machines.machine import Machine
from cluster_core.simulation.chronicle import FAILED, STARTED, chronicle_of
from cluster_core.simulation.control import control_of
from cluster_core.simulation.kubeadm.manifests import COMPONENTS
from cluster_core.simulation.startchecks import image_problem

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

_FIRST_PAUSE, _LONGEST_PAUSE = 10, 300
"""Seconds between a crashed container's starts: the kubelet's back-off."""


class Container(NamedTuple):
    """Times in microseconds; `finished` 0: it runs. `status` as the pod has it, {} for what no status tells of."""

    id: str
    image: str
    image_id: str
    name: str
    attempt: int
    created: int
    finished: int
    exit_code: int
    reason: str
    pod: Obj
    status: Obj
    fault: str = ""

    @property
    def pid(self) -> int:
        return 1200 + zlib.crc32(self.id.encode()) % 30_000


class Sandbox(NamedTuple):
    id: str
    pod: Obj
    created: int
    ready: bool
    attempt: int


def pods(cluster: Cluster, machine: Machine) -> list[Obj]:
    """The pods the machine runs; static ones of the control plane without those whose manifest is gone."""
    found = cluster.world.client("crictl").on_node("Pod", machine.name)
    stopped = control_of(cluster).stopped if _has_parts(cluster, machine) else {}
    return [pod for pod in found if _component(pod) not in stopped]


def _has_parts(cluster: Cluster, machine: Machine) -> bool:
    return machine.control_plane and cluster.spec.flavour == "kubeadm"


def _is_stale(cluster: Cluster, machine: Machine) -> bool:
    return _has_parts(cluster, machine) and bool(cluster.server.etcd_fault)


def _component(pod: Obj) -> str:
    """Which part of the control plane the static pod is; "" for others."""
    metadata = pod["metadata"]
    name = metadata.get("labels", {}).get("component", "")
    return name if name in COMPONENTS and metadata.get("namespace") == "kube-system" else ""


def sandboxes(cluster: Cluster, machine: Machine) -> list[Sandbox]:
    """Newest first."""
    found = []
    for pod in pods(cluster, machine):
        begun = pod.get("status", {}).get("startTime")
        if begun is not None:
            ended = pod["status"].get("phase") in ("Succeeded", "Failed")
            found.append(Sandbox(sandbox_id(pod), pod, parse_time(begun), not ended, 0))
    return sorted(found, key=lambda each: (-each.created, each.pod["metadata"]["name"]))


def sandbox_id(pod: Obj) -> str:
    return _digest("sandbox", pod["metadata"]["uid"])


def containers(cluster: Cluster, machine: Machine) -> list[Container]:
    """Running and ended ones, newest first."""
    found = [each for pod in pods(cluster, machine) for each in containers_of(cluster, machine, pod)]
    return sorted(found, key=lambda each: (-each.created, each.name, each.id))


def containers_of(cluster: Cluster, machine: Machine, pod: Obj) -> list[Container]:
    component = _component(pod)
    return list(_of_part(cluster, component, pod) if component and _is_stale(cluster, machine) else _of_pod(pod))


def _of_pod(pod: Obj) -> Iterator[Container]:
    status = pod.get("status", {})
    for key in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for each in status.get(key, ()):
            last = each.get("lastState", {}).get("terminated")
            current = each["state"].get("running") or each["state"].get("terminated")
            count = each["restartCount"]
            if current is not None and each.get("containerID"):
                yield _container(pod, each, current, count, each["containerID"])
            if last is not None and last.get("containerID"):
                yield _container(pod, each, last, max(0, count - 1) if current is not None else count, last["containerID"])


def _container(pod: Obj, status: Obj, state: Obj, attempt: int, identity: str) -> Container:
    created = parse_time(state["startedAt"])
    finished = max(parse_time(state["finishedAt"]), created) if "finishedAt" in state else 0
    return Container(bare_id(identity), status["image"], image_id(status["imageID"]), status["name"], attempt, created, finished,
                     int(state.get("exitCode", 0)), str(state.get("reason", "")), pod, status)  # fmt: skip


def bare_id(identity: str) -> str:
    """Of "containerd://ID"."""
    return identity.rpartition("/")[2]


def image_id(reference: str) -> str:
    """The digits of "repository@sha256:DIGITS"."""
    return reference.rpartition(":")[2]


def _digest(*parts: Any) -> str:
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()


# ---------------------------------------------------------------------------------------------------- without the API server


def _of_part(cluster: Cluster, component: str, pod: Obj) -> Iterator[Container]:
    machine = pod["spec"]["nodeName"]
    last = chronicle_of(cluster).last(machine, component)
    manifest = control_of(cluster).manifest(component)
    image = str((manifest or pod)["spec"]["containers"][0].get("image", ""))
    if last.what == FAILED and not image_problem(cluster, manifest):
        at, attempt = last_crash(last.at, cluster.clock.now)
        yield Container(_digest(component, at, attempt), image, _digest(image), component, attempt, at, at + SECOND, 1, "Error", pod, {}, last.text)
    elif last.what != FAILED:
        started = next((each.at for each in reversed(chronicle_of(cluster).of(machine, component)) if each.what == STARTED), last.at)
        known = next((each for each in _of_pod(pod) if not each.finished and each.created >= started - SECOND), None)
        yield known or Container(_digest(component, started), image, _digest(image), component, 0, started, 0, 0, "", pod, {})


def last_crash(since: int, now: int) -> tuple[int, int]:
    """(when it was last started, how often before)"""
    at, attempt, pause = since, 0, _FIRST_PAUSE
    while at + pause * SECOND <= now:
        at, attempt, pause = at + pause * SECOND, attempt + 1, min(pause * 2, _LONGEST_PAUSE)
    return at, attempt
