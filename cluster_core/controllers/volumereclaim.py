"""What becomes of volumes whose claims have gone: kept, emptied or deleted.

Models reclaimVolume, recycleVolumeOperation, deleteVolumeOperation and unbindVolume of
pkg/controller/volume/persistentvolume/pv_controller.go.
"""

from __future__ import annotations

from cluster_core.apiserver.parts import object_key
from cluster_core.controllers import volumes
from cluster_core.controllers.runtime import Context
from cluster_core.machinery.typed import Obj

COMPONENT = "persistentvolume-controller"
IN_TREE_FINALIZER = "kubernetes.io/pv-controller"
_RECYCLABLE = ("hostPath", "nfs")


def set_volume_phase(context: Context, volume: Obj, phase: str) -> Obj:
    """Set the phase; the time of the change goes with it."""
    before = volume.get("status") or {}
    if before.get("phase") == phase:
        return volume
    kept = {key: value for key, value in before.items() if key != "message"}
    after = {**kept, "phase": phase, "lastPhaseTransitionTime": context.world.clock.timestamp()}
    return context.api.update_status("PersistentVolume", {**volume, "status": after})


def _fail(context: Context, volume: Obj, reason: str, message: str) -> None:
    if volumes.phase(volume) == "Failed":
        return
    volume = set_volume_phase(context, volume, "Failed")
    volume = context.api.update_status("PersistentVolume", {**volume, "status": {**volume["status"], "message": message}})
    context.event(volume, "Warning", reason, message, COMPONENT)


def was_made_for_claim(volume: Obj) -> bool:
    """Provisioned dynamically and to be deleted with its claim."""
    made = volumes.PROVISIONED_BY in volumes.notes(volume)
    return made and volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete"


def release(context: Context, volume: Obj) -> None:
    """The claim has gone."""
    if volumes.phase(volume) not in ("Released", "Failed"):
        volume = set_volume_phase(context, volume, "Released")
    if volumes.MIGRATED_TO in volumes.notes(volume):
        return
    policy = volume["spec"].get("persistentVolumeReclaimPolicy", "Retain")
    if policy == "Recycle":
        _recycle(context, volume)
    elif policy == "Delete":
        _delete(context, volume)


def unbind(context: Context, volume: Obj) -> None:
    """Make the volume available again: what the user has written into its claimRef stays."""
    spec = dict(volume["spec"])
    claim_ref = spec.pop("claimRef")
    if volumes.BOUND_BY_CONTROLLER in volumes.notes(volume):
        volume = volumes.with_notes(volume, **{volumes.BOUND_BY_CONTROLLER: None})
    else:
        spec["claimRef"] = {key: value for key, value in claim_ref.items() if key != "uid"}
    volume = context.api.update("PersistentVolume", {**volume, "spec": spec})
    set_volume_phase(context, volume, "Available")


def _pods_using(context: Context, volume: Obj) -> list[str]:
    """Keys of pods that still use the claim that has gone."""
    claim_ref = volume["spec"]["claimRef"]
    return [object_key(pod) for pod in volumes.users(context, f"{claim_ref.get('namespace', '')}/{claim_ref['name']}")]


def _recycle(context: Context, volume: Obj) -> None:
    users = _pods_using(context, volume)
    claim_ref = volume["spec"]["claimRef"]
    if users and context.api.get("PersistentVolumeClaim", claim_ref.get("namespace", ""), claim_ref["name"]) is None:
        text = f"Volume is used by pods: {','.join(users)}"
        context.event(volume, "Normal", "VolumeFailedRecycle", text, COMPONENT)
    elif not any(key in volume["spec"] for key in _RECYCLABLE):
        _fail(context, volume, "VolumeFailedRecycle", "No recycler plugin found for the volume!")
    else:
        context.event(volume, "Normal", "VolumeRecycled", "Volume recycled", COMPONENT)
        unbind(context, volume)


def _delete(context: Context, volume: Obj) -> None:
    """Delete what a plugin of the controller's own can delete; the rest is its provisioner's business."""
    if volumes.phase(volume) == "Failed":
        return
    provisioner = volumes.notes(volume).get(volumes.PROVISIONED_BY, "")
    if provisioner.startswith("kubernetes.io/") and provisioner not in volumes.MIGRATED:
        _fail(context, volume, "VolumeFailedDelete", f"no volume plugin matched name: {provisioner}")
        return
    if provisioner or "csi" in volume["spec"]:
        return
    problem = _cannot_delete(volume)
    if problem:
        _fail(context, volume, "VolumeFailedDelete", problem)
        return
    finalizers = volume["metadata"].get("finalizers", [])
    if IN_TREE_FINALIZER in finalizers:
        kept = [name for name in finalizers if name != IN_TREE_FINALIZER]
        volume = context.api.update("PersistentVolume", volumes.with_finalizers(volume, kept))
    if "deletionTimestamp" not in volume["metadata"]:
        context.api.delete("PersistentVolume", "", volume["metadata"]["name"])


def _cannot_delete(volume: Obj) -> str:
    """Only directories below /tmp are ever deleted."""
    path = (volume["spec"].get("hostPath") or {}).get("path")
    if path is None:
        name = volume["metadata"]["name"]
        return f'error getting deleter volume plugin for volume "{name}": no deletable volume plugin matched'
    if "/tmp/" in path and not path.endswith("/tmp/"):
        return ""
    return f"host_path deleter only supports /tmp/.+ but received provided {path}"
