"""CSI nodes. Models pkg/registry/storage/csinode."""

from __future__ import annotations

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.storage_validation import node, node_update

COLUMNS = (
    NAME,
    Column(
        "Drivers",
        lambda obj, now: len((obj.get("spec") or {}).get("drivers") or ()),
        "integer",
        description="Drivers indicates the number of CSI drivers registered on the node",
    ),
    AGE,
)

KIND = Kind(
    "CSINode",
    plural="csinodes",
    returns_deleted=True,
    unconditional_update=False,
    group="storage.k8s.io",
    namespaced=False,
    validate=node,
    validate_update=node_update,
    repeats_metadata_check=False,
    columns=COLUMNS,
)
