"""VolumeAttachment objects. Models pkg/registry/storage/volumeattachment."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "VolumeAttachment",
    plural="volumeattachments",
    returns_deleted=True,
    unconditional_update=False,
    group="storage.k8s.io",
    namespaced=False,
    status=True,
)
