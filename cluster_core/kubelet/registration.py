"""How a node makes itself known: its Node object with capacity, conditions and info, and its Lease.

Models pkg/kubelet/kubelet_node_status.go and nodestatus/setters.go. Heartbeats are not written: `present_node` and
`present_lease` show them to whoever looks.
"""

from __future__ import annotations

from typing import Any

from cluster_core.apiserver.client import Client
from cluster_core.apiserver.world import World
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

_PRESSURES = (
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
)


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
        "conditions": conditions(now, before or {}),
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
    """Capacity, and what is left of it for pods: less what is reserved and the hard eviction thresholds (100Mi of memory, a
    tenth of the storage)."""
    memory, storage = quantity.value(machine.memory), quantity.value(machine.storage)
    settings = machine.settings
    kept = {name: sum(map(quantity.milli, amounts)) for name, amounts in settings.get("reserved", {}).items()}
    free = memory - kept.get("memory", 0) // 1000 - _share(settings.get("evictionMemory", "100Mi"), memory)
    room = storage - kept.get("ephemeral-storage", 0) // 1000 - _share(settings.get("evictionStorage", "10%"), storage)
    fixed = {"hugepages-1Gi": "0", "hugepages-2Mi": "0"}
    pods = str(settings.get("maxPods", machine.pods))
    return {
        "capacity": {
            "cpu": machine.cpu,
            "ephemeral-storage": f"{storage // 1024}Ki",
            **fixed,
            "memory": f"{memory // 1024}Ki",
            "pods": pods,
        },
        "allocatable": {
            "cpu": _less(machine.cpu, kept.get("cpu", 0)),
            "ephemeral-storage": str(max(0, room)),
            **fixed,
            "memory": f"{max(0, free) // 1024}Ki",
            "pods": pods,
        },
    }


def _share(threshold: str, whole: int) -> int:
    """An eviction threshold in bytes: an amount, or so many percent."""
    if threshold.endswith("%"):
        return whole - whole * round(1000 - 10 * float(threshold[:-1])) // 1000
    return quantity.value(threshold)


def _less(cpu: str, kept: int) -> str:
    """The CPU without so many thousandths."""
    return cpu if not kept else f"{max(0, quantity.milli(cpu) - kept)}m"


def conditions(now: str, before: Obj) -> list[dict[str, Any]]:
    """The pressures and Ready, all well, with the times of their last change."""
    known = {found["type"]: found for found in before.get("conditions", ())}
    wanted = [(type, "False", reason, message) for type, reason, message in _PRESSURES]
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


_OWN = frozenset(("MemoryPressure", "DiskPressure", "PIDPressure", "Ready"))


def node_info(machine: Any, seed: Any) -> dict[str, Any]:
    return {
        "machineID": seed.uid("machine", machine.name).replace("-", ""),
        "systemUUID": seed.uid("system", machine.name),
        "bootID": seed.uid("boot", machine.name, machine.boots),
        "kernelVersion": "6.12.48+deb13-amd64",
        "osImage": "Debian GNU/Linux 12 (bookworm)",
        "containerRuntimeVersion": RUNTIMES.get(machine.runtime, RUNTIMES["containerd"]),
        "kubeletVersion": VERSION,
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
