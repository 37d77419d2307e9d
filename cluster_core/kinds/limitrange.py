"""LimitRange objects. Models pkg/registry/core/limitrange."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "LimitRange",
    plural="limitranges",
    short=("limits",),
)
