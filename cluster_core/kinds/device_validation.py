"""What device classes and resource slices may say. Models pkg/apis/resource/validation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cluster_core.kinds.affinity_validation import node_selector
from cluster_core.kinds.amounts import is_extended
from cluster_core.kinds.capacity_policies import request_policy
from cluster_core.kinds.checks import immutable, name, named
from cluster_core.kinds.device_checks import (
    MAX_CONFIGS,
    binding_conditions,
    configuration,
    distinct,
    pool_name,
    qualified_name,
    selectors,
    some,
    taint,
)
from cluster_core.kinds.volume_sources import csi_driver
from cluster_core.machinery import names
from cluster_core.machinery.field import Errors, Path, forbidden, invalid, required, too_long, too_many
from cluster_core.machinery.typed import Obj

_SPEC = Path("spec")
_MAX_DEVICES, _MAX_RICH_DEVICES, _MAX_SETS, _MAX_COUNTERS, _MAX_CONSUMPTIONS = 128, 64, 8, 32, 2
_MAX_FACTS, _MAX_TAINTS, _MAX_TEXT = 32, 16, 64
_NUMBER, _PRE = r"(0|[1-9]\d*)", r"(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)"
_SEMVER = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-{_PRE}(\.{_PRE})*)?(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?", re.ASCII
)
_WHERE = ("nodeName", "nodeSelector", "allNodes", "perDeviceNodeSelection")
_ONE_OF = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"
_DEVICE_ONE_OF = (
    "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true "
    "in the ResourceSlice spec"
)
_ONLY_TRUE = "must be either unset or set to true"


# ------------------------------------------------------------------------------------------------ classes


def device_class(found: Obj) -> Errors:
    errors: Errors = []
    spec = found.get("spec") or {}
    selectors(errors, _SPEC / "selectors", spec.get("selectors") or ())
    some(errors, _SPEC / "config", spec.get("config") or (), MAX_CONFIGS, configuration)
    extended = spec.get("extendedResourceName")
    if extended is not None and not is_extended(extended):
        errors.append(invalid(_SPEC / "extendedResourceName", extended, "must be a valid extended resource name"))
    return errors


def device_class_update(new: Obj, old: Obj) -> Errors:
    return device_class(new)


# ------------------------------------------------------------------------------------------------ slices


def resource_slice(found: Obj) -> Errors:
    return _slice(found.get("spec") or {}, None)


def resource_slice_update(new: Obj, old: Obj) -> Errors:
    return _slice(new.get("spec") or {}, old.get("spec") or {})


def _slice(spec: Obj, old: Obj | None) -> Errors:
    errors: Errors = []
    pool = spec.get("pool") or {}
    csi_driver(errors, _SPEC / "driver", spec.get("driver", ""))
    _pool(errors, _SPEC / "pool", pool)
    if old is not None:
        immutable(errors, _SPEC.child("pool", "name"), pool.get("name", ""), (old.get("pool") or {}).get("name", ""))
        immutable(errors, _SPEC / "driver", spec.get("driver", ""), old.get("driver", ""))
        immutable(errors, _SPEC / "nodeName", spec.get("nodeName"), old.get("nodeName"))
    _where(errors, spec)
    if spec.get("sharedCounters") is not None and spec.get("devices") is not None:
        errors.append(invalid(_SPEC, "", "only one of `sharedCounters` or `devices` is allowed"))
    _devices(errors, spec, old)
    sets = spec.get("sharedCounters") or ()
    if some(errors, _SPEC / "sharedCounters", sets, _MAX_SETS, lambda *at: _counters(*at, key="name")):
        distinct(errors, _SPEC / "sharedCounters", [one.get("name", "") for one in sets])
    return errors


def _pool(errors: Errors, path: Path, pool: Obj) -> None:
    pool_name(errors, path / "name", pool.get("name", ""))
    count, generation = pool.get("resourceSliceCount", 0), pool.get("generation", 0)
    if count <= 0:
        errors.append(invalid(path / "resourceSliceCount", count, "must be greater than zero"))
    if generation < 0:
        errors.append(invalid(path / "generation", generation, "must be greater than or equal to zero"))


def _where(errors: Errors, spec: Obj) -> None:
    """Which nodes have the devices: said in one way."""
    given = [f"`{key}`" for key in _WHERE if spec.get(key)]
    if spec.get("nodeName"):
        name(errors, _SPEC / "nodeName", spec["nodeName"], names.dns1123_subdomain)
    elif spec.get("nodeName") is not None:
        errors.append(invalid(_SPEC / "nodeName", "", "must be either unset or set to a non-empty string"))
    if spec.get("nodeSelector") is not None:
        terms = spec["nodeSelector"].get("nodeSelectorTerms") or ()
        node_selector(errors, _SPEC / "nodeSelector", spec["nodeSelector"])
        if len(terms) != 1:
            path = _SPEC.child("nodeSelector", "nodeSelectorTerms")
            errors.append(invalid(path, list(terms), "must have exactly one node selector term"))
    for key in ("allNodes", "perDeviceNodeSelection"):
        if spec.get(key) is False:
            errors.append(invalid(_SPEC / key, False, _ONLY_TRUE))
    _one_way(errors, _SPEC, given, (_ONE_OF, f"{_ONE_OF}, but multiple fields are set"))


def _one_way(errors: Errors, path: Path, given: Sequence[str], details: tuple[str, str]) -> None:
    """What to say when none is given, and when several are."""
    if not given:
        errors.append(required(path, details[0]))
    elif len(given) > 1:
        errors.append(invalid(path, "{" + ", ".join(given) + "}", details[1]))


def _devices(errors: Errors, spec: Obj, old: Obj | None) -> None:
    devices, path = spec.get("devices") or (), _SPEC / "devices"
    rich = any(one.get("taints") or one.get("consumesCounters") for one in devices)
    known = {one.get("name", ""): one.get("taints") for one in (old or {}).get("devices") or ()}
    per_device = bool(spec.get("perDeviceNodeSelection"))

    def check(errors: Errors, at: Path, device: Obj) -> None:
        _device(errors, at, device)
        wanted = device.get("name", "")
        if wanted not in known or known[wanted] != device.get("taints"):
            some(errors, at / "taints", device.get("taints") or (), _MAX_TAINTS, taint)
        _consumption(errors, at / "consumesCounters", device)
        _device_where(errors, at, device, per_device)
        binding_conditions(errors, at, device)

    if some(errors, path, devices, _MAX_RICH_DEVICES if rich else _MAX_DEVICES, check):
        distinct(errors, path, [one.get("name", "") for one in devices])


# ------------------------------------------------------------------------------------------------ devices


def _device(errors: Errors, path: Path, device: Obj) -> None:
    attributes: Mapping[str, Obj] = device.get("attributes") or {}
    capacity: Mapping[str, Obj] = device.get("capacity") or {}
    name(errors, path / "name", device.get("name", ""), names.dns1123_label)
    if len(attributes) + len(capacity) > _MAX_FACTS:
        detail = f"the total number of attributes and capacities must not exceed {_MAX_FACTS}"
        errors.append(invalid(path, len(attributes) + len(capacity), detail))
    for key, one in attributes.items():
        qualified_name(errors, path / "attributes", key)
        _attribute(errors, (path / "attributes")[key], one)
    for key, one in capacity.items():
        qualified_name(errors, path / "capacity", key)
        if one.get("requestPolicy") is None:
            continue
        at = (path / "capacity")[key] / "requestPolicy"
        if device.get("allowMultipleAllocations"):
            request_policy(errors, at, one["requestPolicy"], one.get("value", "0"))
        else:
            errors.append(forbidden(at, "allowMultipleAllocations must be true"))


_VALUES = ("bool", "int", "string", "version")


def _attribute(errors: Errors, path: Path, found: Obj) -> None:
    given: list[Any] = [found[key] for key in _VALUES if found.get(key) is not None]
    if found.get("string") is not None:
        _text(errors, path / "string", found["string"])
    if found.get("version") is not None:
        if not _SEMVER.fullmatch(found["version"]):
            detail = "must be a string compatible with semver.org spec 2.0.0"
            errors.append(invalid(path / "version", found["version"], detail))
        _text(errors, path / "version", found["version"])
    if not given:
        errors.append(invalid(path, "", "exactly one value must be specified"))
    elif len(given) > 1:
        keys = (("Int", "int"), ("Bool", "bool"), ("String", "string"), ("Version", "version"))
        shown = {f"{go}Value": found.get(key) for go, key in keys}
        errors.append(invalid(path, shown, "exactly one value must be specified"))


def _text(errors: Errors, path: Path, text: str) -> None:
    if names.length(text) > _MAX_TEXT:
        errors.append(too_long(path, _MAX_TEXT))


def _consumption(errors: Errors, path: Path, device: Obj) -> None:
    found = device.get("consumesCounters") or ()
    if some(errors, path, found, _MAX_CONSUMPTIONS, lambda *at: _counters(*at, key="counterSet")):
        distinct(errors, path, [one.get("counterSet", "") for one in found])


def _counters(errors: Errors, path: Path, found: Obj, *, key: str) -> None:
    """Named counters; `key` is where the set's own name is."""
    counters: Mapping[str, Obj] = found.get("counters") or {}
    named(errors, path / key, found.get(key, ""), names.dns1123_label)
    if not counters:
        errors.append(required(path / "counters"))
    elif len(counters) > _MAX_COUNTERS:
        errors.append(too_many(path / "counters", len(counters), _MAX_COUNTERS))
    else:
        for one in counters:
            name(errors, path / "counters", one, names.dns1123_label)


def _device_where(errors: Errors, path: Path, device: Obj, per_device: bool) -> None:
    keys = _WHERE[:3]
    given = [f"`{key}`" for key in keys if device.get(key)]
    if not per_device:
        if any(device.get(key) is not None for key in keys):
            detail = (
                "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true "
                "in the ResourceSlice spec"
            )
            errors.append(invalid(path, None, detail))
        return
    if device.get("nodeName"):
        name(errors, path / "nodeName", device["nodeName"], names.dns1123_subdomain)
    elif device.get("nodeName") is not None:
        errors.append(invalid(path / "nodeName", "", "must not be empty"))
    if device.get("nodeSelector") is not None:
        node_selector(errors, path / "nodeSelector", device["nodeSelector"])
    if device.get("allNodes") is False:
        errors.append(invalid(path / "allNodes", False, _ONLY_TRUE))
    _one_way(errors, path, given, (_DEVICE_ONE_OF, _DEVICE_ONE_OF))
