"""Every active namespace has a service account "default". Models pkg/controller/serviceaccount."""

from __future__ import annotations

from collections.abc import Iterable

from cluster_core.controllers.runtime import Context, Controller, itself
from cluster_core.machinery.typed import Obj


def _namespace_of(context: Context, obj: Obj) -> Iterable[str]:
    return (obj["metadata"]["namespace"],) if obj["metadata"]["name"] == "default" else ()


def reconcile(context: Context, key: str) -> float | None:
    namespace = context.api.get("Namespace", "", key)
    if namespace is None or namespace.get("status", {}).get("phase") != "Active":
        return None
    if context.api.get("ServiceAccount", key, "default") is None:
        context.api.create("ServiceAccount", {"metadata": {"name": "default", "namespace": key}})
    return None


CONTROLLER = Controller(
    "serviceaccount",
    watches={"Namespace": itself, "ServiceAccount": _namespace_of},
    reconcile=reconcile,
    latency=0.0,
    user="system:serviceaccount:kube-system:service-account-controller",
)
