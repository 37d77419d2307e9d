"""Persistent volume claims. Models pkg/registry/core/persistentvolumeclaim."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.claim_update_validation import validate, validate_status, validate_update, warnings
from cluster_core.kinds.columns import access_modes_text, documented, storage_class_name
from cluster_core.kinds.volume_defaults import default_claim
from cluster_core.machinery.typed import Obj

_SPEC, _STATUS = "core.v1.PersistentVolumeClaimSpec", "core.v1.PersistentVolumeClaimStatus"
_SNAPSHOT = ("snapshot.storage.k8s.io", "VolumeSnapshot")


def prepare_create(claim: Obj) -> Obj:
    return {**claim, "spec": _with_sources(claim["spec"], None), "status": {"phase": "Pending"}}


def prepare_update(new: Obj, old: Obj) -> Obj:
    return {**new, "spec": _with_sources(new["spec"], old["spec"])}


def _with_sources(spec: Obj, old: Obj | None) -> Obj:
    """dataSource and dataSourceRef say the same; a dataSource of an unknown kind is dropped silently."""
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    used = old is not None and ("dataSource" in old or "dataSourceRef" in old)
    if source is not None and reference is None:
        if not used and not _is_known(source):
            return {key: value for key, value in spec.items() if key != "dataSource"}
        return {**spec, "dataSourceRef": dict(source)}
    if reference is not None and source is None and not reference.get("namespace"):
        return {**spec, "dataSource": {key: value for key, value in reference.items() if key != "namespace"}}
    return spec


def _is_known(source: Obj) -> bool:
    group, kind = source.get("apiGroup") or "", source.get("kind", "")
    return (group, kind) == _SNAPSHOT or (not group and kind == "PersistentVolumeClaim")


# ------------------------------------------------------------------------------------------------ columns


def _spec(key: str, missing: Any = "") -> Callable[[Obj, int], Any]:
    return lambda obj, now: obj.get("spec", {}).get(key, missing)


def _phase(claim: Obj, now: int) -> str:
    terminating = "deletionTimestamp" in claim["metadata"]
    return "Terminating" if terminating else str((claim.get("status") or {}).get("phase", ""))


def _capacity(claim: Obj, now: int) -> str:
    if not claim.get("spec", {}).get("volumeName"):
        return ""
    return str(((claim.get("status") or {}).get("capacity") or {}).get("storage", "0"))


def _modes(claim: Obj, now: int) -> str:
    bound = claim.get("spec", {}).get("volumeName")
    return access_modes_text((claim.get("status") or {}).get("accessModes")) if bound else ""


COLUMNS = (
    NAME,
    Column("Status", _phase, description=documented(_STATUS, "phase")),
    Column("Volume", _spec("volumeName"), description=documented(_SPEC, "volumeName")),
    Column("Capacity", _capacity, description=documented(_STATUS, "capacity")),
    Column("Access Modes", _modes, description=documented(_STATUS, "accessModes")),
    Column("StorageClass", lambda obj, now: storage_class_name(obj), description="StorageClass of the pvc"),
    Column(
        "VolumeAttributesClass",
        _spec("volumeAttributesClassName", "<unset>"),
        description="VolumeAttributesClass of the pvc",
    ),
    AGE,
    Column("VolumeMode", _spec("volumeMode", "<unset>"), description=documented(_SPEC, "volumeMode"), priority=1),
)

KIND = Kind(
    "PersistentVolumeClaim",
    plural="persistentvolumeclaims",
    returns_deleted=True,
    short=("pvc",),
    default=default_claim,
    prepare_create=prepare_create,
    prepare_update=prepare_update,
    validate=validate,
    checks_metadata_whole=1,
    validate_update=validate_update,
    validate_status=validate_status,
    warnings=warnings,
    columns=COLUMNS,
    status=True,
)
