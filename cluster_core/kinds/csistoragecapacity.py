"""CSIStorageCapacity objects. Models pkg/registry/storage/csistoragecapacity."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "CSIStorageCapacity",
    plural="csistoragecapacities",
    unconditional_update=False,
    group="storage.k8s.io",
)
