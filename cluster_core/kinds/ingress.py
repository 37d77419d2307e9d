"""Ingresses. Models pkg/registry/networking/ingress."""

from __future__ import annotations

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.columns import NONE, balancer_addresses
from cluster_core.kinds.ingress_validation import validate, validate_status, validate_update, warnings
from cluster_core.machinery.typed import Obj

_SHOWN_HOSTS = 3


def prepare_create(ingress: Obj) -> Obj:
    return {**ingress, "status": {"loadBalancer": {}}}


def _hosts(ingress: Obj, now: int) -> str:
    """The hosts of the first three rules."""
    rules = ingress["spec"].get("rules") or ()
    shown = ",".join(rule["host"] for rule in rules[:_SHOWN_HOSTS] if rule.get("host"))
    if not shown:
        return "*"
    return f"{shown} + {len(rules) - _SHOWN_HOSTS} more..." if len(rules) > _SHOWN_HOSTS else shown


COLUMNS = (
    NAME,
    Column(
        "Class",
        lambda obj, now: obj["spec"].get("ingressClassName", NONE),
        description="The name of the IngressClass resource that should be used for additional configuration",
    ),
    Column("Hosts", _hosts, description="Hosts that incoming requests are matched against before the ingress rule"),
    Column(
        "Address",
        lambda obj, now: balancer_addresses(obj),
        description="Address is a list containing ingress points for the load-balancer",
    ),
    Column(
        "Ports",
        lambda obj, now: "80, 443" if obj["spec"].get("tls") else "80",
        description="Ports of TLS configurations that open",
    ),
    AGE,
)

KIND = Kind(
    "Ingress",
    plural="ingresses",
    group="networking.k8s.io",
    short=("ing",),
    prepare_create=prepare_create,
    validate=validate,
    checks_metadata_whole=1,
    validate_update=validate_update,
    validate_status=validate_status,
    warnings=warnings,
    columns=COLUMNS,
    status=True,
    generation=True,
    prefix="ingress",
)
