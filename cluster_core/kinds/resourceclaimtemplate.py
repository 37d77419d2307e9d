"""ResourceClaimTemplate objects. Models pkg/registry/resource/resourceclaimtemplate."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "ResourceClaimTemplate",
    plural="resourceclaimtemplates",
    returns_deleted=True,
    group="resource.k8s.io",
)
