"""Make volumes for claims and delete them again, as a storage provisioner does that runs in a pod of its own.

Models sig-storage-lib-external-provisioner (its annotations, events and finalizers) and rancher/local-path-provisioner.
Keys: "namespace/name" is a claim, "name" a volume.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cluster_core.apiserver.events import reference
from cluster_core.apiserver.parts import object_key, split_key
from cluster_core.controllers import external, volumes
from cluster_core.controllers.pods import is_deleted
from cluster_core.controllers.runtime import Context, Controller
from cluster_core.machinery.typed import Obj

FINALIZER = "external-provisioner.volume.kubernetes.io/finalizer"
_LOCAL_FOLDER = "/var/local-path-provisioner"


def reconcile(context: Context, key: str) -> float | None:
    namespace, name = split_key(key)
    if namespace:
        claim = context.api.get("PersistentVolumeClaim", namespace, name)
        if claim is not None and _is_ours(context, claim):
            _provision(context, claim)
        return None
    volume = context.api.get("PersistentVolume", "", name)
    if volume is not None and _is_to_go(context, volume):
        _delete(context, volume)
    return None


# ------------------------------------------------------------------------------------------------ making


def _is_ours(context: Context, claim: Obj) -> bool:
    """Asked of a provisioner that runs here, unbound, and with its node chosen where it waits for one."""
    marks = volumes.notes(claim)
    provisioner = marks.get(volumes.MIGRATED_TO) or marks.get(volumes.PROVISIONER, "")
    if claim["spec"].get("volumeName") or is_deleted(claim) or not external.provides(context, provisioner):
        return False
    return volumes.SELECTED_NODE in marks or not volumes.waits_for_consumer(context, claim)


def _provision(context: Context, claim: Obj) -> None:
    marks = volumes.notes(claim)
    name, class_name = f"pvc-{claim['metadata']['uid']}", volumes.class_of(claim)
    found = context.api.get("StorageClass", "", class_name)
    if found is None or context.api.get("PersistentVolume", "", name) is not None:
        return
    provisioner = marks.get(volumes.MIGRATED_TO) or marks[volumes.PROVISIONER]
    speaker = external.component(context, provisioner)
    text = f'External provisioner is provisioning volume for claim "{object_key(claim)}"'
    context.event(claim, "Normal", "Provisioning", text, speaker)
    node = marks.get(volumes.SELECTED_NODE, "")
    if provisioner == external.LOCAL_PATH and not node:
        problem = "configuration error, no node was specified"
        text = f'failed to provision volume with StorageClass "{class_name}": {problem}'
        context.event(claim, "Warning", "ProvisioningFailed", text, speaker)
        return
    context.api.create("PersistentVolume", _volume(context, claim, found, name, provisioner))
    context.event(claim, "Normal", "ProvisioningSucceeded", f"Successfully provisioned volume {name}", speaker)


def _volume(context: Context, claim: Obj, found: Obj, name: str, provisioner: str) -> dict[str, Any]:
    policy = found.get("reclaimPolicy", "Delete")
    metadata: dict[str, Any] = {"name": name, "annotations": {volumes.PROVISIONED_BY: provisioner}}
    if policy == "Delete":
        metadata["finalizers"] = [FINALIZER]
    spec: dict[str, Any] = {
        "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
        "accessModes": claim["spec"]["accessModes"],
        "claimRef": reference(claim),
        "persistentVolumeReclaimPolicy": policy,
        "storageClassName": found["metadata"]["name"],
        "volumeMode": volumes.mode(claim),
    }
    for key in ("mountOptions", "volumeAttributesClassName"):
        value = found.get(key) or claim["spec"].get(key)
        if value:
            spec[key] = value
    node = volumes.notes(claim).get(volumes.SELECTED_NODE, "")
    spec |= _source(claim, found, name, provisioner)
    affinity = _affinity(context, node, provisioner)
    return {"metadata": metadata, "spec": {**spec, "nodeAffinity": {"required": affinity}} if affinity else spec}


def _source(claim: Obj, found: Obj, name: str, provisioner: str) -> dict[str, Any]:
    metadata = claim["metadata"]
    folder = f"{name}_{metadata['namespace']}_{metadata['name']}"
    if provisioner == external.LOCAL_PATH:
        return {"hostPath": {"path": f"{_LOCAL_FOLDER}/{folder}", "type": "DirectoryOrCreate"}}
    if provisioner == external.HOST_PATH:
        return {"hostPath": {"path": f"/tmp/hostpath-provisioner/{metadata['namespace']}/{metadata['name']}", "type": ""}}
    handle = f"vol-{metadata['uid'].replace('-', '')[:17]}"
    source: dict[str, Any] = {"driver": provisioner, "volumeHandle": handle}
    kind = (found.get("parameters") or {}).get("csi.storage.k8s.io/fstype")
    if external.attaches(provisioner) and volumes.mode(claim) == "Filesystem":
        source["fsType"] = kind or "ext4"
    return {"csi": source}


def _affinity(context: Context, node: str, provisioner: str) -> dict[str, Any]:
    """Where the volume can be used: on its node, in its node's zone, or anywhere."""
    found = context.api.get("Node", "", node) if node else None
    if found is None:
        return {}
    key = "kubernetes.io/hostname" if provisioner == external.LOCAL_PATH else "topology.kubernetes.io/zone"
    value = (found["metadata"].get("labels") or {}).get(key)
    if not value or not (provisioner == external.LOCAL_PATH or external.attaches(provisioner)):
        return {}
    term = {"key": key, "operator": "In", "values": [value]}
    return {"nodeSelectorTerms": [{"matchExpressions": [term]}]}


# ------------------------------------------------------------------------------------------------ deleting


def _is_to_go(context: Context, volume: Obj) -> bool:
    """Made by one of ours, and either released to be deleted, or in deletion with nothing else in the way."""
    if not external.provides(context, volumes.notes(volume).get(volumes.PROVISIONED_BY, "")):
        return False
    if volume["spec"].get("persistentVolumeReclaimPolicy") != "Delete":
        return is_deleted(volume) and FINALIZER in volume["metadata"].get("finalizers", ())
    return volumes.phase(volume) in ("Released", "Failed")


def _delete(context: Context, volume: Obj) -> None:
    finalizers = volume["metadata"].get("finalizers", [])
    if volumes.ATTACHMENTS.of(context, volume["metadata"]["name"]):
        return
    if FINALIZER in finalizers:
        kept = [name for name in finalizers if name != FINALIZER]
        volume = context.api.update("PersistentVolume", volumes.with_finalizers(volume, kept))
    if not is_deleted(volume):
        context.api.delete("PersistentVolume", "", volume["metadata"]["name"])


# ------------------------------------------------------------------------------------------------ what to look at


def _claims(context: Context, claim: Obj) -> Iterable[str]:
    return (object_key(claim),) if _is_ours(context, claim) else ()


def _volumes(context: Context, volume: Obj) -> Iterable[str]:
    return (volume["metadata"]["name"],) if _is_to_go(context, volume) else ()


def _detached(context: Context, attachment: Obj) -> Iterable[str]:
    volumes.ATTACHMENTS.note(context, attachment)
    name = attachment["spec"]["source"].get("persistentVolumeName", "")
    volume = context.api.get("PersistentVolume", "", name) if name else None
    return (name,) if volume is not None and _is_to_go(context, volume) else ()


def _latency(context: Context, key: str) -> float:
    """Seconds that making or deleting a volume takes."""
    return 0.8 + 1.2 * context.world.seed.fraction("provisioning", key)


ADDON = Controller(
    "external-provisioner",
    watches={"PersistentVolumeClaim": _claims, "PersistentVolume": _volumes, "VolumeAttachment": _detached},
    reconcile=reconcile,
    latency=_latency,
    user="system:serviceaccount:kube-system:external-provisioner",
)
