"""Notice claims that ask for more than they have. Models pkg/controller/volume/expand: no plugin that can expand volumes is
part of Kubernetes any more, so all it does is to say for whom it waits."""

from __future__ import annotations

from collections.abc import Iterable

from cluster_core.apiserver.parts import object_key, split_key
from cluster_core.controllers import volumes
from cluster_core.controllers.runtime import Context, Controller
from cluster_core.machinery.typed import Obj

COMPONENT = "volume_expand"


def _wants_more(claim: Obj) -> bool:
    status = claim.get("status") or {}
    return status.get("phase") == "Bound" and volumes.requested(claim) > volumes.capacity({"spec": status})


def reconcile(context: Context, key: str) -> float | None:
    claim = context.api.get("PersistentVolumeClaim", *split_key(key))
    volume = context.api.get("PersistentVolume", "", claim["spec"].get("volumeName", "")) if claim is not None else None
    if claim is None or volume is None or not _wants_more(claim) or not volumes.is_meant_for(volume, claim):
        return None
    if volumes.capacity(volume) < volumes.requested(claim):
        text = "waiting for an external controller to expand this PVC"
        context.event(claim, "Normal", "ExternalExpanding", text, COMPONENT)
    return None


def _itself(context: Context, claim: Obj) -> Iterable[str]:
    return (object_key(claim),) if _wants_more(claim) else ()


CONTROLLER = Controller(
    "persistentvolume-expander-controller",
    watches={"PersistentVolumeClaim": _itself},
    reconcile=reconcile,
    user="system:serviceaccount:kube-system:expand-controller",
)
