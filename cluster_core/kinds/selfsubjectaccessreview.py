"""SelfSubjectAccessReview objects. Models pkg/registry/authorization/selfsubjectaccessreview."""

from __future__ import annotations

from cluster_core.apiserver import reviews
from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "SelfSubjectAccessReview",
    plural="selfsubjectaccessreviews",
    group="authorization.k8s.io",
    namespaced=False,
    verbs=("create",),
    stored=False,
    call=reviews.self_subject_access,
)
