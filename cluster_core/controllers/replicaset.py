"""Keep the pods a ReplicaSet asks for. Models pkg/controller/replicaset."""

from __future__ import annotations

from typing import Any

from cluster_core.apiserver.parts import split_key
from cluster_core.controllers.runtime import Context, Controller, controlling, itself
from cluster_core.machinery.typed import Obj

BURST = 500
"""Pods created or deleted in one reconcile at the most."""


def reconcile(context: Context, key: str) -> float | None:
    namespace, name = split_key(key)
    replicaset = context.api.get("ReplicaSet", namespace, name)
    if replicaset is None:
        return None
    pods = context.api.owned("Pod", replicaset["metadata"]["uid"])
    active = [pod for pod in pods if is_active(pod)]
    if "deletionTimestamp" not in replicaset["metadata"]:
        _manage(context, replicaset, active)
    return None


def is_active(pod: Obj) -> bool:
    """Neither ended nor on its way out."""
    return "deletionTimestamp" not in pod["metadata"] and pod["status"].get("phase") not in ("Succeeded", "Failed")


def _manage(context: Context, replicaset: Obj, active: list[Obj]) -> None:
    missing = replicaset["spec"]["replicas"] - len(active)
    for _ in range(min(missing, BURST)):
        context.api.create("Pod", _new_pod(replicaset))
    for pod in active[: max(0, -missing)]:
        context.api.delete("Pod", pod["metadata"]["namespace"], pod["metadata"]["name"])


def _new_pod(replicaset: Obj) -> dict[str, Any]:
    template = replicaset["spec"]["template"]
    metadata = {
        **template.get("metadata", {}),
        "namespace": replicaset["metadata"]["namespace"],
        "generateName": replicaset["metadata"]["name"] + "-",
        "ownerReferences": [owner_reference(replicaset)],
    }
    return {"metadata": metadata, "spec": template["spec"]}


def owner_reference(owner: Obj) -> dict[str, Any]:
    metadata = owner["metadata"]
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


CONTROLLER = Controller(
    "replicaset", watches={"ReplicaSet": itself, "Pod": controlling("ReplicaSet")}, reconcile=reconcile
)
