"""Nodes. Models ValidateNode and ValidateNodeUpdate of pkg/apis/core/validation."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cluster_core.kinds.affinity_validation import taint_effect
from cluster_core.kinds.checks import label_key
from cluster_core.kinds.resources_validation import amount
from cluster_core.machinery import addresses, names
from cluster_core.machinery.field import DUPLICATE, Errors, FieldError, Path, duplicate, forbidden, invalid
from cluster_core.machinery.typed import Obj

_TAINTS = Path("metadata", "taints")
_STATUS = Path("status")
_CIDRS = Path("spec", "podCIDRs")
_FEATURE = re.compile(r"[A-Z][a-zA-Z0-9]*(/[a-zA-Z][a-zA-Z0-9]*)*\Z")


def node(obj: Obj) -> Errors:
    errors: Errors = []
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    taints(errors, _TAINTS, spec.get("taints") or ())
    _resources(errors, status)
    _features(errors, _STATUS / "declaredFeatures", status.get("declaredFeatures") or ())
    _cidrs(errors, spec.get("podCIDRs") or ())
    return errors


def node_update(new: Obj, old: Obj) -> Errors:
    return [*node(new), *node_change(new, old)]


def node_change(new: Obj, old: Obj) -> Errors:
    """What a status update checks too."""
    errors: Errors = []
    spec, before, status = new.get("spec") or {}, old.get("spec") or {}, new.get("status") or {}
    _resources(errors, status)
    _features(errors, _STATUS / "declaredFeatures", status.get("declaredFeatures") or ())
    _addresses(errors, status.get("addresses") or ())
    _set_once(errors, spec, before)
    taints(errors, _TAINTS, spec.get("taints") or ())
    if spec.get("externalID", "") != before.get("externalID", ""):
        errors.append(forbidden(Path("spec", "externalID"), "may not be updated"))
    return errors


def _set_once(errors: Errors, spec: Obj, before: Obj) -> None:
    detail = 'node updates may not change podCIDR except from "" to valid'
    was, now = before.get("podCIDRs") or (), spec.get("podCIDRs") or ()
    if was and len(was) != len(now):
        errors.append(forbidden(_CIDRS, detail))
    elif was:
        errors.extend(forbidden(_CIDRS, detail) for left, right in zip(was, now, strict=True) if left != right)
    if before.get("providerID") and before["providerID"] != spec.get("providerID", ""):
        detail = 'node updates may not change providerID except from "" to valid'
        errors.append(forbidden(Path("spec", "providerID"), detail))


def _addresses(errors: Errors, found: Sequence[Obj]) -> None:
    seen: set[tuple[str, str]] = set()
    for index, address in enumerate(found):
        pair = (address.get("type", ""), address.get("address", ""))
        if pair in seen:
            shown = {"Type": pair[0], "Address": pair[1]}
            errors.append(duplicate((_STATUS / "addresses")[index], shown))
        seen.add(pair)


def taints(errors: Errors, path: Path, found: Sequence[Obj]) -> None:
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(found):
        at, key, effect = path[index], taint.get("key", ""), taint.get("effect", "")
        label_key(errors, at / "key", key)
        problems = names.label_value(taint.get("value", ""))
        if problems:
            errors.append(invalid(at / "value", taint["value"], ";".join(problems)))
        taint_effect(errors, at / "effect", effect)
        if (effect, key) in seen:
            shown = {
                "Key": key,
                "Value": taint.get("value", ""),
                "Effect": effect,
                "TimeAdded": taint.get("timeAdded"),
            }
            detail = "taints must be unique by key and effect pair"
            errors.append(FieldError(DUPLICATE, str(at), shown, detail))
        seen.add((effect, key))


def _resources(errors: Errors, status: Obj) -> None:
    for key in ("capacity", "allocatable"):
        for resource, text in (status.get(key) or {}).items():
            amount(errors, _STATUS.child(key, resource), resource, text)


def _features(errors: Errors, path: Path, found: Sequence[str]) -> None:
    for index, feature in enumerate(found):
        if not _FEATURE.match(feature):
            errors.append(invalid(path[index], feature, f"invalid feature name '{feature}'"))
        if index + 1 < len(found):
            following = found[index + 1]
            if feature == following:
                errors.append(duplicate(path[index + 1], following))
            elif feature > following:
                errors.append(invalid(path[index + 1], following, "list must be sorted alphabetically"))


def _cidrs(errors: Errors, found: Sequence[str]) -> None:
    for index, cidr in enumerate(found):
        errors.extend(invalid(_CIDRS[index], cidr, message) for message in addresses.cidr_sloppy(cidr, strict=False))
    if len(found) < 2:
        return
    families = {":" in cidr for cidr in found}
    if len(families) < 2 or len(found) > 2:
        detail = "may specify no more than one CIDR for each IP family"
        errors.append(invalid(_CIDRS, list(found), detail))
