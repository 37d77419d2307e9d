"""SelfSubjectReview objects. Models pkg/registry/authentication/selfsubjectreview."""

from __future__ import annotations

from cluster_core.apiserver import reviews
from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "SelfSubjectReview",
    plural="selfsubjectreviews",
    group="authentication.k8s.io",
    namespaced=False,
    verbs=("create",),
    stored=False,
    call=reviews.self_subject,
)
