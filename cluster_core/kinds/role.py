"""Role objects. Models pkg/registry/rbac/role."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "Role",
    plural="roles",
    allow_create_on_update=True,
    group="rbac.authorization.k8s.io",
)
