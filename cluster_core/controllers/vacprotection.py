"""Hold back volume attributes classes in deletion while volumes or claims use them. Models pkg/controller/volume/vacprotection."""

from __future__ import annotations

from collections.abc import Iterable

from cluster_core.controllers import volumes
from cluster_core.controllers.pods import is_deleted
from cluster_core.controllers.runtime import Context, Controller
from cluster_core.machinery.typed import Obj

FINALIZER = "kubernetes.io/vac-protection"
_KIND = "VolumeAttributesClass"


def reconcile(context: Context, key: str) -> float | None:
    found = context.api.get(_KIND, "", key)
    if found is None:
        return None
    finalizers = found["metadata"].get("finalizers", [])
    if is_deleted(found) and FINALIZER in finalizers and not _is_used(context, key):
        context.api.update(_KIND, volumes.with_finalizers(found, [name for name in finalizers if name != FINALIZER]))
    elif not is_deleted(found) and FINALIZER not in finalizers:
        context.api.update(_KIND, volumes.with_finalizers(found, [*finalizers, FINALIZER]))
    return None


def _is_used(context: Context, name: str) -> bool:
    claims, found = context.api.list("PersistentVolumeClaim"), context.api.list("PersistentVolume")
    return any(name in _classes(obj) for obj in (*claims, *found))


def _classes(obj: Obj) -> set[str]:
    """The classes a volume or a claim refers to: what it has, wants, or is being changed to."""
    status = obj.get("status") or {}
    target = (status.get("modifyVolumeStatus") or {}).get("targetVolumeAttributesClassName")
    names = (obj["spec"].get("volumeAttributesClassName"), status.get("currentVolumeAttributesClassName"), target)
    return {name for name in names if name}


def _itself(context: Context, found: Obj) -> Iterable[str]:
    return (found["metadata"]["name"],)


def _used_by(context: Context, obj: Obj) -> Iterable[str]:
    """Those in deletion that the object refers, or referred, to."""
    classes = (context.api.get(_KIND, "", name) for name in sorted(_classes(obj)))
    return [found["metadata"]["name"] for found in classes if found is not None and is_deleted(found)]


CONTROLLER = Controller(
    "volumeattributesclass-protection-controller",
    watches={_KIND: _itself, "PersistentVolumeClaim": _used_by, "PersistentVolume": _used_by},
    reconcile=reconcile,
    user="system:serviceaccount:kube-system:volumeattributesclass-protection-controller",
)
