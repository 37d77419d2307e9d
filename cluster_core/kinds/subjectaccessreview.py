"""SubjectAccessReview objects. Models pkg/registry/authorization/subjectaccessreview."""

from __future__ import annotations

from cluster_core.apiserver import reviews
from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "SubjectAccessReview",
    plural="subjectaccessreviews",
    group="authorization.k8s.io",
    namespaced=False,
    verbs=("create",),
    stored=False,
    call=reviews.subject_access,
)
