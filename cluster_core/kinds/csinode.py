"""CSINode objects. Models pkg/registry/storage/csinode."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "CSINode",
    plural="csinodes",
    returns_deleted=True,
    unconditional_update=False,
    group="storage.k8s.io",
    namespaced=False,
)
