"""Lease objects. Models pkg/registry/coordination/lease."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "Lease",
    plural="leases",
    group="coordination.k8s.io",
)
