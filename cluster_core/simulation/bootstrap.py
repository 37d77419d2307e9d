"""What a new cluster begins with: namespaces and nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")


def bootstrap(cluster: Cluster) -> None:
    """Create what every cluster has."""
    api = cluster.world.client("system:apiserver")
    for name in NAMESPACES:
        api.create("Namespace", {"metadata": {"name": name}})
