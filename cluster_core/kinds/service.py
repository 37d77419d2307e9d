"""Services. Models pkg/registry/core/service and the service parts of pkg/apis/core and pkg/printers."""

from __future__ import annotations

from typing import Any

from cluster_core.apiserver.kind import Column, Kind, Subresource
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.columns import NONE, balancer_addresses, documented, labels_text
from cluster_core.kinds.service_addresses import families, ips
from cluster_core.kinds.service_allocation import allocate
from cluster_core.kinds.service_ports import has_node_ports, needs_health_check, numbers
from cluster_core.kinds.service_validation import is_external, validate, validate_status, validate_update
from cluster_core.kinds.service_warnings import warnings
from cluster_core.machinery import names
from cluster_core.machinery.typed import Obj

AFFINITY_SECONDS = 10800
_DOCUMENTED = "core.v1.ServiceSpec"


def default(service: Obj) -> Obj:
    spec = {"sessionAffinity": "None", "type": "ClusterIP", **service.get("spec", {})}
    _affinity(spec)
    if spec.get("ports"):
        spec["ports"] = [_port(port) for port in spec["ports"]]
    if is_external(spec):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    if spec["type"] in ("NodePort", "LoadBalancer", "ClusterIP"):
        spec.setdefault("internalTrafficPolicy", "Cluster")
    return {**service, "spec": spec, "status": _status(service.get("status") or {}, spec["type"])}


def _affinity(spec: dict[str, Any]) -> None:
    config = spec.get("sessionAffinityConfig") or {}
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec["sessionAffinity"] == "ClientIP" and (config.get("clientIP") or {}).get("timeoutSeconds") is None:
        spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": AFFINITY_SECONDS}}


def _port(port: Obj) -> dict[str, Any]:
    result = {"protocol": "TCP", **port}
    if result.get("targetPort") in (None, 0, ""):
        result["targetPort"] = result.get("port", 0)
    return result


def _status(status: Obj, kind: str) -> Obj:
    balancer = status.get("loadBalancer") or {}
    points = balancer.get("ingress")
    if kind == "LoadBalancer" and points:
        points = [{"ipMode": "VIP", **one} if one.get("ip") else one for one in points]
        balancer = {**balancer, "ingress": points}
    return {**status, "loadBalancer": balancer}


def prepare_create(service: Obj) -> Obj:
    return {**service, "status": {"loadBalancer": {}}}


# ------------------------------------------------------------------------------------------------ updates


def prepare_update(new: Obj, old: Obj) -> Obj:
    """What only the former type needed goes, if the client did not change it (dropTypeDependentFields)."""
    spec, before = dict(new["spec"]), old["spec"]
    if spec["type"] == "ExternalName" and before["type"] != "ExternalName":
        _drop_addresses(spec, before)
    if has_node_ports(before) and not has_node_ports(spec) and numbers(spec) <= numbers(before):
        spec["ports"] = [_without(port, "nodePort") for port in spec.get("ports") or ()]
    if needs_health_check(before) and not needs_health_check(spec):
        _drop(spec, before, "healthCheckNodePort")
    if before["type"] == "LoadBalancer" and spec["type"] != "LoadBalancer":
        _drop(spec, before, "allocateLoadBalancerNodePorts", "loadBalancerClass")
    if is_external(before) and not is_external(spec):
        _drop(spec, before, "externalTrafficPolicy")
    status = new.get("status") if spec["type"] == "LoadBalancer" else {**(new.get("status") or {}), "loadBalancer": {}}
    return {**new, "spec": spec, "status": status or {"loadBalancer": {}}}


def _drop_addresses(spec: dict[str, Any], before: Obj) -> None:
    if spec.get("clusterIP") == before.get("clusterIP") and list(ips(spec)) == list(ips(before)):
        _drop(spec, spec, "clusterIP", "clusterIPs")
    if list(families(spec)) == list(families(before)):
        _drop(spec, spec, "ipFamilies")
    _drop(spec, before, "ipFamilyPolicy", "internalTrafficPolicy")


def _drop(spec: dict[str, Any], before: Obj, *keys: str) -> None:
    for key in keys:
        if spec.get(key) == before.get(key):
            spec.pop(key, None)


def _without(port: Obj, gone: str) -> Obj:
    return {key: value for key, value in port.items() if key != gone}


# ------------------------------------------------------------------------------------------------ columns


def _external(service: Obj, now: int) -> str:
    spec = service["spec"]
    outside = ",".join(spec.get("externalIPs") or ())
    if spec.get("type") == "ExternalName":
        return str(spec.get("externalName", ""))
    if not spec.get("type"):
        return "<unknown>"
    if spec["type"] == "LoadBalancer":
        return ",".join(part for part in (balancer_addresses(service), outside) if part) or "<pending>"
    return outside or NONE


def _ports(service: Obj, now: int) -> str:
    texts = []
    for port in service["spec"].get("ports") or ():
        node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
        texts.append(f"{port['port']}{node_port}/{port.get('protocol', 'TCP')}")
    return ",".join(texts) or NONE


COLUMNS = (
    NAME,
    Column("Type", lambda obj, now: obj["spec"].get("type", ""), description=documented(_DOCUMENTED, "type")),
    Column(
        "Cluster-IP",
        lambda obj, now: next(iter(ips(obj["spec"])), NONE),
        description=documented(_DOCUMENTED, "clusterIP"),
    ),
    Column("External-IP", _external, description=documented(_DOCUMENTED, "externalIPs")),
    Column("Port(s)", _ports, description=documented(_DOCUMENTED, "ports")),
    AGE,
    Column(
        "Selector",
        lambda obj, now: labels_text(obj["spec"].get("selector")),
        description=documented(_DOCUMENTED, "selector"),
        priority=1,
    ),
)

KIND = Kind(
    "Service",
    plural="services",
    allow_create_on_update=True,
    short=("svc",),
    categories=("all",),
    default=default,
    begin=allocate,
    prepare_create=prepare_create,
    prepare_update=prepare_update,
    validate=validate,
    validate_update=validate_update,
    validate_status=validate_status,
    validate_name=names.dns1123_label,
    warnings=warnings,
    fields=lambda obj: {"spec.type": obj["spec"].get("type", ""), "spec.clusterIP": obj["spec"].get("clusterIP", "")},
    columns=COLUMNS,
    status=True,
    prefix="services/specs",
    returns_deleted=True,
    subresources=(Subresource("proxy", ("create", "delete", "get", "patch", "update"), "ServiceProxyOptions"),),
)
