"""Deployment objects. Models pkg/registry/apps/deployment."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind, Scale

KIND = Kind(
    "Deployment",
    plural="deployments",
    group="apps",
    short=("deploy",),
    categories=("all",),
    status=True,
    generation=True,
    scale=Scale(),
)
