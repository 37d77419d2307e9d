"""Config maps. Models pkg/registry/core/configmap."""

from __future__ import annotations

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.columns import documented
from cluster_core.kinds.data_validation import configmap, configmap_update

COLUMNS = (
    NAME,
    Column(
        "Data",
        lambda obj, now: len(obj.get("data") or ()) + len(obj.get("binaryData") or ()),
        description=documented("core.v1.ConfigMap", "data"),
    ),
    AGE,
)

KIND = Kind(
    "ConfigMap",
    plural="configmaps",
    short=("cm",),
    validate=configmap,
    validate_update=configmap_update,
    columns=COLUMNS,
)
