"""ClusterRole objects. Models pkg/registry/rbac/clusterrole."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "ClusterRole",
    plural="clusterroles",
    allow_create_on_update=True,
    group="rbac.authorization.k8s.io",
    namespaced=False,
)
