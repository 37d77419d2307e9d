"""ComponentStatus objects, made up when somebody looks. Models pkg/registry/core/componentstatus."""

from __future__ import annotations

from cluster_core.apiserver.context import Context
from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import NAME
from cluster_core.machinery.typed import Obj

_NAMES = ("scheduler", "controller-manager", "etcd-0")


def _compute(context: Context) -> list[Obj]:
    """etcd's health is known here; the others answer from their machines, as far as anybody asks."""
    fault = context.server.etcd_fault
    return [_status(name, fault if name == "etcd-0" else "") for name in _NAMES]


def _status(name: str, trouble: str) -> Obj:
    healthy = "False" if trouble else "True"
    condition = {"type": "Healthy", "status": healthy, "message": trouble or "ok"}
    head = {"kind": "ComponentStatus", "apiVersion": "v1", "metadata": {"name": name}}
    return {**head, "conditions": [condition]}


def _condition(status: Obj, key: str) -> str:
    return next((str(one.get(key, "")) for one in status.get("conditions", ()) if one["type"] == "Healthy"), "")


def _health(status: Obj, now: int) -> str:
    return {"True": "Healthy", "False": "Unhealthy"}.get(_condition(status, "status"), "Unknown")


COLUMNS = (
    NAME,
    Column("Status", _health, description="Status of the component conditions"),
    Column("Message", lambda obj, now: _condition(obj, "message"), description="Message of the component conditions"),
    Column("Error", lambda obj, now: _condition(obj, "error"), description="Error of the component conditions"),
)

KIND = Kind(
    "ComponentStatus",
    plural="componentstatuses",
    namespaced=False,
    short=("cs",),
    verbs=("get", "list"),
    stored=False,
    columns=COLUMNS,
    compute=_compute,
    facts={"missing": "componentstatus"},
)
