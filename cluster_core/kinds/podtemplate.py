"""PodTemplate objects. Models pkg/registry/core/podtemplate."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "PodTemplate",
    plural="podtemplates",
)
