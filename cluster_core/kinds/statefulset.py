"""StatefulSet objects. Models pkg/registry/apps/statefulset."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind, Scale

KIND = Kind(
    "StatefulSet",
    plural="statefulsets",
    group="apps",
    short=("sts",),
    categories=("all",),
    status=True,
    generation=True,
    scale=Scale(),
)
