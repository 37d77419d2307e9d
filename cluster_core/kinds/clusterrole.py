"""ClusterRole objects. Models pkg/registry/rbac/clusterrole."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind
from cluster_core.kinds import rbac_validation
from cluster_core.machinery import names

KIND = Kind(
    "ClusterRole",
    plural="clusterroles",
    allow_create_on_update=True,
    group="rbac.authorization.k8s.io",
    namespaced=False,
    validate=rbac_validation.cluster_role,
    validate_update=lambda new, old: rbac_validation.cluster_role(new),
    validate_name=names.path_segment_name,
)
