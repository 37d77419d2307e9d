"""ResourceClaim objects. Models pkg/registry/resource/resourceclaim."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "ResourceClaim",
    plural="resourceclaims",
    returns_deleted=True,
    group="resource.k8s.io",
    status=True,
)
