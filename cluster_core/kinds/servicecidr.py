"""Service CIDRs. Models pkg/registry/networking/servicecidr."""

from __future__ import annotations

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.columns import documented
from cluster_core.kinds.network_validation import service_cidr, service_cidr_update
from cluster_core.machinery.typed import Obj


def prepare_create(found: Obj) -> Obj:
    return {**found, "status": {}}


COLUMNS = (
    NAME,
    Column(
        "CIDRs",
        lambda obj, now: ",".join((obj.get("spec") or {}).get("cidrs") or ()),
        description=documented("networking.v1.ServiceCIDRSpec", "cidrs"),
    ),
    AGE,
)

KIND = Kind(
    "ServiceCIDR",
    plural="servicecidrs",
    group="networking.k8s.io",
    namespaced=False,
    prepare_create=prepare_create,
    validate=service_cidr,
    validate_update=service_cidr_update,
    columns=COLUMNS,
    status=True,
)
