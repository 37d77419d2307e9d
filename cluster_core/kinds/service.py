"""Service objects. Models pkg/registry/core/service."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind, Subresource

KIND = Kind(
    "Service",
    plural="services",
    short=("svc",),
    categories=("all",),
    status=True,
    prefix="services/specs",
    subresources=(
        Subresource("proxy", ("create", "delete", "get", "patch", "update"), "ServiceProxyOptions"),
    ),
)
