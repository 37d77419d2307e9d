"""RoleBinding objects. Models pkg/registry/rbac/rolebinding."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "RoleBinding",
    plural="rolebindings",
    allow_create_on_update=True,
    group="rbac.authorization.k8s.io",
)
