"""ComponentStatus objects. Models pkg/registry/core/componentstatus."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "ComponentStatus",
    plural="componentstatuses",
    namespaced=False,
    short=("cs",),
    verbs=("get", "list"),
    stored=False,
)
