"""How a node makes itself known: its Node object with capacity, conditions and info, and its Lease.

Models pkg/kubelet/kubelet_node_status.go and nodestatus/setters.go. Heartbeats are not written: `present_node` and
`present_lease` show them to whoever looks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from cluster_core.apiserver.client import Client
from cluster_core.apiserver.world import World
from cluster_core.kubelet import settings
from cluster_core.machinery import quantity
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.containers import Image
from cluster_core.machinery.timestamps import microtime, timestamp
from cluster_core.machinery.typed import Obj

VERSION = "v1.36.2"
RUNTIMES = {"containerd": "containerd://2.2.1", "cri-o": "cri-o://1.36.0", "docker": "docker://29.1.0"}
LEASES = "kube-node-lease"
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
FIRST_RENEWAL = 1000
"""Microseconds from taking the lease to its first renewal: however soon a machine dies, its last renewal is news."""
STATUS_PERIOD = 300 * SECOND
"""nodeStatusReportFrequency."""

PRESSURES = {
    "MemoryPressure": (
        ("HasSufficientMemory", "has sufficient memory available"),
        ("HasInsufficientMemory", "has insufficient memory available"),
    ),
    "DiskPressure": (("HasNoDiskPressure", "has no disk pressure"), ("HasDiskPressure", "has disk pressure")),
    "PIDPressure": (
        ("HasSufficientPID", "has sufficient PID available"),
        ("HasInsufficientPID", "has insufficient PID available"),
    ),
}
"""Type -> (reason, message) of a condition that is false, and of one that is true."""


def node_object(machine: Any, seed: Any) -> dict[str, Any]:
    """The Node as its kubelet first registers it, without status."""
    labels = {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": machine.name,
        "kubernetes.io/os": "linux",
        **machine.labels,
        **machine.settings.get("labels", {}),
    }
    taints = [*machine.taints, *machine.settings.get("taints", ())]
    if machine.control_plane:
        labels |= {CONTROL_PLANE: "", "node.kubernetes.io/exclude-from-external-load-balancers": ""}
        taints.append({"key": CONTROL_PLANE, "effect": "NoSchedule"})
    annotations = {
        "node.alpha.kubernetes.io/ttl": "0",
        "volumes.kubernetes.io/controller-managed-attach-detach": "true",
    }
    spec: dict[str, Any] = {"podCIDR": machine.pod_cidr, "podCIDRs": [machine.pod_cidr]}
    if taints:
        spec["taints"] = taints
    return {"metadata": {"name": machine.name, "labels": labels, "annotations": annotations}, "spec": spec}


def node_status(machine: Any, seed: Any, now: str, before: Obj | None = None) -> dict[str, Any]:
    """The whole status a well kubelet posts."""
    return {
        **resources(machine),
        "conditions": conditions(now, before or {}, machine.pressure),
        "addresses": [
            {"type": "InternalIP", "address": machine.internal_address},
            {"type": "Hostname", "address": machine.name},
        ],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": node_info(machine, seed),
        "images": list((before or {}).get("images", ())),
        "runtimeHandlers": [{"name": "", "features": {"recursiveReadOnlyMounts": True, "userNamespaces": True}}],
        "features": {"supplementalGroupsPolicy": True},
    }


def resources(machine: Any) -> dict[str, Any]:
    """Capacity, and what is left of it for pods."""
    fixed = {"hugepages-1Gi": "0", "hugepages-2Mi": "0"}
    pods = str(settings.pods(machine))
    cpu = machine.cpu
    if settings.reserved(machine, "cpu"):
        cpu = quantity.canonical(f"{settings.allocatable(machine, 'cpu')}m")
    return {
        "capacity": {
            "cpu": machine.cpu,
            "ephemeral-storage": f"{settings.capacity(machine, 'ephemeral-storage') // 1024}Ki",
            **fixed,
            "memory": f"{settings.capacity(machine, 'memory') // 1024}Ki",
            "pods": pods,
        },
        "allocatable": {
            "cpu": cpu,
            "ephemeral-storage": str(settings.allocatable(machine, "ephemeral-storage")),
            **fixed,
            "memory": f"{settings.allocatable(machine, 'memory') // 1024}Ki",
            "pods": pods,
        },
    }


def conditions(now: str, before: Obj, pressure: Collection[str] = ()) -> list[dict[str, Any]]:
    """The pressures and Ready, with the times of their last change; `pressure` are the types that are true."""
    known = {found["type"]: found for found in before.get("conditions", ())}
    wanted = [_pressure(type, type in pressure) for type in PRESSURES]
    wanted.append(("Ready", "True", "KubeletReady", "kubelet is posting ready status"))
    result = []
    for type, status, reason, message in wanted:
        old = known.get(type)
        since = old["lastTransitionTime"] if old is not None and old["status"] == status else now
        result.append(
            {
                "type": type,
                "status": status,
                "lastHeartbeatTime": now,
                "lastTransitionTime": since,
                "reason": reason,
                "message": message,
            }
        )
    return [*(found for found in before.get("conditions", ()) if found["type"] not in _OWN), *result]


def _pressure(type: str, present: bool) -> tuple[str, str, str, str]:
    reason, message = PRESSURES[type][present]
    return type, "True" if present else "False", f"Kubelet{reason}", f"kubelet {message}"


_OWN = frozenset(("MemoryPressure", "DiskPressure", "PIDPressure", "Ready"))


def node_info(machine: Any, seed: Any) -> dict[str, Any]:
    return {
        "machineID": seed.uid("machine", machine.name).replace("-", ""),
        "systemUUID": seed.uid("system", machine.name),
        "bootID": seed.uid("boot", machine.name, machine.boots),
        "kernelVersion": "6.12.48+deb13-amd64",
        "osImage": "Debian GNU/Linux 12 (bookworm)",
        "containerRuntimeVersion": RUNTIMES.get(machine.runtime, RUNTIMES["containerd"]),
        "kubeletVersion": machine.settings.get("version", VERSION),
        "kubeProxyVersion": "",
        "operatingSystem": "linux",
        "architecture": "amd64",
        "swap": {"capacity": 0},
    }


def register(api: Client, world: World, machine: Any) -> Obj:
    """Create the Node or bring its status up to date; take or renew the Lease."""
    node = api.get("Node", "", machine.name)
    now = world.clock.timestamp()
    if node is None:
        node = api.create("Node", {**node_object(machine, world.seed), "status": node_status(machine, world.seed, now)})
    else:
        status = {**node["status"], **node_status(machine, world.seed, now, node["status"])}
        node = api.update_status("Node", {**node, "status": status})
    write_lease(api, node, world.clock.now - FIRST_RENEWAL)
    return node


def news(before: Obj | None, node: Obj) -> Iterator[tuple[str, str, str]]:
    """(type, reason, message) of what a kubelet that has started tells about its node."""
    name, status = node["metadata"]["name"], node["status"]
    yield "Normal", "Starting", "Starting kubelet."
    known = (before or {}).get("status", {})
    boot = status.get("nodeInfo", {}).get("bootID", "")
    if known.get("nodeInfo", {}).get("bootID", boot) != boot:
        yield "Warning", "Rebooted", f"Node {name} has been rebooted, boot id: {boot}"
    told = [words[type in _true(status)][0] for type, words in PRESSURES.items()]
    if "Ready" not in _true(known):
        told.append("Ready")
    yield from (("Normal", f"Node{what}", f"Node {name} status is now: Node{what}") for what in told)
    yield "Normal", "NodeAllocatableEnforced", "Updated Node Allocatable limit across pods"


def _true(status: Obj) -> set[str]:
    return {found["type"] for found in status.get("conditions", ()) if found["status"] == "True"}


def write_lease(api: Client, node: Obj, renewed: int) -> None:
    """Write the Lease with this time of renewal (microseconds)."""
    name = node["metadata"]["name"]
    known = api.get("Lease", LEASES, name)
    spec = {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": microtime(renewed)}
    if known is not None:
        api.update("Lease", {**known, "spec": {**known["spec"], **spec}})
        return
    if api.get("Namespace", "", LEASES) is None:
        return
    owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": node["metadata"]["uid"]}
    api.create("Lease", {"metadata": {"name": name, "namespace": LEASES, "ownerReferences": [owner]}, "spec": spec})


def images_of(found: list[Image]) -> list[dict[str, Any]]:
    """node.status.images: the 50 largest, with digest and tag as names."""
    largest = sorted(found, key=lambda image: (-image.size, image.reference))[:50]
    return [{"names": [image.image_id, image.reference], "sizeBytes": image.size} for image in largest]


# ------------------------------------------------------------------------------------------------ heartbeats, looked at


def present_lease(lease: Obj, machine: Any, now: int) -> Obj:
    """The Lease with the renewals that have happened since it was written."""
    if machine is None or not machine.well:
        return lease
    return {**lease, "spec": {**lease["spec"], "renewTime": microtime(machine.renewal_before(now))}}


def present_node(node: Obj, machine: Any, now: int) -> Obj:
    """The Node with the time of its kubelet's last report."""
    if machine is None or not machine.well:
        return node
    beat = timestamp(now - (now - machine.since) % STATUS_PERIOD)
    found = [
        {**each, "lastHeartbeatTime": max(beat, each["lastHeartbeatTime"])} if each["type"] in _OWN else each
        for each in node["status"].get("conditions", ())
    ]
    return {**node, "status": {**node["status"], "conditions": found}}
