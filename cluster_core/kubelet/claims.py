"""The volumes behind pods' claims, as kubelets mount them, and what becomes of their contents.

Models pkg/kubelet/volumemanager/populator (which volume a claim means); what a reclaim policy does to the contents is the
volume plugins' business: a volume deleted with its claim takes them along, one that is kept keeps them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_core.apiserver.parts import Change
from cluster_core.machinery.typed import Obj

if TYPE_CHECKING:
    from cluster_core.kubelet.fleet import Fleet


def volume_of(fleet: Fleet, namespace: str, name: str) -> Obj | None:
    """The PersistentVolume that a claim is bound to."""
    claim = fleet.api.get("PersistentVolumeClaim", namespace, name)
    volume = (claim or {"spec": {}})["spec"].get("volumeName")
    return fleet.api.get("PersistentVolume", "", volume) if volume else None


def volume_changed(fleet: Fleet, change: Change) -> None:
    """A volume that was deleted with its claim, or emptied to be used again, has lost its contents."""
    old, new = change.old, change.new
    if old is None or _phase(old) not in ("Released", "Failed"):
        return
    policy = old["spec"].get("persistentVolumeReclaimPolicy")
    if (new is None and policy == "Delete") or (new is not None and policy == "Recycle" and _phase(new) == "Available"):
        fleet.workloads.forget_volume(old)


def _phase(volume: Obj) -> str:
    return str(volume.get("status", {}).get("phase", ""))
