"""Attach volumes of CSI drivers to nodes and make them larger, as the drivers' controllers do that run in pods of their own.

Models external-attacher and external-resizer. Keys: "attach/NAME" is a VolumeAttachment, "resize/NAMESPACE/NAME" a claim.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cluster_core.apiserver.parts import object_key, split_key
from cluster_core.controllers import conditions, external, volumes
from cluster_core.controllers.pods import is_deleted
from cluster_core.controllers.runtime import Context, Controller
from cluster_core.machinery.typed import Obj


def reconcile(context: Context, key: str) -> float | None:
    what, _, name = key.partition("/")
    if what == "attach":
        _attach(context, name)
    else:
        _resize(context, name)
    return None


def _attach(context: Context, name: str) -> None:
    found = context.api.get("VolumeAttachment", "", name)
    if found is not None and not is_deleted(found) and not (found.get("status") or {}).get("attached"):
        context.api.update_status("VolumeAttachment", {**found, "status": {"attached": True}})


# ------------------------------------------------------------------------------------------------ resizing


def _volume_to_resize(context: Context, claim: Obj) -> Obj | None:
    """The claim's volume when one of our drivers is to make it larger."""
    status = claim.get("status") or {}
    if status.get("phase") != "Bound" or volumes.requested(claim) <= _granted(status):
        return None
    volume = context.api.get("PersistentVolume", "", claim["spec"].get("volumeName", ""))
    found = context.api.get("StorageClass", "", volumes.class_of(claim))
    if volume is None or found is None or not found.get("allowVolumeExpansion"):
        return None
    return volume if external.driver_of(volume) and external.provides(context, external.driver_of(volume)) else None


def _granted(status: Obj) -> int:
    return volumes.capacity({"spec": status})


def _resize(context: Context, key: str) -> None:
    """The volume first, then the file system on it."""
    claim = context.api.get("PersistentVolumeClaim", *split_key(key))
    volume = _volume_to_resize(context, claim) if claim is not None else None
    if claim is None or volume is None:
        return
    wanted = claim["spec"]["resources"]["requests"]["storage"]
    speaker = f"external-resizer {external.driver_of(volume)}"
    if volumes.capacity(volume) < volumes.requested(claim):
        name = volume["metadata"]["name"]
        context.event(claim, "Normal", "Resizing", f"External resizer is resizing volume {name}", speaker)
        spec = {**volume["spec"], "capacity": {**volume["spec"]["capacity"], "storage": wanted}}
        context.api.update("PersistentVolume", {**volume, "spec": spec})
        text = "Require file system resize of volume on node"
        context.event(claim, "Normal", "FileSystemResizeRequired", text, speaker)
        _set_status(context, claim, pending=True)
    elif any(pod["spec"].get("nodeName") for pod in volumes.users(context, key)):
        _set_status(context, claim, granted=wanted)
        text = f'MountVolume.NodeExpandVolume succeeded for volume "{volume["metadata"]["name"]}"'
        context.event(claim, "Normal", "FileSystemResizeSuccessful", text, "kubelet")


def _set_status(context: Context, claim: Obj, *, pending: bool = False, granted: str = "") -> None:
    status: dict[str, Any] = dict(claim["status"])
    known = conditions.without(status.pop("conditions", ()), "FileSystemResizePending")
    if pending:
        text = "Waiting for user to (re-)start a pod to finish file system resize of volume on node."
        now = context.world.clock.timestamp()
        waiting = {"type": "FileSystemResizePending", "status": "True", "lastProbeTime": None, "lastTransitionTime": now}
        known.append({**waiting, "message": text})
    if known:
        status["conditions"] = known
    if granted:
        status["capacity"] = {**status.get("capacity", {}), "storage": granted}
    context.api.update_status("PersistentVolumeClaim", {**claim, "status": status})


# ------------------------------------------------------------------------------------------------ what to look at


def _attachments(context: Context, found: Obj) -> Iterable[str]:
    wanted = external.provides(context, found["spec"]["attacher"]) and not (found.get("status") or {}).get("attached")
    return (f"attach/{found['metadata']['name']}",) if wanted else ()


def _claims(context: Context, claim: Obj) -> Iterable[str]:
    return (f"resize/{object_key(claim)}",) if _volume_to_resize(context, claim) is not None else ()


def _claims_of_pod(context: Context, pod: Obj) -> Iterable[str]:
    """A pod that has come to a node: the file systems of its claims can grow now."""
    if not volumes.has_claims(pod) or not pod["spec"].get("nodeName"):
        return ()
    volumes.PODS.note(context, pod)
    found = (context.api.get("PersistentVolumeClaim", *split_key(key)) for key in volumes.keys_of_claims(pod))
    return [key for claim in found if claim is not None for key in _claims(context, claim)]


def _latency(context: Context, key: str) -> float:
    return 0.5 + context.world.seed.fraction("attaching", key)


ADDON = Controller(
    "external-attacher",
    watches={"VolumeAttachment": _attachments, "PersistentVolumeClaim": _claims, "Pod": _claims_of_pod},
    reconcile=reconcile,
    latency=_latency,
    user="system:serviceaccount:kube-system:csi-controller",
)
