"""EndpointSlice objects. Models pkg/registry/discovery/endpointslice."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "EndpointSlice",
    plural="endpointslices",
    group="discovery.k8s.io",
    generation=True,
)
