"""Attach volumes of CSI drivers to the nodes whose pods use them, by VolumeAttachment objects, and detach them afterwards.

Models pkg/controller/volume/attachdetach and the attacher of pkg/volume/csi. Keys are names of volumes. The driver's own
controller does the attaching proper (external-attacher).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from cluster_core.apiserver.parts import object_key, split_key
from cluster_core.controllers import external, volumes
from cluster_core.controllers.pods import is_deleted, is_ended
from cluster_core.controllers.runtime import Context, Controller
from cluster_core.machinery.typed import Obj

COMPONENT = "attachdetach-controller"
_MANY = frozenset(("ReadWriteMany", "ReadOnlyMany"))

_OURS = "csi-"

Pods = dict[str, list[Obj]]
"""Node name -> the pods there that use the volume."""


def reconcile(context: Context, key: str) -> float | None:
    volume = context.api.get("PersistentVolume", "", key)
    pods = _pods_by_node(context, volume) if volume is not None else {}
    attachments = {found["spec"]["nodeName"]: found for found in _attachments(context, key)}
    for node, found in attachments.items():
        if node not in pods:
            _detach(context, found, volume)
        elif volume is not None:
            _report(context, found, volume, pods[node])
    if volume is not None and _attaches(context, volume):
        for node in sorted(pods.keys() - attachments.keys()):
            _attach(context, volume, node, pods, attachments)
    return None


def _attachments(context: Context, name: str) -> list[Obj]:
    """Those that this controller has made, as their names tell: others are their makers' own affair."""
    return [found for found in volumes.ATTACHMENTS.of(context, name) if found["metadata"]["name"].startswith(_OURS)]


def _attaches(context: Context, volume: Obj) -> bool:
    driver = external.driver_of(volume)
    found = context.api.get("CSIDriver", "", driver) if driver else None
    return bool(driver and driver not in external.SHARED and (found is None or found["spec"].get("attachRequired", True)))


def _pods_by_node(context: Context, volume: Obj) -> Pods:
    claim_ref = volume["spec"].get("claimRef")
    claim = context.api.get("PersistentVolumeClaim", claim_ref.get("namespace", ""), claim_ref["name"]) if claim_ref else None
    found: Pods = {}
    if claim is not None and claim["spec"].get("volumeName") == volume["metadata"]["name"]:
        for pod in volumes.users(context, object_key(claim)):
            if pod["spec"].get("nodeName"):
                found.setdefault(pod["spec"]["nodeName"], []).append(pod)
    return found


def _attach(context: Context, volume: Obj, node: str, pods: Pods, attachments: dict[str, Obj]) -> None:
    """Ask for the attachment, unless the volume is at another node and cannot be at two."""
    name = volume["metadata"]["name"]
    if attachments and not _MANY & set(volumes.access_modes(volume)):
        _refuse(context, name, pods[node], [pod for other in attachments for pod in pods.get(other, ())])
        return
    csi = volume["spec"]["csi"]
    digest = hashlib.sha256(f"{csi['volumeHandle']}{csi['driver']}{node}".encode()).hexdigest()
    spec = {"attacher": csi["driver"], "source": {"persistentVolumeName": name}, "nodeName": node}
    made = context.api.create(
        "VolumeAttachment", {"metadata": {"name": f"{_OURS}{digest}"}, "spec": spec, "status": {"attached": False}}
    )
    attachments[node] = made


def _refuse(context: Context, name: str, refused: list[Obj], others: list[Obj]) -> None:
    text = "Volume is already exclusively attached to one node and can't be attached to another"
    if others:
        text = f"Volume is already used by pod(s) {', '.join(pod['metadata']['name'] for pod in others)}"
    for pod in refused:
        text = f'Multi-Attach error for volume "{name}" {text}'
        context.event(pod, "Warning", "FailedAttachVolume", text, COMPONENT)


def _detach(context: Context, attachment: Obj, volume: Obj | None) -> None:
    if not is_deleted(attachment):
        context.api.delete("VolumeAttachment", "", attachment["metadata"]["name"])
    node = context.api.get("Node", "", attachment["spec"]["nodeName"])
    if node is not None and volume is not None and "csi" in volume["spec"]:
        _set_attached(context, node, [each for each in _attached(node) if each["name"] != _unique_name(volume)])


def _report(context: Context, attachment: Obj, volume: Obj, pods: list[Obj]) -> None:
    """Note an attachment that has come about in the node's status, and tell its pods."""
    node = context.api.get("Node", "", attachment["spec"]["nodeName"])
    if node is None or not (attachment.get("status") or {}).get("attached"):
        return
    name = _unique_name(volume)
    if any(each["name"] == name for each in _attached(node)):
        return
    _set_attached(context, node, [*_attached(node), {"name": name, "devicePath": ""}])
    for pod in pods:
        text = f'AttachVolume.Attach succeeded for volume "{volume["metadata"]["name"]}" '
        context.event(pod, "Normal", "SuccessfulAttachVolume", text, COMPONENT)


def _unique_name(volume: Obj) -> str:
    return f"kubernetes.io/csi/{volume['spec']['csi']['driver']}^{volume['spec']['csi']['volumeHandle']}"


def _attached(node: Obj) -> list[Any]:
    found: list[Any] = node.get("status", {}).get("volumesAttached") or []
    return found


def _set_attached(context: Context, node: Obj, attached: list[Any]) -> None:
    if attached == _attached(node):
        return
    status = {key: value for key, value in node.get("status", {}).items() if key != "volumesAttached"}
    changed = {**status, "volumesAttached": attached} if attached else status
    context.api.update_status("Node", {**node, "status": changed})


# ------------------------------------------------------------------------------------------------ what to look at


def _of_pod(context: Context, pod: Obj) -> Iterable[str]:
    """The CSI volumes of a pod that has come to a node, has ended or has gone."""
    if not volumes.has_claims(pod) or not pod["spec"].get("nodeName"):
        return
    volumes.PODS.note(context, pod)
    there = context.api.get("Pod", pod["metadata"]["namespace"], pod["metadata"]["name"])
    for key in volumes.keys_of_claims(pod):
        claim = context.api.get("PersistentVolumeClaim", *split_key(key))
        name = claim["spec"].get("volumeName") if claim is not None else None
        volume = context.api.get("PersistentVolume", "", name) if name else None
        if volume is not None and "csi" in volume["spec"] and (there is None or is_ended(there) or _is_fresh(there)):
            yield name or ""


def _is_fresh(pod: Obj) -> bool:
    """Not running yet: later changes of it are of no interest until it ends."""
    return bool(pod["status"].get("phase") == "Pending")


def _of_volume(context: Context, volume: Obj) -> Iterable[str]:
    return (volume["metadata"]["name"],) if "csi" in volume["spec"] else ()


def _of_attachment(context: Context, attachment: Obj) -> Iterable[str]:
    volumes.ATTACHMENTS.note(context, attachment)
    name = attachment["spec"]["source"].get("persistentVolumeName")
    return (name,) if name else ()


CONTROLLER = Controller(
    "persistentvolume-attach-detach-controller",
    watches={"Pod": _of_pod, "PersistentVolume": _of_volume, "VolumeAttachment": _of_attachment},
    reconcile=reconcile,
    user="system:serviceaccount:kube-system:attachdetach-controller",
)
