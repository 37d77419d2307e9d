"""HorizontalPodAutoscaler objects. Models pkg/registry/autoscaling/horizontalpodautoscaler."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind, Served

KIND = Kind(
    "HorizontalPodAutoscaler",
    plural="horizontalpodautoscalers",
    group="autoscaling",
    version="v2",
    short=("hpa",),
    categories=("all",),
    status=True,
    served=(Served("autoscaling", "v1"),),
)
