"""ReplicationController objects. Models pkg/registry/core/replicationcontroller."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind, Scale

KIND = Kind(
    "ReplicationController",
    plural="replicationcontrollers",
    short=("rc",),
    categories=("all",),
    status=True,
    generation=True,
    scale=Scale(),
    prefix="controllers",
)
