"""VolumeAttachment objects. Models pkg/registry/storage/volumeattachment."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "VolumeAttachment",
    plural="volumeattachments",
    group="storage.k8s.io",
    namespaced=False,
    status=True,
)
