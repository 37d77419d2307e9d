"""Resource slices. Models pkg/registry/resource/resourceslice."""

from __future__ import annotations

from typing import Any

from cluster_core.apiserver.context import Context
from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.columns import documented
from cluster_core.kinds.device_validation import resource_slice, resource_slice_update
from cluster_core.machinery.typed import Obj

_DOCUMENTED = "resource.v1.ResourceSliceSpec"


def before_store(context: Context, new: Obj, old: Obj | None) -> Obj:
    """Taints are from now on unless they say since when."""
    devices = (new.get("spec") or {}).get("devices") or ()
    if all("timeAdded" in taint for device in devices for taint in device.get("taints") or ()):
        return new
    now = context.server.world.clock.timestamp()
    return {**new, "spec": {**new["spec"], "devices": [_tainted(device, now) for device in devices]}}


def _tainted(device: Obj, now: str) -> Obj:
    if not device.get("taints"):
        return device
    return {**device, "taints": [{"timeAdded": now, **taint} for taint in device["taints"]]}


def _fields(found: Obj) -> dict[str, Any]:
    spec = found.get("spec") or {}
    return {"spec.nodeName": spec.get("nodeName") or "", "spec.driver": spec.get("driver", "")}


COLUMNS = (
    NAME,
    Column("Node", lambda obj, now: obj["spec"].get("nodeName") or "", description=documented(_DOCUMENTED, "nodeName")),
    Column("Driver", lambda obj, now: obj["spec"].get("driver", ""), description=documented(_DOCUMENTED, "driver")),
    Column(
        "Pool",
        lambda obj, now: (obj["spec"].get("pool") or {}).get("name", ""),
        description=documented("resource.v1.ResourcePool", "name"),
    ),
    AGE,
)

KIND = Kind(
    "ResourceSlice",
    plural="resourceslices",
    returns_deleted=True,
    group="resource.k8s.io",
    namespaced=False,
    validate=resource_slice,
    validate_update=resource_slice_update,
    before_store=before_store,
    fields=_fields,
    columns=COLUMNS,
    generation=True,
)
