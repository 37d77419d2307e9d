"""PriorityClass objects. Models pkg/registry/scheduling/priorityclass."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "PriorityClass",
    plural="priorityclasses",
    group="scheduling.k8s.io",
    namespaced=False,
    short=("pc",),
    generation=True,
)
