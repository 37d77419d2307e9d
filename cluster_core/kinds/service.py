"""Services. Models pkg/registry/core/service and the service parts of pkg/apis/core and pkg/printers."""

from __future__ import annotations

from typing import Any

from cluster_core.apiserver.kind import Column, Kind, Subresource
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.defaults import with_defaults
from cluster_core.kinds.service_allocation import allocate
from cluster_core.machinery import names, selectors
from cluster_core.machinery.typed import Obj

AFFINITY_SECONDS = 10800


def default(service: Obj) -> Obj:
    spec = with_defaults({"sessionAffinity": "None", "type": "ClusterIP"}, service.get("spec", {}))
    if spec["sessionAffinity"] == "ClientIP":
        spec.setdefault("sessionAffinityConfig", {"clientIP": {"timeoutSeconds": AFFINITY_SECONDS}})
    if spec.get("ports"):
        spec["ports"] = [_port(port) for port in spec["ports"]]
    if spec["type"] in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    if spec["type"] != "ExternalName":
        spec = with_defaults({"internalTrafficPolicy": "Cluster"}, spec)
    return {**service, "spec": spec}


def _port(port: Obj) -> dict[str, Any]:
    result = with_defaults({"protocol": "TCP"}, port)
    if result.get("targetPort") in (None, 0, ""):
        result["targetPort"] = result.get("port", 0)
    return result


def prepare_create(service: Obj) -> Obj:
    return {**service, "status": {"loadBalancer": {}}}


def prepare_update(new: Obj, old: Obj) -> Obj:
    """Addresses and node ports that the client leaves out stay as they were."""
    after, before = dict(new["spec"]), old["spec"]
    if after["type"] == "ExternalName" or before["type"] == "ExternalName":
        return new
    for key in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        if not after.get(key) and key in before:
            after[key] = before[key]
    if after["type"] in ("NodePort", "LoadBalancer"):
        after["ports"] = _kept_node_ports(after.get("ports", ()), before.get("ports", ()))
    elif before["type"] in ("NodePort", "LoadBalancer"):
        after["ports"] = [{key: value for key, value in port.items() if key != "nodePort"} for port in after.get("ports") or ()]
    return {**new, "spec": after}


def _kept_node_ports(after: Any, before: Any) -> list[Obj]:
    known = {(port["port"], port.get("protocol")): port.get("nodePort") for port in before}
    result = []
    for port in after:
        number = port.get("nodePort") or known.get((port["port"], port.get("protocol")))
        result.append({**port, "nodePort": number} if number else port)
    return result


# ------------------------------------------------------------------------------------------------ columns


def _external(service: Obj, now: int) -> str:
    spec = service["spec"]
    ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress", ())
    addresses = [part.get("ip") or part.get("hostname", "") for part in ingress] + list(spec.get("externalIPs", ()))
    if spec["type"] == "ExternalName":
        return str(spec.get("externalName", ""))
    if addresses:
        return ",".join(addresses)
    return "<pending>" if spec["type"] == "LoadBalancer" else "<none>"


def _ports(service: Obj, now: int) -> str:
    texts = []
    for port in service["spec"].get("ports", ()):
        node_port = f":{port['nodePort']}" if port.get("nodePort") else ""
        texts.append(f"{port['port']}{node_port}/{port.get('protocol', 'TCP')}")
    return ",".join(texts) or "<none>"


COLUMNS = (
    NAME,
    Column("Type", lambda obj, now: obj["spec"]["type"]),
    Column("Cluster-IP", lambda obj, now: obj["spec"].get("clusterIP") or "<none>"),
    Column("External-IP", _external),
    Column("Port(s)", _ports),
    AGE,
    Column("Selector", lambda obj, now: str(selectors.of_map(obj["spec"].get("selector"))) or "<none>", priority=1),
)

KIND = Kind(
    "Service",
    plural="services",
    allow_create_on_update=True,
    short=("svc",),
    categories=("all",),
    default=default,
    prepare_create=prepare_create,
    prepare_update=prepare_update,
    before_store=allocate,
    validate_name=names.dns1123_label,
    fields=lambda obj: {"spec.type": obj["spec"].get("type", ""), "spec.clusterIP": obj["spec"].get("clusterIP", "")},
    columns=COLUMNS,
    status=True,
    prefix="services/specs",
    returns_deleted=True,
    subresources=(Subresource("proxy", ("create", "delete", "get", "patch", "update"), "ServiceProxyOptions"),),
)
