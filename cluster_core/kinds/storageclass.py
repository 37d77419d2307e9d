"""Storage classes. Models pkg/registry/storage/storageclass."""

from __future__ import annotations

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.columns import default_marked, documented
from cluster_core.kinds.storage_validation import storage_class, storage_class_update
from cluster_core.machinery.typed import Obj

_DOCUMENTED = "storage.v1.StorageClass"
_DEFAULTS = {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"}
_DEFAULT_ANNOTATIONS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)


def default(found: Obj) -> Obj:
    return {**_DEFAULTS, **found}


def _text(name: str, key: str) -> Column:
    return Column(name, lambda obj, now: obj.get(key, ""), description=documented(_DOCUMENTED, key))


COLUMNS = (
    Column(NAME.name, default_marked(_DEFAULT_ANNOTATIONS), format=NAME.format, description=NAME.description),
    _text("Provisioner", "provisioner"),
    _text("ReclaimPolicy", "reclaimPolicy"),
    _text("VolumeBindingMode", "volumeBindingMode"),
    Column(
        "AllowVolumeExpansion",
        lambda obj, now: bool(obj.get("allowVolumeExpansion")),
        description=documented(_DOCUMENTED, "allowVolumeExpansion"),
    ),
    AGE,
)

KIND = Kind(
    "StorageClass",
    plural="storageclasses",
    returns_deleted=True,
    group="storage.k8s.io",
    namespaced=False,
    short=("sc",),
    default=default,
    validate=storage_class,
    checks_metadata_whole=1,
    validate_update=storage_class_update,
    columns=COLUMNS,
)
