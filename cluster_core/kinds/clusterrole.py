"""Cluster roles. Models pkg/registry/rbac/clusterrole."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind
from cluster_core.kinds.rbac_validation import cluster_role
from cluster_core.machinery import names

KIND = Kind(
    "ClusterRole",
    plural="clusterroles",
    allow_create_on_update=True,
    group="rbac.authorization.k8s.io",
    namespaced=False,
    validate_name=names.path_segment_name,
    validate=cluster_role,
    checks_metadata_whole=1,
    validate_update=lambda new, old: cluster_role(new),
)
