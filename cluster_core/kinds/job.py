"""Job objects. Models pkg/registry/batch/job."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "Job",
    plural="jobs",
    group="batch",
    categories=("all",),
    status=True,
    generation=True,
)
