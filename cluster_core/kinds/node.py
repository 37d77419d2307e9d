"""Nodes. Models pkg/registry/core/node."""

from __future__ import annotations

from collections.abc import Callable

from cluster_core.apiserver.kind import Column, Kind, Subresource
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.amounts import rounded
from cluster_core.kinds.columns import NONE, condition, documented
from cluster_core.kinds.node_validation import node, node_change, node_update
from cluster_core.machinery import addresses
from cluster_core.machinery.field import Path
from cluster_core.machinery.typed import Obj

_ROLE_PREFIX = "node-role.kubernetes.io/"
_ROLE = "kubernetes.io/role"
_UNKNOWN = "<unknown>"


def default(node: Obj) -> Obj:
    """What can be allocated is the capacity unless it says otherwise; pod CIDRs in both spellings."""
    result = {**node, "spec": _with_cidrs(node.get("spec") or {})}
    status = node.get("status")
    if status and status.get("capacity"):
        capacity = rounded(status["capacity"])
        allocatable = rounded(status["allocatable"]) if status.get("allocatable") else capacity
        result["status"] = {**status, "capacity": capacity, "allocatable": allocatable}
    elif status and status.get("allocatable"):
        result["status"] = {**status, "allocatable": rounded(status["allocatable"])}
    return result


def _with_cidrs(spec: Obj) -> Obj:
    """podCIDR is the first of podCIDRs."""
    first, every = spec.get("podCIDR"), spec.get("podCIDRs")
    if first and not every:
        return {**spec, "podCIDRs": [first]}
    if every and first != every[0]:
        return {**spec, "podCIDR": every[0]} if not first else {**spec, "podCIDRs": [first]}
    return spec


def warnings(new: Obj, old: Obj | None) -> list[str]:
    spec = new.get("spec") or {}
    found = ["spec.configSource: the feature is removed"] if spec.get("configSource") is not None else []
    if spec.get("externalID"):
        found.append("spec.externalID: this field is deprecated, and is unused by Kubernetes")
    for index, cidr in enumerate(spec.get("podCIDRs") or ()):
        found += addresses.cidr_warnings(Path("spec", "podCIDRs")[index], cidr)
    return found


# ------------------------------------------------------------------------------------------------ columns


def _status(node: Obj, now: int) -> str:
    ready = condition(node, "Ready")
    words = ["Unknown" if ready is None else "Ready" if ready["status"] == "True" else "NotReady"]
    if node.get("spec", {}).get("unschedulable"):
        words.append("SchedulingDisabled")
    return ",".join(words)


def _roles(node: Obj, now: int) -> str:
    labels = node["metadata"].get("labels", {})
    found = {key.removeprefix(_ROLE_PREFIX) for key in labels if key.startswith(_ROLE_PREFIX)}
    found.add(labels.get(_ROLE, ""))
    return ",".join(sorted(found - {""})) or NONE


def _address(type: str) -> Callable[[Obj, int], str]:
    def cell(node: Obj, now: int) -> str:
        addresses = (node.get("status") or {}).get("addresses") or ()
        return next((one["address"] for one in addresses if one["type"] == type), NONE)

    return cell


def _info(key: str, missing: str = _UNKNOWN) -> Callable[[Obj, int], str]:
    return lambda obj, now: ((obj.get("status") or {}).get("nodeInfo") or {}).get(key) or missing


def _kernel(node: Obj, now: int) -> str:
    architecture = _info("architecture", "")(node, now)
    return _info("kernelVersion")(node, now) + (f" ({architecture})" if architecture else "")


def _info_column(name: str, key: str, value: Callable[[Obj, int], str] | None = None) -> Column:
    described = documented("core.v1.NodeSystemInfo", key)
    return Column(name, value or _info(key), description=described, priority=1)


COLUMNS = (
    NAME,
    Column("Status", _status, description="The status of the node"),
    Column("Roles", _roles, description="The roles of the node"),
    AGE,
    Column(
        "Version",
        _info("kubeletVersion", ""),
        description=documented("core.v1.NodeSystemInfo", "kubeletVersion"),
    ),
    *(
        Column(
            f"{type}-IP",
            _address(f"{type}IP"),
            description=documented("core.v1.NodeStatus", "addresses"),
            priority=1,
        )
        for type in ("Internal", "External")
    ),
    _info_column("OS-Image", "osImage"),
    _info_column("Kernel-Version", "kernelVersion", _kernel),
    _info_column("Container-Runtime", "containerRuntimeVersion"),
)

KIND = Kind(
    "Node",
    plural="nodes",
    namespaced=False,
    short=("no",),
    default=default,
    validate=node,
    checks_metadata_whole=1,
    validate_update=node_update,
    validate_status=node_change,
    warnings=warnings,
    columns=COLUMNS,
    fields=lambda obj: {"spec.unschedulable": "true" if obj.get("spec", {}).get("unschedulable") else "false"},
    status=True,
    keeps_status=True,
    prefix="minions",
    subresources=(Subresource("proxy", ("create", "delete", "get", "patch", "update"), "NodeProxyOptions"),),
)
