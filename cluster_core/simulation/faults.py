"""The API server or etcd out of reach: what clients get then."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

UNREACHABLE = {
    "kube-apiserver": "the server is currently unable to handle the request: kube-apiserver is not running",
    "etcd": "etcdserver: request timed out",
}


def set_api_fault(cluster: Cluster, component: str, broken: bool) -> None:
    """Let requests fail, or serve them again."""
    cluster.server.etcd_fault = UNREACHABLE[component] if broken else ""
