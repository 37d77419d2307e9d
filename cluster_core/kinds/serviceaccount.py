"""ServiceAccount objects. Models pkg/registry/core/serviceaccount."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind, Subresource

KIND = Kind(
    "ServiceAccount",
    plural="serviceaccounts",
    short=("sa",),
    subresources=(
        Subresource("token", ("create",), "TokenRequest", "authentication.k8s.io"),
    ),
)
