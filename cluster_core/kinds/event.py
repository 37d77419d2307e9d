"""Event objects. Models pkg/registry/core/event."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind, Served

KIND = Kind(
    "Event",
    plural="events",
    short=("ev",),
    served=(Served("events.k8s.io", "v1"),),
)
