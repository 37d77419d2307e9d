"""DeviceClass objects. Models pkg/registry/resource/deviceclass."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "DeviceClass",
    plural="deviceclasses",
    returns_deleted=True,
    group="resource.k8s.io",
    namespaced=False,
    generation=True,
)
