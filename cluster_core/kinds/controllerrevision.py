"""ControllerRevision objects. Models pkg/registry/apps/controllerrevision."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "ControllerRevision",
    plural="controllerrevisions",
    group="apps",
)
