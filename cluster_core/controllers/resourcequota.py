"""Quotas say what is used of them. Models pkg/controller/resourcequota.

Admission adds to the use; this controller counts anew when something ends, goes or changes its kind.
"""

from __future__ import annotations

from collections.abc import Iterable

from cluster_core.apiserver import quota
from cluster_core.apiserver.parts import object_key, split_key
from cluster_core.controllers.runtime import Context, Controller, Keys
from cluster_core.machinery import resourcelists
from cluster_core.machinery.typed import Obj

_COUNTED = (
    "Pod",
    "Service",
    "PersistentVolumeClaim",
    "ConfigMap",
    "Secret",
    "ReplicationController",
    "ServiceAccount",
    "Endpoints",
    "LimitRange",
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "Ingress",
    "NetworkPolicy",
    "Role",
    "RoleBinding",
    "PodDisruptionBudget",
    "HorizontalPodAutoscaler",
    "ResourceClaim",
)


def _unsettled(context: Context, obj: Obj) -> Iterable[str]:
    """A quota whose status is not about its spec yet."""
    status = obj.get("status") or {}
    return () if status.get("hard") == obj["spec"].get("hard", {}) and "used" in status else (object_key(obj),)


def _freed(kind: str) -> Keys:
    """The namespace's quotas, when the object is gone or costs less than before."""

    def keys(context: Context, obj: Obj) -> Iterable[str]:
        metadata = obj["metadata"]
        quotas = context.api.list("ResourceQuota", metadata["namespace"])
        if not quotas:
            return ()
        if kind == "Pod":
            freed = quota.is_over(obj, context.world.clock.now)
        else:
            freed = kind in ("Service", "PersistentVolumeClaim")
        if freed or context.api.get(kind, metadata["namespace"], metadata["name"]) is None:
            return [object_key(each) for each in quotas]
        return ()

    return keys


def reconcile(context: Context, key: str) -> float | None:
    found = context.api.get("ResourceQuota", *split_key(key))
    if found is None:
        return None
    hard = found["spec"].get("hard") or {}
    status = {"hard": hard, "used": resourcelists.texts(quota.used(context.api.server, found))}
    if found.get("status") != status:
        context.api.update_status("ResourceQuota", {**found, "status": status})
    return None


CONTROLLER = Controller(
    "resourcequota-controller",
    watches={"ResourceQuota": _unsettled, **{kind: _freed(kind) for kind in _COUNTED}},
    reconcile=reconcile,
    user="system:serviceaccount:kube-system:resourcequota-controller",
)
