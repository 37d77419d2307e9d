"""LocalSubjectAccessReview objects. Models pkg/registry/authorization/localsubjectaccessreview."""

from __future__ import annotations

from cluster_core.apiserver import reviews
from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "LocalSubjectAccessReview",
    plural="localsubjectaccessreviews",
    group="authorization.k8s.io",
    verbs=("create",),
    stored=False,
    call=reviews.local_subject_access,
)
