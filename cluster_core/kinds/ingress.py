"""Ingress objects. Models pkg/registry/networking/ingress."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "Ingress",
    plural="ingresses",
    group="networking.k8s.io",
    short=("ing",),
    status=True,
    generation=True,
    prefix="ingress",
)
