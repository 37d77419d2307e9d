"""PersistentVolume objects. Models pkg/registry/core/persistentvolume."""

from __future__ import annotations

from cluster_core.apiserver.kind import Kind

KIND = Kind(
    "PersistentVolume",
    plural="persistentvolumes",
    returns_deleted=True,
    namespaced=False,
    short=("pv",),
    status=True,
)
