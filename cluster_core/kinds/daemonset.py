"""DaemonSet objects. Models pkg/registry/apps/daemonset."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "DaemonSet",
    plural="daemonsets",
    group="apps",
    short=("ds",),
    categories=("all",),
    status=True,
    generation=True,
)
