"""ServiceCIDR objects. Models pkg/registry/networking/servicecidr."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "ServiceCIDR",
    plural="servicecidrs",
    group="networking.k8s.io",
    namespaced=False,
    status=True,
)
