"""Secret objects. Models pkg/registry/core/secret."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "Secret",
    plural="secrets",
)
