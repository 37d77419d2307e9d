"""Hold back volumes in deletion while they are bound. Models pkg/controller/volume/pvprotection."""

from __future__ import annotations

from collections.abc import Iterable

from cluster_core.controllers import volumes
from cluster_core.controllers.pods import is_deleted
from cluster_core.controllers.runtime import Context, Controller
from cluster_core.machinery.typed import Obj

FINALIZER = "kubernetes.io/pv-protection"


def reconcile(context: Context, key: str) -> float | None:
    volume = context.api.get("PersistentVolume", "", key)
    if volume is None or not _is_concerned(volume):
        return None
    finalizers = volume["metadata"].get("finalizers", [])
    if not is_deleted(volume):
        wanted = [*finalizers, FINALIZER]
    elif volumes.phase(volume) == "Bound":
        return None
    else:
        wanted = [name for name in finalizers if name != FINALIZER]
    context.api.update("PersistentVolume", volumes.with_finalizers(volume, wanted))
    return None


def _is_concerned(volume: Obj) -> bool:
    """To be let go, or never protected so far."""
    return is_deleted(volume) == (FINALIZER in volume["metadata"].get("finalizers", ()))


def _itself(context: Context, volume: Obj) -> Iterable[str]:
    return (volume["metadata"]["name"],) if _is_concerned(volume) else ()


CONTROLLER = Controller(
    "persistentvolume-protection-controller",
    watches={"PersistentVolume": _itself},
    reconcile=reconcile,
    user="system:serviceaccount:kube-system:pv-protection-controller",
)
