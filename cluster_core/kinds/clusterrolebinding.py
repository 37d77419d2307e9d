"""Cluster role bindings. Models pkg/registry/rbac/clusterrolebinding."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind
from cluster_core.kinds.rbac_bindings import columns, default
from cluster_core.kinds.rbac_validation import cluster_role_binding, cluster_role_binding_update
from cluster_core.machinery import names

COLUMNS = columns(
    "clusterRoleBinding",
    "RoleRef can only reference a ClusterRole in the global namespace. "
    "If the RoleRef cannot be resolved, the Authorizer must return an error.",
)

KIND = Kind(
    "ClusterRoleBinding",
    plural="clusterrolebindings",
    allow_create_on_update=True,
    group="rbac.authorization.k8s.io",
    namespaced=False,
    validate_name=names.path_segment_name,
    default=default,
    validate=cluster_role_binding,
    checks_metadata_whole=1,
    validate_update=cluster_role_binding_update,
    columns=COLUMNS,
)
