"""PersistentVolumeClaim objects. Models pkg/registry/core/persistentvolumeclaim."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "PersistentVolumeClaim",
    plural="persistentvolumeclaims",
    returns_deleted=True,
    short=("pvc",),
    status=True,
)
