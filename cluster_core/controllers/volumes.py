"""Volumes and claims: which belong together, which volume would do for a claim, which pods use it.

Models component-helpers/storage/volume (FindMatchingVolume, GetBindVolumeToClaim), pkg/controller/volume/common and
component-helpers/storage/ephemeral.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cluster_core.apiserver.parts import object_key
from cluster_core.controllers.groups import Groups
from cluster_core.controllers.pods import is_ended
from cluster_core.controllers.runtime import Context
from cluster_core.machinery import quantity, selectors
from cluster_core.machinery.typed import Obj

CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
MIGRATED_TO = "pv.kubernetes.io/migrated-to"
PROVISIONER = "volume.kubernetes.io/storage-provisioner"
BETA_PROVISIONER = "volume.beta.kubernetes.io/storage-provisioner"
DEFAULT_CLASS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
MIGRATED = {
    "kubernetes.io/aws-ebs": "ebs.csi.aws.com",
    "kubernetes.io/gce-pd": "pd.csi.storage.gke.io",
    "kubernetes.io/azure-disk": "disk.csi.azure.com",
    "kubernetes.io/azure-file": "file.csi.azure.com",
    "kubernetes.io/cinder": "cinder.csi.openstack.org",
    "kubernetes.io/vsphere-volume": "csi.vsphere.vmware.com",
    "kubernetes.io/portworx-volume": "pxd.portworx.com",
}
"""Plugins that once were part of Kubernetes -> the CSI drivers that do their work."""


def notes(obj: Obj) -> Obj:
    found: Obj = obj["metadata"].get("annotations") or {}
    return found


def with_notes(obj: Obj, **changes: Any) -> dict[str, Any]:
    """The object with annotations changed; None removes one. Keys as in `**{"a/b": "c"}`."""
    marks = {key: value for key, value in {**notes(obj), **changes}.items() if value is not None}
    metadata = {key: value for key, value in obj["metadata"].items() if key != "annotations"}
    return {**obj, "metadata": {**metadata, "annotations": marks} if marks else metadata}


def with_finalizers(obj: Obj, finalizers: list[str]) -> dict[str, Any]:
    metadata = {key: value for key, value in obj["metadata"].items() if key != "finalizers"}
    return {**obj, "metadata": {**metadata, "finalizers": finalizers} if finalizers else metadata}


def phase(obj: Obj) -> str:
    return str((obj.get("status") or {}).get("phase", ""))


# ------------------------------------------------------------------------------------------------ classes


def class_of(obj: Obj) -> str:
    """The storage class of a claim or volume, "" for none."""
    return str(notes(obj).get(CLASS_ANNOTATION) or obj["spec"].get("storageClassName") or "")


def names_class(claim: Obj) -> bool:
    """Whether the claim says anything about its class, be it that it wants none."""
    return CLASS_ANNOTATION in notes(claim) or claim["spec"].get("storageClassName") is not None


def waits_for_consumer(context: Context, claim: Obj) -> bool:
    name = class_of(claim)
    found = context.api.get("StorageClass", "", name) if name else None
    return found is not None and found.get("volumeBindingMode") == "WaitForFirstConsumer"


def default_class(context: Context) -> Obj | None:
    """The newest of the classes marked as default."""
    marked = [
        found
        for found in context.api.list("StorageClass")
        if any(notes(found).get(key) == "true" for key in DEFAULT_CLASS)
    ]
    return max(marked, key=lambda found: found["metadata"]["creationTimestamp"]) if marked else None


# ------------------------------------------------------------------------------------------------ matching


def requested(claim: Obj) -> int:
    """Bytes."""
    requests = (claim["spec"].get("resources") or {}).get("requests") or {}
    return quantity.value(requests.get("storage", "0"))


def capacity(volume: Obj) -> int:
    """Bytes."""
    return quantity.value((volume["spec"].get("capacity") or {}).get("storage", "0"))


def is_meant_for(volume: Obj, claim: Obj) -> bool:
    """Whether the volume's claimRef names the claim: IsVolumeBoundToClaim."""
    reference = volume["spec"].get("claimRef")
    metadata = claim["metadata"]
    if not reference:
        return False
    if (reference.get("namespace"), reference["name"]) != (metadata["namespace"], metadata["name"]):
        return False
    return reference.get("uid") in (None, "", metadata["uid"])


def mode(obj: Obj) -> str:
    return obj["spec"].get("volumeMode") or "Filesystem"


def attributes_class(obj: Obj) -> str:
    return obj["spec"].get("volumeAttributesClassName") or ""


def access_modes(obj: Obj) -> list[str]:
    found: list[str] = obj["spec"].get("accessModes") or []
    return found


def mismatch(volume: Obj, claim: Obj) -> str:
    """Why a volume that a claim names does not satisfy it: checkVolumeSatisfyClaim. "" when it does."""
    if "deletionTimestamp" in volume["metadata"]:
        return f'the volume is marked for deletion "{volume["metadata"]["name"]}"'
    if capacity(volume) < requested(claim):
        return "requested PV is too small"
    if class_of(volume) != class_of(claim):
        return "storageClassName does not match"
    if attributes_class(volume) != attributes_class(claim):
        return "volumeAttributesClassName does not match"
    if mode(volume) != mode(claim):
        return "incompatible volumeMode"
    return "" if set(access_modes(claim)) <= set(access_modes(volume)) else "incompatible accessMode"


def best_match(context: Context, claim: Obj, waits: bool) -> Obj | None:
    """The volume reserved for the claim, else the one with the fewest access modes, then the smallest, that will do.

    A claim that `waits` for its consumer gets only what is reserved for it: the scheduler chooses the rest.
    """
    wanted = requested(claim)
    selector = claim["spec"].get("selector")
    matches = selectors.compile(selector) if selector else None
    suitable = []
    candidates = [*VOLUMES.of(context, object_key(claim)), *VOLUMES.of(context, FREE)]
    for volume in candidates:
        if not _is_free_for(volume, claim) or not _is_plausible(volume, claim, wanted):
            continue
        if is_meant_for(volume, claim):
            return volume
        if waits or phase(volume) != "Available" or class_of(volume) != class_of(claim):
            continue
        if matches is None or matches(volume["metadata"].get("labels") or {}):
            suitable.append(volume)
    return min(suitable, key=lambda one: (len(access_modes(one)), capacity(one)), default=None)


def _is_free_for(volume: Obj, claim: Obj) -> bool:
    return not volume["spec"].get("claimRef") or is_meant_for(volume, claim)


def _is_plausible(volume: Obj, claim: Obj, wanted: int) -> bool:
    return (
        set(access_modes(claim)) <= set(access_modes(volume))
        and capacity(volume) >= wanted
        and mode(volume) == mode(claim)
        and attributes_class(volume) == attributes_class(claim)
        and "deletionTimestamp" not in volume["metadata"]
    )


# ------------------------------------------------------------------------------------------------ pods


def has_claims(pod: Obj) -> bool:
    """Whether the pod uses claims: it does for all its life, or never."""
    return any("persistentVolumeClaim" in volume or "ephemeral" in volume for volume in pod["spec"].get("volumes") or ())


def claims_of_pod(pod: Obj) -> Iterator[str]:
    """Names of the claims the pod uses, those made for its ephemeral volumes among them."""
    for volume in pod["spec"].get("volumes") or ():
        if "persistentVolumeClaim" in volume:
            yield volume["persistentVolumeClaim"]["claimName"]
        elif "ephemeral" in volume:
            yield ephemeral_name(pod, volume)


def ephemeral_name(pod: Obj, volume: Obj) -> str:
    return f"{pod['metadata']['name']}-{volume['name']}"


def keys_of_claims(pod: Obj) -> list[str]:
    """Keys of the claims a pod uses."""
    namespace = pod["metadata"]["namespace"]
    return [f"{namespace}/{name}" for name in claims_of_pod(pod)]


# ------------------------------------------------------------------------------------------------ indexes

FREE = "*"


def _claim_of(volume: Obj) -> list[str]:
    claim_ref = volume["spec"].get("claimRef")
    return [f"{claim_ref.get('namespace', '')}/{claim_ref['name']}"] if claim_ref else [FREE]


def _volume_of(attachment: Obj) -> list[str]:
    name = attachment["spec"]["source"].get("persistentVolumeName")
    return [name] if name else []


PODS = Groups("Pod", keys_of_claims)
"""Pods by the keys of the claims they use."""
VOLUMES = Groups("PersistentVolume", _claim_of)
"""Volumes by the key of the claim they are meant for, and those for any under FREE."""
ATTACHMENTS = Groups("VolumeAttachment", _volume_of)
"""Attachments by volume."""


def users(context: Context, key: str) -> list[Obj]:
    """Pods that use the claim of this key and have not ended."""
    return [pod for pod in PODS.of(context, key) if not is_ended(pod)]
