"""What may change of a persistent volume claim: its size once bound, and what the controller fills in.

Models ValidatePersistentVolumeClaimUpdate and -StatusUpdate of pkg/apis/core/validation.
"""

from __future__ import annotations

from typing import Any

from cluster_core.apiserver.internal import difference
from cluster_core.kinds.checks import immutable
from cluster_core.kinds.claim_validation import claim_spec
from cluster_core.machinery import quantity
from cluster_core.machinery.field import Errors, Path, forbidden, invalid, not_supported, required
from cluster_core.machinery.typed import Obj

_SPEC = Path("spec")
_STATUS = Path("status")
_RESIZES = ("ControllerResizeInProgress", "ControllerResizeInfeasible", "NodeResizeInProgress", "NodeResizeInfeasible", "NodeResizePending")
OLD_CLASS = "volume.beta.kubernetes.io/storage-class"
_FIXED = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims"


def validate(claim: Obj) -> Errors:
    errors: Errors = []
    claim_spec(errors, _SPEC, claim.get("spec") or {})
    return errors


def validate_update(new: Obj, old: Obj) -> Errors:
    errors = validate(new)
    after, before = _comparable(errors, new, old)
    if after != before:
        change = difference("core.PersistentVolumeClaimSpec", before, after)
        errors.append(forbidden(_SPEC, f"{_FIXED}\n{change}"))
    _size(errors, new, old)
    immutable(errors, Path("volumeMode"), new["spec"].get("volumeMode"), old["spec"].get("volumeMode"))
    _attributes_class(errors, new, old)
    return errors


def _comparable(errors: Errors, new: Obj, old: Obj) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both specs, with what may differ made equal."""
    after, before = dict(new["spec"]), dict(old["spec"])
    if not before.get("volumeName"):
        _same(before, after, "volumeName")
    _storage_class(errors, (after, before), new, old)
    if (new.get("status") or {}).get("phase") == "Bound":
        _same(after, before, "volumeAttributesClassName")
        requests = (after.get("resources") or {}).get("requests")
        if requests:
            same = {"storage": (before.get("resources") or {}).get("requests", {}).get("storage")}
            after["resources"] = {**after["resources"], "requests": {**requests, **same}}
    return after, before


def _same(one: dict[str, Any], other: dict[str, Any], key: str) -> None:
    one.pop(key, None)
    if key in other:
        one[key] = other[key]


def _storage_class(errors: Errors, specs: tuple[dict[str, Any], dict[str, Any]], new: Obj, old: Obj) -> None:
    """The old annotation may become the field, and a claim without a class may get one."""
    after, before = specs
    new_note, old_note = ((one["metadata"].get("annotations") or {}).get(OLD_CLASS) for one in (new, old))
    unset = before.get("storageClassName") is None and after.get("storageClassName") is not None
    matching = after.get("storageClassName") == old_note
    if unset and old_note is not None and matching and new_note in (None, old_note):
        del after["storageClassName"]
        return
    immutable(errors, Path("metadata").child("annotations", OLD_CLASS), new_note or "", old_note or "")
    if unset and (old_note is None or matching):
        _same(after, before, "storageClassName")


def _requested(claim: Obj) -> str:
    return str(((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage", "0"))


def _size(errors: Errors, new: Obj, old: Obj) -> None:
    if quantity.compare(_requested(new), _requested(old)) >= 0:
        return
    capacity = ((old.get("status") or {}).get("capacity") or {}).get("storage", "0")
    if quantity.compare(_requested(new), capacity) <= 0:
        path = _SPEC.child("resources", "requests", "storage")
        errors.append(forbidden(path, "field can not be less than status.capacity"))


def _attributes_class(errors: Errors, new: Obj, old: Obj) -> None:
    key = "volumeAttributesClassName"
    after, before = new["spec"].get(key), old["spec"].get(key)
    if after == before or (old.get("status") or {}).get("currentVolumeAttributesClassName") is None:
        return
    detail = "is forbidden when status.currentVolumeAttributesClassName is not nil"
    if after is None:
        errors.append(forbidden(_SPEC / key, f"update to nil {detail}"))
    elif not after:
        errors.append(forbidden(_SPEC / key, f"update to empty string {detail}"))


def validate_status(new: Obj, old: Obj) -> Errors:
    errors: Errors = [] if new["spec"].get("accessModes") else [required(_SPEC / "accessModes")]
    status = new.get("status") or {}
    for key, text in sorted((status.get("capacity") or {}).items()):
        amount = quantity.value(text)
        if amount < 0:
            errors.append(invalid(_STATUS.child("capacity")[key], amount, "must be a valid resource quantity"))
    for resource, state in sorted((status.get("allocatedResourceStatuses") or {}).items()):
        if state not in _RESIZES:
            errors.append(not_supported(_STATUS / "allocatedResourceStatuses", resource, _RESIZES))
    return errors


def warnings(new: Obj, old: Obj | None) -> list[str]:
    found = []
    if OLD_CLASS in (new["metadata"].get("annotations") or {}):
        text = 'deprecated since v1.8; use "storageClassName" attribute instead'
        found.append(f"metadata.annotations[{OLD_CLASS}]: {text}")
    resources = (new.get("spec") or {}).get("resources") or {}
    for key in ("requests", "limits"):
        text = (resources.get(key) or {}).get("storage", "0")
        if quantity.milli(text) % 1000:
            where = f"spec.resources.{key}[storage]"
            found.append(f'{where}: fractional byte value "{text}" is invalid, must be an integer')
    return found
