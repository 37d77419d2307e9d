"""Volume attributes classes. Models pkg/registry/storage/volumeattributesclass."""

from __future__ import annotations

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.columns import documented
from cluster_core.kinds.storage_validation import attributes_class, attributes_class_update

COLUMNS = (
    NAME,
    Column(
        "DriverName",
        lambda obj, now: obj.get("driverName", ""),
        description=documented("storage.v1.VolumeAttributesClass", "driverName"),
    ),
    AGE,
)

KIND = Kind(
    "VolumeAttributesClass",
    plural="volumeattributesclasses",
    returns_deleted=True,
    group="storage.k8s.io",
    namespaced=False,
    short=("vac",),
    validate=attributes_class,
    validate_update=attributes_class_update,
    columns=COLUMNS,
)
