"""CSIDriver objects. Models pkg/registry/storage/csidriver."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "CSIDriver",
    plural="csidrivers",
    returns_deleted=True,
    unconditional_update=False,
    group="storage.k8s.io",
    namespaced=False,
    generation=True,
)
