"""Only claims that are bound and whose class allows it grow. Models plugin/pkg/admission/storage/persistentvolume/resize."""

from __future__ import annotations

from cluster_core.apiserver.admission.chain import Attributes, Plugin
from cluster_core.machinery import errors, quantity
from cluster_core.machinery.typed import Obj


def _size(claim: Obj) -> quantity.Quantity:
    return quantity.parse(((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage", "0"))


def _validate(attributes: Attributes) -> None:
    new, old = attributes.obj, attributes.old
    if new is None or old is None or attributes.subresource or _size(new).compare(_size(old)) <= 0:
        return
    if (old.get("status") or {}).get("phase") != "Bound":
        raise _refusal(attributes, "Only bound persistent volume claims can be expanded")
    if not _class_allows(attributes, new):
        text = "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"
        raise _refusal(attributes, text)


def _refusal(attributes: Attributes, text: str) -> errors.ApiError:
    return errors.forbidden("", "persistentvolumeclaims", attributes.name, text)


def _class_allows(attributes: Attributes, claim: Obj) -> bool:
    annotated = claim["metadata"].get("annotations", {}).get("volume.beta.kubernetes.io/storage-class")
    name = annotated or claim["spec"].get("storageClassName") or ""
    server = attributes.context.server
    found = server.storage.get(server.kinds.named("StorageClass"), "", name) if name else None
    return bool(found and found.get("allowVolumeExpansion"))


PLUGIN = Plugin("PersistentVolumeClaimResize", validate=_validate, kinds=frozenset({"PersistentVolumeClaim"}))
