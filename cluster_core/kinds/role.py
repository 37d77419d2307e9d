"""Roles. Models pkg/registry/rbac/role."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind
from cluster_core.kinds.rbac_validation import role
from cluster_core.machinery import names

KIND = Kind(
    "Role",
    plural="roles",
    allow_create_on_update=True,
    group="rbac.authorization.k8s.io",
    validate_name=names.path_segment_name,
    validate=role,
    checks_metadata_whole=1,
    validate_update=lambda new, old: role(new),
)
