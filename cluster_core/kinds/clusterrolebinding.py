"""ClusterRoleBinding objects. Models pkg/registry/rbac/clusterrolebinding."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind
from cluster_core.kinds import rbac_bindings, rbac_validation
from cluster_core.machinery import names

KIND = Kind(
    "ClusterRoleBinding",
    plural="clusterrolebindings",
    allow_create_on_update=True,
    group="rbac.authorization.k8s.io",
    namespaced=False,
    default=rbac_bindings.default,
    validate=rbac_validation.cluster_role_binding,
    validate_update=lambda new, old: [*rbac_validation.cluster_role_binding(new), *rbac_validation.same_role(new, old)],
    validate_name=names.path_segment_name,
    columns=rbac_bindings.columns(
        "clusterRoleBinding", "RoleRef can only reference a ClusterRole in the global namespace."
    ),
)
