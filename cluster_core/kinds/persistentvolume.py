"""Persistent volumes. Models pkg/registry/core/persistentvolume."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cluster_core.apiserver.context import Context
from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.amounts import rounded
from cluster_core.kinds.columns import access_modes_text, documented, storage_class_name
from cluster_core.kinds.volume_defaults import VOLUME_SOURCES
from cluster_core.kinds.volume_spec_validation import validate, validate_update, warnings
from cluster_core.machinery.typed import Obj

_DEFAULTS = {"persistentVolumeReclaimPolicy": "Retain", "volumeMode": "Filesystem"}
_DOCUMENTED = "core.v1.PersistentVolumeSpec"
_STATUS = "core.v1.PersistentVolumeStatus"


def default(volume: Obj) -> Obj:
    spec = {**_DEFAULTS, **volume.get("spec", {})}
    for key in spec.keys() & VOLUME_SOURCES.keys():
        spec[key] = VOLUME_SOURCES[key](spec[key])
    if spec.get("capacity"):
        spec["capacity"] = rounded(spec["capacity"])
    return {**volume, "spec": spec, "status": {"phase": "Pending", **(volume.get("status") or {})}}


def before_store(context: Context, new: Obj, old: Obj | None) -> Obj:
    """A new volume is pending since now."""
    if old is not None:
        return new
    now = context.server.world.clock.timestamp()
    return {**new, "status": {"phase": "Pending", "lastPhaseTransitionTime": now}}


def begin_status(context: Context, new: Obj, old: Obj) -> Obj:
    """A new phase has begun now, unless the client says when."""
    before, after = old.get("status") or {}, new.get("status") or {}
    since, known = after.get("lastPhaseTransitionTime"), before.get("lastPhaseTransitionTime")
    if before.get("phase") == after.get("phase"):
        since = since or known
    elif since in (None, known):
        since = context.server.world.clock.timestamp()
    if since is None or since == after.get("lastPhaseTransitionTime"):
        return new
    return {**new, "status": {**after, "lastPhaseTransitionTime": since}}


# ------------------------------------------------------------------------------------------------ columns


def _spec(key: str, missing: Any = "") -> Callable[[Obj, int], Any]:
    return lambda obj, now: obj.get("spec", {}).get(key, missing)


def _phase(volume: Obj, now: int) -> str:
    terminating = "deletionTimestamp" in volume["metadata"]
    return "Terminating" if terminating else str((volume.get("status") or {}).get("phase", ""))


def _claim(volume: Obj, now: int) -> str:
    claim = volume.get("spec", {}).get("claimRef")
    return f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim else ""


def _size(volume: Obj, now: int) -> str:
    return str((volume.get("spec", {}).get("capacity") or {}).get("storage", "0"))


def _modes(volume: Obj, now: int) -> str:
    return access_modes_text(volume.get("spec", {}).get("accessModes"))


COLUMNS = (
    NAME,
    Column("Capacity", _size, description=documented(_DOCUMENTED, "capacity")),
    Column("Access Modes", _modes, description=documented(_DOCUMENTED, "accessModes")),
    Column(
        "Reclaim Policy",
        _spec("persistentVolumeReclaimPolicy"),
        description=documented(_DOCUMENTED, "persistentVolumeReclaimPolicy"),
    ),
    Column("Status", _phase, description=documented(_STATUS, "phase")),
    Column("Claim", _claim, description=documented(_DOCUMENTED, "claimRef")),
    Column("StorageClass", lambda obj, now: storage_class_name(obj), description="StorageClass of the pv"),
    Column(
        "VolumeAttributesClass",
        _spec("volumeAttributesClassName", "<unset>"),
        description="VolumeAttributesClass of the pv",
    ),
    Column(
        "Reason",
        lambda obj, now: (obj.get("status") or {}).get("reason", ""),
        description=documented(_STATUS, "reason"),
    ),
    AGE,
    Column("VolumeMode", _spec("volumeMode", "<unset>"), description=documented(_DOCUMENTED, "volumeMode"), priority=1),
)

KIND = Kind(
    "PersistentVolume",
    plural="persistentvolumes",
    returns_deleted=True,
    namespaced=False,
    short=("pv",),
    default=default,
    before_store=before_store,
    begin_status=begin_status,
    validate=validate,
    repeats_metadata_check=False,
    checks_metadata_whole=2,
    validate_update=validate_update,
    warnings=warnings,
    columns=COLUMNS,
    status=True,
)
