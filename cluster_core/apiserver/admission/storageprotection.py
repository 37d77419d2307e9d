"""Claims and volumes in use are not removed. Models plugin/pkg/admission/storage/storageobjectinuseprotection."""

from __future__ import annotations

from cluster_core.apiserver.admission.chain import Attributes, Plugin
from cluster_core.machinery.typed import Obj

_FINALIZERS = {
    "PersistentVolumeClaim": "kubernetes.io/pvc-protection",
    "PersistentVolume": "kubernetes.io/pv-protection",
}


def _admit(attributes: Attributes) -> Obj | None:
    obj = attributes.obj
    if obj is None or attributes.operation != "CREATE" or not attributes.about("", *_FINALIZERS):
        return obj
    finalizer = _FINALIZERS[attributes.kind.name]
    finalizers = obj["metadata"].get("finalizers", [])
    if finalizer in finalizers:
        return obj
    return {**obj, "metadata": {**obj["metadata"], "finalizers": [*finalizers, finalizer]}}


PLUGIN = Plugin("StorageObjectInUseProtection", admit=_admit, operations=frozenset({"CREATE"}), subresources=False)
