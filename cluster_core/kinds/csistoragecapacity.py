"""CSI storage capacities. Models pkg/registry/storage/csistoragecapacity."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind
from cluster_core.kinds.storage_validation import capacity, capacity_update

KIND = Kind(
    "CSIStorageCapacity",
    plural="csistoragecapacities",
    unconditional_update=False,
    group="storage.k8s.io",
    validate=capacity,
    validate_update=capacity_update,
)
