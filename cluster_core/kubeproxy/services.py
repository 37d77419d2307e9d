"""A service's ports and their endpoints as kube-proxy sees them. Models pkg/proxy/{serviceport,endpoint,topology}.go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from cluster_core.machinery.typed import Obj

PORTLESS = "None"


class Inputs(NamedTuple):
    """What a service's rules are made from: the Service, None when there is none, and its endpoint slices."""

    service: Obj | None
    slices: tuple[Obj, ...]


class Place(NamedTuple):
    """The node on which rules are made."""

    node: str = ""
    zone: str = ""


class Port(NamedTuple):
    """One port of a service. `name` is "namespace/name:port"; the protocol is in small letters."""

    name: str
    protocol: str
    cluster_ip: str
    port: int
    node_port: int
    external_ips: tuple[str, ...]
    balancer_ips: tuple[str, ...]
    ranges: tuple[str, ...]
    affinity: int
    """Seconds for which a client stays with its endpoint, 0: no affinity."""
    inside_local: bool
    outside_local: bool
    health_port: int

    @property
    def outside(self) -> bool:
        """Whether it can be reached by other addresses than the cluster's own."""
        return bool(self.node_port or self.external_ips or self.balancer_ips)

    @property
    def uses_cluster(self) -> bool:
        return not self.inside_local or (not self.outside_local and self.outside)

    @property
    def uses_local(self) -> bool:
        return self.inside_local or (self.outside_local and self.outside)


class Endpoint(NamedTuple):
    """One address behind a port."""

    text: str
    ip: str
    ready: bool
    serving: bool
    terminating: bool
    node: str
    nodes: frozenset[str]
    zones: frozenset[str]


class Reach(NamedTuple):
    """Which endpoints a node may use; `any`: whether there is one anywhere."""

    cluster: Sequence[Endpoint]
    local: Sequence[Endpoint]
    all: Sequence[Endpoint]
    any: bool


def ports_of(service: Obj) -> list[Port]:
    """The ports for which there are rules: none for headless services and those that are but a name."""
    spec = service["spec"]
    if spec.get("type") == "ExternalName" or spec.get("clusterIP") in (None, "", PORTLESS):
        return []
    metadata = service["metadata"]
    name = f"{metadata['namespace']}/{metadata['name']}"
    return [_port(name, spec, service.get("status", {}), port) for port in spec.get("ports", ())]


def _port(name: str, spec: Obj, status: Obj, port: Obj) -> Port:
    balanced = spec.get("type") == "LoadBalancer"
    return Port(
        name=f"{name}:{port['name']}" if port.get("name") else name,
        protocol=port.get("protocol", "TCP").lower(),
        cluster_ip=spec["clusterIP"],
        port=port["port"],
        node_port=port.get("nodePort", 0),
        external_ips=tuple(spec.get("externalIPs") or ()),
        balancer_ips=_balancer_ips(status) if balanced else (),
        ranges=tuple(text.strip() for text in spec.get("loadBalancerSourceRanges") or ()) if balanced else (),
        affinity=_affinity(spec),
        inside_local=spec.get("internalTrafficPolicy") == "Local",
        outside_local=spec.get("externalTrafficPolicy") == "Local",
        health_port=spec.get("healthCheckNodePort", 0),
    )


def _balancer_ips(status: Obj) -> tuple[str, ...]:
    """Addresses whose packets come to the nodes as they are: ipMode VIP."""
    ingress = status.get("loadBalancer", {}).get("ingress") or ()
    return tuple(each["ip"] for each in ingress if each.get("ip") and each.get("ipMode", "VIP") == "VIP")


def _affinity(spec: Obj) -> int:
    if spec.get("sessionAffinity") != "ClientIP":
        return 0
    config = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
    return int(config.get("timeoutSeconds") or 10800)


def endpoints_of(slices: Iterable[Obj], name: str, protocol: str) -> list[Endpoint]:
    """The endpoints of the port of this name, in the order of their text."""
    found: dict[str, Endpoint] = {}
    for each in slices:
        for port in each.get("ports") or ():
            if (port.get("name") or "") == name and port.get("protocol", "TCP").lower() == protocol and port.get("port"):
                _add(found, each.get("endpoints") or (), port["port"])
    return [found[text] for text in sorted(found)]


def _add(found: dict[str, Endpoint], endpoints: Iterable[Obj], port: int) -> None:
    for raw in endpoints:
        if not raw.get("addresses"):
            continue
        ip = raw["addresses"][0]
        text = f"{ip}:{port}"
        known = found.get(text)
        if known is None or not known.ready:
            found[text] = _endpoint(text, ip, raw)


_NOWHERE: frozenset[str] = frozenset()


def _endpoint(text: str, ip: str, raw: Obj) -> Endpoint:
    conditions: dict[str, Any] = raw.get("conditions") or {}
    ready = conditions.get("ready") is not False
    serving = conditions.get("serving")
    hints = raw.get("hints")
    return Endpoint(
        text,
        ip,
        ready,
        ready if serving is None else bool(serving),
        bool(conditions.get("terminating")),
        raw.get("nodeName") or "",
        frozenset(each["name"] for each in hints.get("forNodes") or ()) if hints else _NOWHERE,
        frozenset(each["name"] for each in hints.get("forZones") or ()) if hints else _NOWHERE,
    )


def ports_reached(inputs: Inputs, place: Place) -> Iterable[tuple[Port, Reach]]:
    """The service's ports with the endpoints that the node may use for each."""
    if inputs.service is not None:
        for port, raw in zip(ports_of(inputs.service), inputs.service["spec"].get("ports", ()), strict=False):
            yield port, reach(port, endpoints_of(inputs.slices, raw.get("name", ""), port.protocol), place)


def depends_on_place(port: Port, endpoints: Sequence[Endpoint]) -> bool:
    """Whether the rules differ from node to node."""
    return port.uses_local or any(each.nodes or each.zones for each in endpoints)


def reach(port: Port, endpoints: Sequence[Endpoint], place: Place) -> Reach:
    """The endpoints that this node may use, by the service's traffic policies and the endpoints' hints."""
    cluster: Sequence[Endpoint] = ()
    mode = ""
    if port.uses_cluster:
        mode = _topology(endpoints, place)
        cluster = [each for each in endpoints if each.ready and _suits(each, mode, place)] or _ending(endpoints)
    if not port.uses_local:
        return Reach(cluster, (), cluster, bool(cluster))
    here = [each for each in endpoints if each.node == place.node]
    local = [each for each in here if each.ready] or _ending(here)
    there_is = any(each.ready or (each.serving and each.terminating) for each in endpoints)
    if not port.uses_cluster:
        return Reach((), local, local, there_is)
    union = {each.text: each for each in (*cluster, *local)}
    return Reach(cluster, local, [union[text] for text in sorted(union)], there_is)


def _ending(endpoints: Sequence[Endpoint]) -> list[Endpoint]:
    """Those that still serve while they end: used when there is nothing better."""
    return [each for each in endpoints if each.serving and each.terminating]


def _topology(endpoints: Sequence[Endpoint], place: Place) -> str:
    """ "node" or "zone" when all endpoints say for whom they are and some are for this place."""
    ready = [each for each in endpoints if each.ready]
    if not ready:
        return ""
    if all(each.nodes for each in ready) and any(place.node in each.nodes for each in ready):
        return "node"
    if all(each.zones for each in ready) and any(place.zone in each.zones for each in ready):
        return "zone"
    return ""


def _suits(endpoint: Endpoint, mode: str, place: Place) -> bool:
    if mode == "node":
        return place.node in endpoint.nodes
    return place.zone in endpoint.zones if mode == "zone" else True
