"""Endpoints objects. Models pkg/registry/core/endpoints."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "Endpoints",
    plural="endpoints",
    allow_create_on_update=True,
    short=("ep",),
    prefix="services/endpoints",
)
