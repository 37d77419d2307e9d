"""ClusterRoleBinding objects. Models pkg/registry/rbac/clusterrolebinding."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "ClusterRoleBinding",
    plural="clusterrolebindings",
    allow_create_on_update=True,
    group="rbac.authorization.k8s.io",
    namespaced=False,
)
