"""Role bindings. Models pkg/registry/rbac/rolebinding."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind
from cluster_core.kinds.rbac_bindings import columns, default
from cluster_core.kinds.rbac_validation import role_binding, role_binding_update
from cluster_core.machinery import names

COLUMNS = columns(
    "roleBinding",
    "RoleRef can reference a Role in the current namespace or a ClusterRole in the global namespace. "
    "If the RoleRef cannot be resolved, the Authorizer must return an error.",
)

KIND = Kind(
    "RoleBinding",
    plural="rolebindings",
    allow_create_on_update=True,
    group="rbac.authorization.k8s.io",
    validate_name=names.path_segment_name,
    default=default,
    validate=role_binding,
    checks_metadata_whole=1,
    validate_update=role_binding_update,
    columns=COLUMNS,
)
