"""ResourceSlice objects. Models pkg/registry/resource/resourceslice."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "ResourceSlice",
    plural="resourceslices",
    returns_deleted=True,
    group="resource.k8s.io",
    namespaced=False,
    generation=True,
)
