"""What resource claims and their templates may say. Models pkg/apis/resource/validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cluster_core.apiserver.internal import internal
from cluster_core.kinds.affinity_validation import node_selector
from cluster_core.kinds.checks import name, named, needed, template_metadata
from cluster_core.kinds.device_checks import (
    MAX_CONFIGS,
    binding_conditions,
    configuration,
    distinct,
    fully_qualified_name,
    pool_name,
    selectors,
    some,
    toleration,
)
from cluster_core.kinds.volume_sources import csi_driver
from cluster_core.machinery import addresses, names
from cluster_core.machinery.field import Errors, Path, forbidden, invalid, not_supported, required
from cluster_core.machinery.typed import Obj

_SPEC, _STATUS = Path("spec"), Path("status")
_MAX_REQUESTS, _MAX_ALTERNATIVES, _MAX_CONSTRAINTS, _MAX_CONSUMERS = 32, 8, 32, 256
_MODES = ("All", "ExactCount")
_IMMUTABLE = "field is immutable"
_ONE_OF = "exactly one of `exactly` or `firstAvailable` is required"
_NOT_A_REQUEST = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"

Known = Mapping[str, frozenset[str]]
"""Requests and their alternatives, by name."""


# ------------------------------------------------------------------------------------------------ specs


def claim(found: Obj) -> Errors:
    errors: Errors = []
    claim_spec(errors, _SPEC, found.get("spec") or {})
    return errors


def claim_update(new: Obj, old: Obj) -> Errors:
    if new.get("spec") == old.get("spec"):
        return []
    return [invalid(_SPEC, internal("resource.ResourceClaimSpec", new.get("spec")), _IMMUTABLE)]


def claim_template(found: Obj) -> Errors:
    errors: Errors = []
    spec = found.get("spec") or {}
    template_metadata(errors, _SPEC / "metadata", spec.get("metadata"))
    claim_spec(errors, _SPEC / "spec", spec.get("spec") or {})
    return errors


def claim_template_update(new: Obj, old: Obj) -> Errors:
    if new.get("spec") == old.get("spec"):
        return []
    shown = internal("resource.ResourceClaimTemplateSpec", new.get("spec"))
    return [*claim_template(new), invalid(_SPEC, shown, _IMMUTABLE)]


def claim_spec(errors: Errors, path: Path, spec: Obj) -> None:
    devices, path = spec.get("devices") or {}, path / "devices"
    known = _known(devices)
    requests = devices.get("requests") or ()
    if some(errors, path / "requests", requests, _MAX_REQUESTS, _request):
        distinct(errors, path / "requests", [one.get("name", "") for one in requests])
    some(
        errors,
        path / "constraints",
        devices.get("constraints") or (),
        _MAX_CONSTRAINTS,
        lambda errors, path, one: _constraint(errors, path, one, known),
    )
    some(
        errors,
        path / "config",
        devices.get("config") or (),
        MAX_CONFIGS,
        lambda errors, path, one: _config(errors, path, one, known),
    )


def _known(devices: Obj) -> Known:
    requests = devices.get("requests") or ()
    return {
        one.get("name", ""): frozenset(sub.get("name", "") for sub in one.get("firstAvailable") or ())
        for one in requests
    }


def _request(errors: Errors, path: Path, request: Obj) -> None:
    name(errors, path / "name", request.get("name", ""), names.dns1123_label)
    exactly, alternatives = request.get("exactly"), request.get("firstAvailable") or ()
    if exactly is None and not alternatives:
        errors.append(required(path, _ONE_OF))
    elif exactly is not None and alternatives:
        errors.append(invalid(path, None, f"{_ONE_OF}, but multiple fields are set"))
    elif exactly is not None:
        _exactly(errors, path / "exactly", exactly)
    elif some(errors, path / "firstAvailable", alternatives, _MAX_ALTERNATIVES, _alternative):
        distinct(errors, path / "firstAvailable", [one.get("name", "") for one in alternatives])


def _alternative(errors: Errors, path: Path, found: Obj) -> None:
    name(errors, path / "name", found.get("name", ""), names.dns1123_label)
    _exactly(errors, path, found)


def _exactly(errors: Errors, path: Path, found: Obj) -> None:
    named(errors, path / "deviceClassName", found.get("deviceClassName", ""), names.dns1123_subdomain)
    selectors(errors, path / "selectors", found.get("selectors") or ())
    mode, count = found.get("allocationMode", ""), found.get("count", 0)
    if mode == "All" and count:
        detail = "must not be specified when allocationMode is 'All'"
        errors.append(invalid(path / "count", count, detail))
    elif mode == "ExactCount" and count <= 0:
        errors.append(invalid(path / "count", count, "must be greater than zero"))
    elif mode not in _MODES:
        errors.append(not_supported(path / "allocationMode", mode, _MODES))
    for index, one in enumerate(found.get("tolerations") or ()):
        toleration(errors, (path / "tolerations")[index], one)


def _constraint(errors: Errors, path: Path, found: Obj, known: Known) -> None:
    _requests(errors, path / "requests", found.get("requests") or (), known)
    for key in ("matchAttribute", "distinctAttribute"):
        if found.get(key) is not None:
            fully_qualified_name(errors, path / key, found[key])
            return
    detail = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'
    errors.append(required(path, detail))


def _config(errors: Errors, path: Path, found: Obj, known: Known) -> None:
    _requests(errors, path / "requests", found.get("requests") or (), known)
    configuration(errors, path, found)


def _requests(errors: Errors, path: Path, found: Sequence[str], known: Known) -> None:
    if some(errors, path, found, _MAX_REQUESTS, lambda errors, path, one: _reference(errors, path, one, known)):
        distinct(errors, path, found)


def _reference(errors: Errors, path: Path, text: str, known: Known) -> None:
    parts = text.split("/")
    if len(parts) > 2:
        errors.append(invalid(path, text, _NOT_A_REQUEST))
        return
    for part in parts:
        name(errors, path, part, names.dns1123_label)
    if parts[0] not in known or (len(parts) == 2 and parts[1] not in known[parts[0]]):
        errors.append(invalid(path, text, _NOT_A_REQUEST))


# ------------------------------------------------------------------------------------------------ status


def claim_status(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    status, before = new.get("status") or {}, old.get("status") or {}
    known = _known((new.get("spec") or {}).get("devices") or {})
    _reserved(errors, new, status, before)
    allocation = status.get("allocation")
    if allocation is None:
        return errors
    if before.get("allocation") is None:
        _allocation(errors, _STATUS / "allocation", allocation, known)
    elif allocation != before["allocation"]:
        shown = internal("resource.AllocationResult", allocation)
        errors.append(invalid(_STATUS / "allocation", shown, _IMMUTABLE))
    return errors


def _reserved(errors: Errors, claim: Obj, status: Obj, before: Obj) -> None:
    path, consumers = _STATUS / "reservedFor", status.get("reservedFor") or ()
    if some(errors, path, consumers, _MAX_CONSUMERS, _consumer):
        distinct(errors, path, [one.get("uid", "") for one in consumers])
    _devices(errors, _STATUS / "devices", status)
    if not consumers:
        return
    if status.get("allocation") is None:
        errors.append(forbidden(path, "may not be specified when `allocated` is not set"))
    elif "deletionTimestamp" in claim["metadata"]:
        known = before.get("reservedFor") or ()
        if any(one not in known for one in consumers):
            detail = "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set"
            errors.append(forbidden(path, detail))


def _consumer(errors: Errors, path: Path, found: Obj) -> None:
    needed(errors, found, path, "resource", "name", "uid")


def _place(found: Obj) -> tuple[str, str, str, str]:
    driver, pool, device, share = (str(found.get(key) or "") for key in ("driver", "pool", "device", "shareID"))
    return driver, pool, device, share


def _devices(errors: Errors, path: Path, status: Obj) -> None:
    results = ((status.get("allocation") or {}).get("devices") or {}).get("results") or ()
    allocated = {_place(one) for one in results}
    found = status.get("devices") or ()
    for index, one in enumerate(found):
        at = path[index]
        csi_driver(errors, at / "driver", one.get("driver", ""))
        pool_name(errors, at / "pool", one.get("pool", ""))
        name(errors, at / "device", one.get("device", ""), names.dns1123_label)
        if _place(one) not in allocated:
            driver, pool, device, share = _place(one)
            shown = {"Driver": driver, "Pool": pool, "Device": device, "ShareID": share}
            errors.append(invalid(at, shown, "must be an allocated device in the claim"))
        _addresses(errors, at.child("networkData", "ips"), one.get("networkData") or {})


def _addresses(errors: Errors, path: Path, found: Obj) -> None:
    ips = found.get("ips") or ()
    for index, text in enumerate(ips):
        name(errors, path[index], text, addresses.interface_address)
    distinct(errors, path, ips)


def _allocation(errors: Errors, path: Path, found: Obj, known: Known) -> None:
    devices = found.get("devices") or {}
    for index, one in enumerate(devices.get("results") or ()):
        at = (path.child("devices", "results"))[index]
        _reference(errors, at / "request", one.get("request", ""), known)
        csi_driver(errors, at / "driver", one.get("driver", ""))
        pool_name(errors, at / "pool", one.get("pool", ""))
        name(errors, at / "device", one.get("device", ""), names.dns1123_label)
        binding_conditions(errors, at, one)
    for index, one in enumerate(devices.get("config") or ()):
        at = (path.child("devices", "config"))[index]
        if one.get("source") not in ("FromClaim", "FromClass"):
            errors.append(not_supported(at / "source", one.get("source", ""), ("FromClaim", "FromClass")))
        _requests(errors, at / "requests", one.get("requests") or (), known)
        configuration(errors, at, one)
    if found.get("nodeSelector") is not None:
        node_selector(errors, path / "nodeSelector", found["nodeSelector"])
