"""Defaults of what claims ask for. Models pkg/apis/resource/v1/defaults.go."""

from __future__ import annotations

from typing import Any

from cluster_core.machinery.typed import Obj

_EXACT = "ExactCount"


def default_claim_spec(spec: Obj) -> Obj:
    devices = spec.get("devices") or {}
    if not devices.get("requests"):
        return spec
    return {**spec, "devices": {**devices, "requests": [_request(request) for request in devices["requests"]]}}


def _request(request: Obj) -> Obj:
    result = dict(request)
    if result.get("exactly") is not None:
        result["exactly"] = _counted(result["exactly"])
    if result.get("firstAvailable"):
        result["firstAvailable"] = [_counted(one) for one in result["firstAvailable"]]
    return result


def _counted(found: Obj) -> Obj:
    result: dict[str, Any] = {"allocationMode": _EXACT, **found}
    if result["allocationMode"] == _EXACT and not result.get("count"):
        result["count"] = 1
    if result.get("tolerations"):
        result["tolerations"] = [{"operator": "Equal", **one} for one in result["tolerations"]]
    return result
