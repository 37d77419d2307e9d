"""What a new cluster begins with: as kubeadm leaves it, settled at time zero.

The controllers, the scheduler and the kubelets do the rest themselves, on a clock that stands still: so the pods of CoreDNS
and kube-proxy are there and running when the cluster is handed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cluster_core.apiserver.client import Client
from cluster_core.kubelet import imagestore
from cluster_core.machinery.clock import SECOND
from cluster_core.simulation import leaderelection
from cluster_core.simulation.kubeadm import addons, serving
from cluster_core.simulation.kubeadm.policy import policy
from cluster_core.simulation.nodes import CONTROL_PLANE, fleet_of, new_machine, park_of

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

NAMESPACES = ("kube-system", "kube-public", "kube-node-lease", "default")
SERVICE_IP = "10.96.0.1"
SERVICE_CIDR = "10.96.0.0/12"
_PRIORITIES = (
    ("system-cluster-critical", 2000000000, "Used for system critical pods that must run in the cluster, but can be moved to "
     "another node if necessary."),
    ("system-node-critical", 2000001000, "Used for system critical pods that must not be moved from their current node."),
)  # fmt: skip
HORIZON = 2 * SECOND
_MOST_STEPS = 200_000


def bootstrap(cluster: Cluster) -> None:
    """Create what every cluster has; and unless it is bare, a control plane and `spec.nodes` workers node-1, node-2..."""
    fleet = fleet_of(cluster)
    cluster.server.silent = fleet.instant = True
    _create_all(cluster)
    _settle(cluster)
    for name in park_of(cluster).machines:
        imagestore.report(fleet, name)
    _settle(cluster)
    cluster.server.silent = fleet.instant = False


def system_objects(cluster: Cluster) -> None:
    """What an API server makes by itself when it finds nothing in etcd."""
    machine = park_of(cluster).get(CONTROL_PLANE)
    api = _own_objects(cluster)
    _kubernetes_service(api, machine.address if machine is not None else "172.18.0.2")
    leaderelection.begin(cluster, api)


def _own_objects(cluster: Cluster) -> Client:
    api = cluster.world.client("system:apiserver")
    for name in NAMESPACES:
        api.create("Namespace", {"metadata": {"name": name}})
    for name, value, description in _PRIORITIES:
        api.create("PriorityClass", {"metadata": {"name": name}, "value": value, "description": description})
    api.create("ServiceCIDR", {"metadata": {"name": "kubernetes"}, "spec": {"cidrs": [SERVICE_CIDR]}})
    _roles(cluster, api)
    serving.write(cluster, api)
    cluster.agenda.soon("apiregistration", "register")
    return api


def _create_all(cluster: Cluster) -> None:
    api = _own_objects(cluster)
    address = _nodes(cluster) if not cluster.spec.bare else "172.18.0.2"
    _kubernetes_service(api, address)
    leaderelection.begin(cluster, api)
    if not cluster.spec.bare:
        for kind, obj in addons.objects(f"https://{address}:6443", proxy=cluster.spec.flavour == "kubeadm"):
            api.create(kind, obj)
        api.create("StorageClass", _STANDARD)


_STANDARD = {
    "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
    "provisioner": "rancher.io/local-path",
    "reclaimPolicy": "Delete",
    "volumeBindingMode": "WaitForFirstConsumer",
}


def _roles(cluster: Cluster, api: Client) -> None:
    """The default roles: many and rarely read, so written without ceremony; their rules are shared between clusters."""
    seed, storage, now = cluster.seed, cluster.server.storage, cluster.clock.timestamp()
    for (kind, obj), plain in policy():
        if plain and cluster.spec.bare and not obj["metadata"]["name"].startswith("kubeadm:cluster-admins"):
            continue
        metadata = obj["metadata"]
        uid = seed.uid("bootstrap", kind, metadata.get("namespace"), metadata["name"])
        storage.put(api.kind(kind), {**obj, "metadata": {**metadata, "uid": uid, "creationTimestamp": now}})


def _nodes(cluster: Cluster) -> str:
    """The machines, registered; answers the control plane's address."""
    spec, park = cluster.spec, park_of(cluster)
    first = new_machine(cluster, CONTROL_PLANE, cpu=spec.cpu, memory=spec.memory, control_plane=True)
    for number in range(1, spec.nodes + 1):
        new_machine(cluster, f"node-{number}", cpu=spec.cpu, memory=spec.memory)
    for machine in park.machines.values():
        fleet_of(cluster).register(machine)
    return first.address


def _kubernetes_service(api: Client, address: str) -> None:
    """The default/kubernetes Service and the endpoints that the API server keeps for it."""
    labels = {"component": "apiserver", "provider": "kubernetes"}
    port = {"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}
    metadata = {"name": "kubernetes", "namespace": "default"}
    spec = {"clusterIP": SERVICE_IP, "ports": [port], "sessionAffinity": "None", "type": "ClusterIP"}
    api.create("Service", {"metadata": {**metadata, "labels": labels}, "spec": spec})
    mirrored = {"endpointslice.kubernetes.io/skip-mirror": "true"}
    endpoint_port = {"name": "https", "port": 6443, "protocol": "TCP"}
    subset: dict[str, Any] = {"addresses": [{"ip": address}], "ports": [endpoint_port]}
    api.create("Endpoints", {"metadata": {**metadata, "labels": mirrored}, "subsets": [subset]})
    slice_labels = {"kubernetes.io/service-name": "kubernetes"}
    endpoint = {"addresses": [address], "conditions": {"ready": True}}
    api.create(
        "EndpointSlice",
        {
            "metadata": {**metadata, "labels": slice_labels},
            "addressType": "IPv4",
            "endpoints": [endpoint],
            "ports": [endpoint_port],
        },
    )


def _settle(cluster: Cluster) -> None:
    """Let all parts finish what they would do in the first moments, without letting time pass."""
    until = cluster.clock.now + HORIZON
    for _ in range(_MOST_STEPS):
        entry = cluster.agenda.pop(until)
        if entry is None:
            break
        part = cluster.parts.get(entry.target)
        if part is not None:
            part.run(entry.key)
