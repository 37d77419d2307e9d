"""RoleBinding objects. Models pkg/registry/rbac/rolebinding."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind
from cluster_core.kinds import rbac_bindings, rbac_validation
from cluster_core.machinery import names

KIND = Kind(
    "RoleBinding",
    plural="rolebindings",
    allow_create_on_update=True,
    group="rbac.authorization.k8s.io",
    default=rbac_bindings.default,
    validate=rbac_validation.role_binding,
    validate_update=lambda new, old: [*rbac_validation.role_binding(new), *rbac_validation.same_role(new, old)],
    validate_name=names.path_segment_name,
    columns=rbac_bindings.columns(
        "roleBinding",
        "RoleRef can reference a Role in the current namespace or a ClusterRole in the global namespace.",
    ),
)
