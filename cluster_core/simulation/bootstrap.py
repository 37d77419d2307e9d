"""What a new cluster begins with: as kubeadm leaves it, settled at time zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_core.simulation.nodes import add_node

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
CONTROL_PLANE = "control-plane"


def bootstrap(cluster: Cluster) -> None:
    """Create what every cluster has; and unless it is bare, a control plane and `spec.nodes` workers named node-1..."""
    api = cluster.world.client("system:apiserver")
    for name in NAMESPACES:
        api.create("Namespace", {"metadata": {"name": name}})
    if not cluster.spec.bare:
        _nodes(cluster)


def _nodes(cluster: Cluster) -> None:
    spec = cluster.spec
    add_node(cluster, CONTROL_PLANE, cpu=spec.cpu, memory=spec.memory, control_plane=True)
    for number in range(1, spec.nodes + 1):
        add_node(cluster, f"node-{number}", cpu=spec.cpu, memory=spec.memory)
