"""IP addresses that services hold. Models pkg/registry/networking/ipaddress."""

from __future__ import annotations

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import NAME
from cluster_core.kinds.columns import NONE, documented
from cluster_core.kinds.network_validation import ip_address, ip_address_update
from cluster_core.machinery import addresses
from cluster_core.machinery.typed import Obj


def _parent(found: Obj, now: int) -> str:
    parent = (found.get("spec") or {}).get("parentRef")
    if parent is None:
        return NONE
    group = f".{parent['group']}" if parent.get("group") else ""
    namespace = f"/{parent['namespace']}" if parent.get("namespace") else ""
    return f"{parent.get('resource', '')}{group}".lower() + f"{namespace}/{parent.get('name', '')}"


COLUMNS = (NAME, Column("ParentRef", _parent, description=documented("networking.v1.IPAddressSpec", "parentRef")))

KIND = Kind(
    "IPAddress",
    plural="ipaddresses",
    group="networking.k8s.io",
    namespaced=False,
    short=("ip",),
    validate_name=addresses.ip,
    validate=ip_address,
    validate_update=ip_address_update,
    columns=COLUMNS,
)
