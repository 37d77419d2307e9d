"""Services and slices at hand, and a cluster with a proxy on every node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def service(name: str = "web", namespace: str = "default", ip: str = "10.96.7.7", **spec: Any) -> dict[str, Any]:
    ports = spec.pop("ports", [{"name": "http", "port": 80, "targetPort": 80, "protocol": "TCP"}])
    body = {"clusterIP": ip, "type": "ClusterIP", "sessionAffinity": "None", "ports": ports, **spec}
    status = {"loadBalancer": {"ingress": [{"ip": each} for each in body.pop("balancer", ())]}}
    return {"kind": "Service", "metadata": {"name": name, "namespace": namespace}, "spec": body, "status": status}


def endpoints(ips: Sequence[str], service: str = "web", **more: Any) -> dict[str, Any]:
    """A slice; `nodes` says on which node each address is, `conditions` what they are like."""
    nodes, conditions = more.pop("nodes", {}), more.pop("conditions", {})
    found = [{"addresses": [ip], "conditions": conditions.get(ip, {"ready": True}),
              **({"nodeName": nodes[ip]} if ip in nodes else {})} for ip in ips]  # fmt: skip
    namespace, port = more.pop("namespace", "default"), more.pop("port", 80)
    return {
        "kind": "EndpointSlice",
        "metadata": {"name": f"{service}-1", "namespace": namespace, "labels": {"kubernetes.io/service-name": service}},
        "addressType": "IPv4",
        "endpoints": found,
        "ports": [{"name": more.pop("port_name", "http"), "port": port, "protocol": more.pop("protocol", "TCP")}],
    }
