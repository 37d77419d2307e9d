"""What the API server writes about itself when it starts: how clients prove who they are, and its flow control.

Models controlplane/controller/clusterauthenticationtrust and the flow control's configuration producer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cluster_core.apiserver.authentication import authority
from cluster_core.apiserver.client import Client
from cluster_core.apiserver.legacytokens import TRACKING
from cluster_core.machinery.pki import Authority
from cluster_core.simulation.kubeadm import flowcontrol

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

_HEADERS = {
    "requestheader-allowed-names": '["front-proxy-client"]',
    "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
    "requestheader-group-headers": '["X-Remote-Group"]',
    "requestheader-username-headers": '["X-Remote-User"]',
}


def write(cluster: Cluster, api: Client) -> None:
    """Everything of the kind, in a new cluster."""
    front = Authority(cluster.seed, "front-proxy-ca")
    data = {**_HEADERS, "client-ca-file": authority(cluster.server).pem, "requestheader-client-ca-file": front.pem}
    metadata = {"name": "extension-apiserver-authentication", "namespace": "kube-system"}
    api.create("ConfigMap", {"metadata": metadata, "data": data})
    now = cluster.clock.timestamp()
    api.create("ConfigMap", {"metadata": {"name": TRACKING, "namespace": "kube-system"}, "data": {"since": now[:10]}})
    for level in flowcontrol.levels():
        _put(cluster, api, "PriorityLevelConfiguration", level)
    for schema in flowcontrol.schemas():
        status = flowcontrol.found(schema["spec"]["priorityLevelConfiguration"]["name"], now)
        _put(cluster, api, "FlowSchema", {**schema, "status": status})


def _put(cluster: Cluster, api: Client, kind: str, obj: dict[str, Any]) -> None:
    """Without ceremony: many, and rarely read. What does not name the cluster is shared between clusters."""
    uid = cluster.seed.uid("bootstrap", kind, obj["metadata"]["name"])
    metadata = {**obj["metadata"], "uid": uid, "creationTimestamp": cluster.clock.timestamp()}
    cluster.server.storage.put(api.kind(kind), {**obj, "metadata": metadata})
