"""Every active namespace has the cluster's CA in the config map kube-root-ca.crt. Models
pkg/controller/certificates/rootcacertpublisher."""

from __future__ import annotations

from collections.abc import Iterable

from cluster_core.controllers.runtime import Context, Controller, itself
from cluster_core.machinery.pki import Authority
from cluster_core.machinery.typed import Obj

NAME = "kube-root-ca.crt"
_ANNOTATIONS = {
    "kubernetes.io/description": (
        "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
        "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
        "clusters."
    )
}


def _namespace_of(context: Context, obj: Obj) -> Iterable[str]:
    return (obj["metadata"]["namespace"],) if obj["metadata"]["name"] == NAME else ()


def authority(context: Context) -> Authority:
    """The cluster's certificate authority."""
    world = context.world
    return Authority(world.seed, "kubernetes")


def reconcile(context: Context, key: str) -> float | None:
    namespace = context.api.get("Namespace", "", key)
    if namespace is None or namespace.get("status", {}).get("phase") != "Active":
        return None
    found = context.api.get("ConfigMap", key, NAME)
    data = {"ca.crt": authority(context).pem}
    if found is None:
        metadata = {"name": NAME, "namespace": key, "annotations": _ANNOTATIONS}
        context.api.create("ConfigMap", {"metadata": metadata, "data": data})
    elif found.get("data") != data:
        context.api.update("ConfigMap", {**found, "data": data})
    return None


CONTROLLER = Controller(
    "root-ca-certificate-publisher",
    watches={"Namespace": itself, "ConfigMap": _namespace_of},
    reconcile=reconcile,
    latency=0.0,
    user="system:serviceaccount:kube-system:root-ca-cert-publisher",
)
