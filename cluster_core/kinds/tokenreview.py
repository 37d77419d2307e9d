"""TokenReview objects. Models pkg/registry/authentication/tokenreview."""

from __future__ import annotations

from cluster_core.apiserver import reviews
from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "TokenReview",
    plural="tokenreviews",
    group="authentication.k8s.io",
    namespaced=False,
    verbs=("create",),
    stored=False,
    call=reviews.token,
)
