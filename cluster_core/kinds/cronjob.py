"""CronJob objects. Models pkg/registry/batch/cronjob."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "CronJob",
    plural="cronjobs",
    group="batch",
    short=("cj",),
    categories=("all",),
    status=True,
    generation=True,
)
