"""StorageClass objects. Models pkg/registry/storage/storageclass."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "StorageClass",
    plural="storageclasses",
    returns_deleted=True,
    group="storage.k8s.io",
    namespaced=False,
    short=("sc",),
)
