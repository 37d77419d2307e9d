"""Cluster addresses and node ports of services. Models pkg/registry/core/service/storage/alloc.go.

What is taken follows from the services there are; nothing else is remembered.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from cluster_core.apiserver.context import Context
from cluster_core.machinery import errors, field
from cluster_core.machinery.typed import Obj

NODE_PORTS = range(30000, 32768)
NO_ADDRESS = "None"
_SPEC = field.Path("spec")


def allocate(context: Context, new: Obj, old: Obj | None) -> Obj:
    """The service with the addresses and ports it lacks. Raises Invalid for those that are taken or out of range."""
    spec = dict(new["spec"])
    if spec.get("type") == "ExternalName":
        return new if old is None else {**new, "spec": _without_addresses(spec)}
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    spec.setdefault("ipFamilies", ["IPv4"])
    _addresses(context, new, spec, old)
    if spec["type"] in ("NodePort", "LoadBalancer"):
        _node_ports(context, new, spec)
    return {**new, "spec": spec}


def _without_addresses(spec: dict[str, Any]) -> dict[str, Any]:
    dropped = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy")
    return {key: value for key, value in spec.items() if key not in dropped}


def _addresses(context: Context, new: Obj, spec: dict[str, Any], old: Obj | None) -> None:
    given = spec.get("clusterIP", "")
    if given == NO_ADDRESS:
        spec["clusterIPs"] = [NO_ADDRESS]
        return
    if old is not None and given and given == old["spec"].get("clusterIP"):
        spec.setdefault("clusterIPs", [given])
        return
    taken = {address for other in _others(context, new) for address in other["spec"].get("clusterIPs", ())}
    network = service_network(context)
    if given:
        _check_address(new, given, taken, network)
    else:
        given = _free_address(context, new, taken, network)
    spec["clusterIP"], spec["clusterIPs"] = given, [given]


def service_network(context: Context) -> ipaddress.IPv4Network:
    """--service-cluster-ip-range."""
    text = str(context.server.options.get("service-cluster-ip-range", "10.96.0.0/12"))
    return ipaddress.IPv4Network(text)


def _others(context: Context, service: Obj) -> Iterator[Obj]:
    for found in context.server.storage.list(context.kind):
        if found["metadata"]["uid"] != service["metadata"]["uid"]:
            yield found


def _check_address(new: Obj, given: str, taken: set[str], network: ipaddress.IPv4Network) -> None:
    path = _SPEC.child("clusterIPs")
    try:
        inside = ipaddress.ip_address(given) in network
    except ValueError:
        inside = False
    if not inside:
        detail = f"failed to allocate IP {given}: the provided IP ({given}) is not in the valid range. The range of valid IPs is {network}"
    elif given in taken:
        detail = f"failed to allocate IP {given}: provided IP is already allocated"
    else:
        return
    raise errors.invalid("", "Service", new["metadata"]["name"], [field.invalid(path, [given], detail)])


def _free_address(context: Context, new: Obj, taken: set[str], network: ipaddress.IPv4Network) -> str:
    """A free address, from the upper part of the range as the real allocator prefers."""
    size = network.num_addresses
    reserved = min(max(16, size // 16), 256)
    stream = context.server.world.seed.stream("cluster-ip", new["metadata"]["uid"])
    start = reserved + stream.below(max(size - reserved - 1, 1))
    for step in range(size):
        offset = reserved + (start - reserved + step) % (size - reserved - 1)
        address = str(network[offset])
        if address not in taken:
            return address
    raise errors.internal_error("failed to allocate a serviceIP: range is full")


def _node_ports(context: Context, new: Obj, spec: dict[str, Any]) -> None:
    if spec["type"] == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is False:
        return
    taken = {
        (port.get("protocol", "TCP"), port["nodePort"])
        for other in _others(context, new)
        for port in other["spec"].get("ports", ())
        if port.get("nodePort")
    }
    chosen: list[Obj] = []
    for index, port in enumerate(spec.get("ports", ())):
        protocol = port.get("protocol", "TCP")
        if port.get("nodePort"):
            _check_port(new, index, port["nodePort"], (protocol, port["nodePort"]) in taken)
        else:
            port = {**port, "nodePort": _free_port(context, new, protocol, taken, chosen)}
        taken.add((protocol, port["nodePort"]))
        chosen.append(port)
    spec["ports"] = chosen


def _check_port(new: Obj, index: int, number: int, taken: bool) -> None:
    path = _SPEC.child("ports").index(index).child("nodePort")
    if number not in NODE_PORTS:
        detail = f"provided port is not in the valid range. The range of valid ports is {NODE_PORTS[0]}-{NODE_PORTS[-1]}"
    elif taken:
        detail = "provided port is already allocated"
    else:
        return
    raise errors.invalid("", "Service", new["metadata"]["name"], [field.invalid(path, number, detail)])


def _free_port(context: Context, new: Obj, protocol: str, taken: set[tuple[str, int]], chosen: list[Obj]) -> int:
    stream = context.server.world.seed.stream("node-port", new["metadata"]["uid"], len(chosen))
    start = stream.below(len(NODE_PORTS))
    for step in range(len(NODE_PORTS)):
        number = NODE_PORTS[(start + step) % len(NODE_PORTS)]
        if (protocol, number) not in taken:
            return number
    raise errors.internal_error("failed to allocate a nodePort: range is full")
