"""Hold back claims in deletion while scheduled pods use them. Models pkg/controller/volume/pvcprotection."""

from __future__ import annotations

from collections.abc import Iterable

from cluster_core.apiserver.parts import object_key, split_key
from cluster_core.controllers import volumes
from cluster_core.controllers.pods import is_deleted, is_ended
from cluster_core.controllers.runtime import Context, Controller
from cluster_core.machinery.typed import Obj

FINALIZER = "kubernetes.io/pvc-protection"


def reconcile(context: Context, key: str) -> float | None:
    claim = context.api.get("PersistentVolumeClaim", *split_key(key))
    if claim is None:
        return None
    finalizers = claim["metadata"].get("finalizers", [])
    if is_deleted(claim) == (FINALIZER not in finalizers):
        return None
    if not is_deleted(claim):
        wanted = [*finalizers, FINALIZER]
    elif any(_uses(pod, claim) for pod in volumes.PODS.of(context, key)):
        return None
    else:
        wanted = [name for name in finalizers if name != FINALIZER]
    context.api.update("PersistentVolumeClaim", volumes.with_finalizers(claim, wanted))
    return None


def _uses(pod: Obj, claim: Obj) -> bool:
    """Whether a kubelet may have the claim in use: an ephemeral one until the pod is shut down."""
    if not pod["spec"].get("nodeName"):
        return False
    name = claim["metadata"]["name"]
    for volume in pod["spec"].get("volumes") or ():
        if volume.get("persistentVolumeClaim", {}).get("claimName") == name:
            return True
        if "ephemeral" in volume and volumes.ephemeral_name(pod, volume) == name and not _is_shut_down(pod):
            return _owns(pod, claim)
    return False


def _is_shut_down(pod: Obj) -> bool:
    return is_deleted(pod) and pod["metadata"].get("deletionGracePeriodSeconds") == 0


def _owns(pod: Obj, claim: Obj) -> bool:
    return any(owner["uid"] == pod["metadata"]["uid"] for owner in claim["metadata"].get("ownerReferences", ()))


def _itself(context: Context, claim: Obj) -> Iterable[str]:
    unprotected = FINALIZER not in claim["metadata"].get("finalizers", ())
    return (object_key(claim),) if is_deleted(claim) != unprotected else ()


def _let_go_by(context: Context, pod: Obj) -> Iterable[str]:
    """The claims of a pod that has ended, is shut down or has gone."""
    if not volumes.has_claims(pod):
        return ()
    volumes.PODS.note(context, pod)
    there = context.api.get("Pod", pod["metadata"]["namespace"], pod["metadata"]["name"])
    if there is not None and not is_ended(there) and not is_deleted(there):
        return ()
    return volumes.keys_of_claims(pod)


CONTROLLER = Controller(
    "persistentvolumeclaim-protection-controller",
    watches={"PersistentVolumeClaim": _itself, "Pod": _let_go_by},
    reconcile=reconcile,
    user="system:serviceaccount:kube-system:pvc-protection-controller",
)
