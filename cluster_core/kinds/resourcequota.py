"""ResourceQuota objects. Models pkg/registry/core/resourcequota."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "ResourceQuota",
    plural="resourcequotas",
    short=("quota",),
    status=True,
)
