"""SelfSubjectRulesReview objects. Models pkg/registry/authorization/selfsubjectrulesreview."""

from __future__ import annotations

from cluster_core.apiserver import reviews
from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "SelfSubjectRulesReview",
    plural="selfsubjectrulesreviews",
    group="authorization.k8s.io",
    namespaced=False,
    verbs=("create",),
    stored=False,
    call=reviews.self_subject_rules,
)
