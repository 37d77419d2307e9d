"""Endpoints. Models pkg/registry/core/endpoint."""

from __future__ import annotations

from collections.abc import Iterator

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.columns import NONE, documented
from cluster_core.kinds.endpoints_validation import endpoints, endpoints_update, endpoints_warnings
from cluster_core.machinery.typed import Obj

_SHOWN = 3


def default(found: Obj) -> Obj:
    if not found.get("subsets"):
        return found
    return {**found, "subsets": [_subset(subset) for subset in found["subsets"]]}


def _subset(subset: Obj) -> Obj:
    ports = subset.get("ports")
    return {**subset, "ports": [{"protocol": "TCP", **port} for port in ports]} if ports else subset


def _places(found: Obj) -> Iterator[str]:
    for subset in found.get("subsets") or ():
        ips = [address.get("ip", "") for address in subset.get("addresses") or ()]
        if not subset.get("ports"):
            yield from ips
        for port in subset.get("ports") or ():
            yield from (f"[{ip}]:{port.get('port', 0)}" if ":" in ip else f"{ip}:{port.get('port', 0)}" for ip in ips)


def _endpoints(found: Obj, now: int) -> str:
    if not found.get("subsets"):
        return NONE
    places = list(_places(found))
    shown = ",".join(places[:_SHOWN])
    return f"{shown} + {len(places) - _SHOWN} more..." if len(places) > _SHOWN else shown


COLUMNS = (NAME, Column("Endpoints", _endpoints, description=documented("core.v1.Endpoints", "subsets")), AGE)

KIND = Kind(
    "Endpoints",
    plural="endpoints",
    allow_create_on_update=True,
    short=("ep",),
    default=default,
    validate=endpoints,
    checks_metadata_whole=1,
    validate_update=endpoints_update,
    warnings=endpoints_warnings,
    columns=COLUMNS,
    prefix="services/endpoints",
)
