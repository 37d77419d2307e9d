"""VolumeAttributesClass objects. Models pkg/registry/storage/volumeattributesclass."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "VolumeAttributesClass",
    plural="volumeattributesclasses",
    returns_deleted=True,
    group="storage.k8s.io",
    namespaced=False,
    short=("vac",),
)
