"""ConfigMap objects. Models pkg/registry/core/configmap."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "ConfigMap",
    plural="configmaps",
    short=("cm",),
)
