"""IngressClass objects. Models pkg/registry/networking/ingressclass."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "IngressClass",
    plural="ingressclasses",
    group="networking.k8s.io",
    namespaced=False,
)
