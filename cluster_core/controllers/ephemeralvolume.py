"""Make the claims of pods' generic ephemeral volumes. Models pkg/controller/volume/ephemeral."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cluster_core.apiserver.parts import controller_of, object_key, split_key
from cluster_core.controllers.pods import is_deleted, owner_reference
from cluster_core.controllers.runtime import Context, Controller
from cluster_core.controllers.volumes import ephemeral_name
from cluster_core.machinery.errors import ApiError
from cluster_core.machinery.typed import Obj

COMPONENT = "ephemeral_volume"


def reconcile(context: Context, key: str) -> float | None:
    pod = context.api.get("Pod", *split_key(key))
    if pod is None or is_deleted(pod):
        return None
    for volume in _ephemeral(pod):
        _provide(context, pod, volume)
    return None


def _ephemeral(pod: Obj) -> list[Obj]:
    return [volume for volume in pod["spec"].get("volumes") or () if "ephemeral" in volume]


def _provide(context: Context, pod: Obj, volume: Obj) -> None:
    """Create the volume's claim. Raises ApiError, having told about it."""
    metadata, name = pod["metadata"], ephemeral_name(pod, volume)
    found = context.api.get("PersistentVolumeClaim", metadata["namespace"], name)
    if found is not None:
        owner = controller_of(found)
        if owner is None or owner["uid"] != metadata["uid"]:
            where = metadata["namespace"]
            problem = f"PVC {where}/{name} was not created for pod {where}/{metadata['name']} (pod is not owner)"
            _fail(context, pod, volume, problem)
            raise ApiError(problem)
        return
    try:
        context.api.create("PersistentVolumeClaim", _claim(pod, volume, name))
    except ApiError as error:
        _fail(context, pod, volume, f"create PVC {name}: {error.message}")
        raise


def _fail(context: Context, pod: Obj, volume: Obj, problem: str) -> None:
    text = f"ephemeral volume {volume['name']}: {problem}"
    context.event(pod, "Warning", "FailedBinding", text, COMPONENT)


def _claim(pod: Obj, volume: Obj, name: str) -> dict[str, Any]:
    template = volume["ephemeral"]["volumeClaimTemplate"]
    given = template.get("metadata") or {}
    metadata: dict[str, Any] = {"name": name, "namespace": pod["metadata"]["namespace"]}
    metadata.update({key: given[key] for key in ("labels", "annotations") if given.get(key)})
    metadata["ownerReferences"] = [owner_reference(pod)]
    return {"metadata": metadata, "spec": template["spec"]}


def _itself(context: Context, pod: Obj) -> Iterable[str]:
    return (object_key(pod),) if "volumes" in pod["spec"] and _ephemeral(pod) else ()


def _pod_of_claim(context: Context, claim: Obj) -> Iterable[str]:
    """The pod whose claim was deleted: it gets a new one."""
    metadata = claim["metadata"]
    owner = controller_of(claim)
    if owner is None or owner["kind"] != "Pod":
        return ()
    gone = context.api.get("PersistentVolumeClaim", metadata["namespace"], metadata["name"]) is None
    return (f"{metadata['namespace']}/{owner['name']}",) if gone else ()


CONTROLLER = Controller(
    "ephemeral-volume-controller",
    watches={"Pod": _itself, "PersistentVolumeClaim": _pod_of_claim},
    reconcile=reconcile,
    user="system:serviceaccount:kube-system:ephemeral-volume-controller",
)
