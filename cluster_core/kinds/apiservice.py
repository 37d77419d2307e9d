"""APIService objects. Models pkg/registry/apiregistration/apiservice."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "APIService",
    plural="apiservices",
    unconditional_update=False,
    group="apiregistration.k8s.io",
    namespaced=False,
    categories=("api-extensions",),
    status=True,
    prefix="apiregistration.k8s.io/apiservices",
)
