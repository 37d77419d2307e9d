"""The names by which --controllers knows the controllers of kube-controller-manager.

Models cmd/kube-controller-manager/names and IsControllerEnabled: a canonical name, or one of old that stands for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from cluster_core.controllers.runtime import Controller

_ENDING = "-controller"
_ELSEWHERE = (
    "garbage-collector", "cloud-node-lifecycle", "node-route", "service-lb", "kube-apiserver-serving-clustertrustbundle-publisher",
    "podcertificaterequest-cleaner", "podgroup-protection", "resourcepoolstatusrequest", "selinux-warning", "storage-version-migrator",
    "storageversion-garbage-collector",
)  # fmt: skip
"""Controllers that are known and not made from a reconcile function here: the garbage collector, those that need a cloud, those
whose feature gates are closed by default, and those that would have nothing to do."""
_OLD = {
    "attachdetach": "persistentvolume-attach-detach", "bootstrapsigner": "bootstrap-signer", "cloud-node-lifecycle": "cloud-node-lifecycle",
    "clusterrole-aggregation": "clusterrole-aggregation", "cronjob": "cronjob", "csrapproving": "certificatesigningrequest-approving",
    "csrcleaner": "certificatesigningrequest-cleaner", "csrsigning": "certificatesigningrequest-signing", "daemonset": "daemonset",
    "deployment": "deployment", "disruption": "disruption", "endpoint": "endpoints", "endpointslice": "endpointslice",
    "endpointslicemirroring": "endpointslice-mirroring", "ephemeral-volume": "ephemeral-volume", "garbagecollector": "garbage-collector",
    "horizontalpodautoscaling": "horizontal-pod-autoscaler", "job": "job",
    "legacy-service-account-token-cleaner": "legacy-serviceaccount-token-cleaner", "namespace": "namespace", "nodeipam": "node-ipam",
    "nodelifecycle": "node-lifecycle", "persistentvolume-binder": "persistentvolume-binder",
    "persistentvolume-expander": "persistentvolume-expander", "podgc": "pod-garbage-collector", "pv-protection": "persistentvolume-protection",
    "pvc-protection": "persistentvolumeclaim-protection", "replicaset": "replicaset", "replicationcontroller": "replicationcontroller",
    "resource-claim-controller": "resourceclaim", "resourcequota": "resourcequota", "root-ca-cert-publisher": "root-ca-certificate-publisher",
    "route": "node-route", "service": "service-lb", "serviceaccount": "serviceaccount", "serviceaccount-token": "serviceaccount-token",
    "statefulset": "statefulset", "storage-version-gc": "storageversion-garbage-collector", "svm": "storage-version-migrator",
    "tokencleaner": "token-cleaner", "ttl": "ttl", "ttl-after-finished": "ttl-after-finished",
}  # fmt: skip
"""Names of old, without the ending of those they stand for."""


def full(name: str) -> str:
    """The canonical name of one of our controllers."""
    return name if name.endswith(_ENDING) else name + _ENDING


def canonical(word: str) -> str:
    """The canonical name for a word of --controllers."""
    return full(_OLD[word]) if word in _OLD else word


def unknown(wanted: Sequence[str], ours: Sequence[Controller]) -> str:
    """The first word that names no controller, "" when all do."""
    known = {full(each.name) for each in ours} | {full(name) for name in _ELSEWHERE}
    words = (word.removeprefix("-") for word in wanted if word != "*")
    return next((word for word in words if canonical(word) not in known), "")


def is_chosen(name: str, by_default: bool, wanted: Sequence[str]) -> bool:
    """What --controllers says of this controller: "name", "-name", "*" for all that are on by default; the first word counts."""
    own = full(name)
    for word in wanted:
        if canonical(word.removeprefix("-")) == own:
            return not word.startswith("-")
    return "*" in wanted and by_default
