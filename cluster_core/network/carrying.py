"""A connection's way from where it begins to the program it ends at: rules of nodes, policies, dead machines."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from cluster_core.apiserver.client import Client
from cluster_core.machinery.packets import ACCEPT, REJECT, Packet, Routed
from cluster_core.machinery.typed import Obj
from cluster_core.network import policies
from cluster_core.network.links import Links
from cluster_core.network.places import Place, Places, address_of, on_host, pod_key
from cluster_core.network.trace import OUTSIDE_ADDRESS, REFUSED, TIMEOUT, UNREACHABLE, Hop

LOOPBACK = "127.0.0.1"
NEAR, FAR, AWAY = 0.00005, 0.0004, 0.012
"""Seconds to a place on the same node, on another one, outside."""
NO_ANSWER, NO_ROUTE = 134.0, 3.1
"""Seconds until a connection is given up: SYN retries, and those of ARP."""
_MOST_NODES = 4


class Origin(NamedTuple):
    """Where packets come from: a pod with an address of its own, a node itself, or (without a node) outside."""

    ip: str
    node: str = ""
    pod: Obj | None = None


OUTER = Origin(OUTSIDE_ADDRESS)


class End(NamedTuple):
    """Where the connection ends: in `pod`, on `node` itself, or outside (neither); `failure` when it does not get there."""

    failure: str = ""
    pod: Obj | None = None
    node: str = ""
    ip: str = ""
    port: int = 0
    client: str = ""
    """The address the other side sees."""


class Carrier:
    """Carries the connections of one request and notes the hops."""

    def __init__(self, api: Client, places: Places, links: Links, chance: Callable[[], float]) -> None:
        self.api, self.places, self.links, self.chance = api, places, links, chance
        self.hops: list[Hop] = []

    def _hop(self, kind: str, text: str, seconds: float = 0.0, node: str = "", pod: Obj | None = None) -> Hop:
        hop = Hop(kind, text, seconds, node, pod_key(pod) if pod is not None else "")
        self.hops.append(hop)
        return hop

    def _fail(self, failure: str, text: str, seconds: float = 0.0, node: str = "") -> End:
        self._hop("failure", text, seconds, node).facts["failure"] = failure
        return End(failure)

    def connect(self, origin: Origin, ip: str, port: int, protocol: str = "TCP") -> End:
        """Open a connection."""
        if origin.pod is not None and (ip.startswith("127.") or ip == origin.ip):
            return End("", origin.pod, origin.node, ip, port, ip)
        packet = Packet(origin.ip, ip, port, protocol, from_node=origin.pod is None and bool(origin.node))
        if not origin.node:
            return self._from_outside(packet)
        return self._at_node(origin, origin.node, packet, 0)

    # ------------------------------------------------------------------------------------------------ from outside

    def _from_outside(self, packet: Packet) -> End:
        place = self.places.find(packet.destination)
        entry, owner = place.node if place.pod is None else "", None
        if not entry:
            owner = _owner(self.api, packet.destination)
            entry = self._balanced(packet, owner) if owner is not None else ""
        if not entry and owner is not None:
            return self._nobody_behind(packet, owner)
        if not entry and (place.pod is not None or _is_cluster_address(self.api, packet.destination)):
            return self._fail(TIMEOUT, f"{packet.destination} is an address inside the cluster: no route from outside", NO_ANSWER)
        if not entry:
            return End("", None, "", packet.destination, packet.port, packet.source)
        if not self.links.is_up(entry):
            return self._fail(UNREACHABLE, f"node {entry} is down: no route to host", NO_ROUTE, entry)
        self._hop("node", f"enters at node {entry}", AWAY, entry)
        return self._at_node(OUTER, entry, packet, 0)

    def _nobody_behind(self, packet: Packet, service: Obj) -> End:
        """A load balancer none of whose nodes passes the health check."""
        text = f"{packet.destination} of service {_key(service)} leads to no node: none passes the health check"
        return self._fail(TIMEOUT, text, NO_ANSWER)

    def _balanced(self, packet: Packet, service: Obj) -> str:
        """The node that the load balancer or router of this service sends to."""
        nodes: list[str] = [node["metadata"]["name"] for node in self.api.list("Node") if self._takes(node, service)]
        if not nodes:
            return ""
        node = nodes[int(self.chance() * len(nodes))]
        self._hop("loadbalancer", f"{packet.destination} of service {_key(service)} leads to node {node}", NEAR, node)
        return node

    def _takes(self, node: Obj, service: Obj) -> bool:
        """Whether the node passes the balancer's health check."""
        name = node["metadata"]["name"]
        if "node.kubernetes.io/exclude-from-external-load-balancers" in node["metadata"].get("labels", {}):
            return False
        if not self.links.is_up(name):
            return False
        if service["spec"].get("externalTrafficPolicy") != "Local":
            return True
        metadata = service["metadata"]
        return any(
            endpoint.get("nodeName") == name and (endpoint.get("conditions") or {}).get("ready") is not False
            for each in self.api.list("EndpointSlice", metadata["namespace"])
            if each["metadata"].get("labels", {}).get("kubernetes.io/service-name") == metadata["name"]
            for endpoint in each.get("endpoints") or ()
        )

    # ------------------------------------------------------------------------------------------------ at a node

    def _at_node(self, origin: Origin, node: str, packet: Packet, depth: int) -> End:
        local = (self.places.address(node), LOOPBACK)
        routed = self.links.rules.route(node, packet, local, self.chance)
        self._tell_rules(node, packet, routed)
        if routed.action != ACCEPT:
            return self._refused(node, packet, routed)
        if packet.destination in local and (routed.destination, routed.port) == (packet.destination, packet.port):
            return self._to_host(origin, node, packet)
        changed = packet._replace(destination=routed.destination, port=routed.port)
        if routed.masquerade or (packet.from_node and packet.source == LOOPBACK):
            changed = changed._replace(source=local[0])
        place = self.places.find(changed.destination)
        if place.pod is not None:
            seen = packet.source if place.node == node else changed.source
            return self._to_pod(origin, node, changed, place._replace(seen=seen))
        if place.node:
            return self._to_node(origin, node, changed, place.node, depth)
        return self._to_elsewhere(origin, node, changed, depth)

    def _tell_rules(self, node: str, packet: Packet, routed: Routed) -> None:
        if not routed.steps:
            return
        where = f"{packet.destination}:{packet.port}"
        text = f"{where} is {routed.service or 'a service'}"
        if routed.action == ACCEPT and (routed.destination, routed.port) != (packet.destination, packet.port):
            text += f": sent to {routed.destination}:{routed.port}"
        hop = self._hop("rule", text, NEAR, node)
        hop.facts["service"] = routed.service
        hop.facts["backend"] = f"{routed.destination}:{routed.port}"
        hop.facts["masquerade"] = routed.masquerade
        hop.facts["rules"] = [
            {"table": step.table, "chain": step.chain, "rule": step.rule, **({"draw": step.draw} if step.draw is not None else {})}
            for step in routed.steps
        ]
        if not self.links.rules.is_running(node):
            hop.facts["stale"] = True

    def _refused(self, node: str, packet: Packet, routed: Routed) -> End:
        where = f"{packet.destination}:{packet.port}"
        rule = routed.steps[-1].rule
        if routed.action == REJECT:
            why = "no such port" if rule.endswith(" reject") else "no endpoints"
            return self._fail(REFUSED, f"{where} is rejected: {routed.service} has {why}", NEAR, node)
        return self._fail(TIMEOUT, f"{where}: packets are dropped by {rule}", NO_ANSWER, node)

    # ------------------------------------------------------------------------------------------------ arriving

    def _to_host(self, origin: Origin, node: str, packet: Packet) -> End:
        """A port of the node itself: of a pod that has asked for it, or of a program there."""
        denied = self._leave(origin, policies.Peer(packet.destination), (packet.port, packet.protocol, None))
        if denied is not None:
            return denied
        mapped = self.places.host_port(node, packet.destination, packet.port, packet.protocol)
        if mapped is not None:
            pod, port = mapped
            ip = pod.get("status", {}).get("podIP", "")
            self._hop("hostport", f"port {packet.port} of node {node} belongs to pod {pod_key(pod)}", NEAR, node, pod)
            return self._to_pod(origin, node, packet._replace(destination=ip, port=port), Place(pod, node))
        return End("", None, node, packet.destination, packet.port, packet.source)

    def _to_node(self, origin: Origin, node: str, packet: Packet, target: str, depth: int) -> End:
        if target == node:
            return self._to_host(origin, node, packet)
        denied = self._leave(origin, policies.Peer(packet.destination), (packet.port, packet.protocol, None))
        if denied is not None:
            return denied
        if not self.links.is_up(target) or depth >= _MOST_NODES:
            return self._fail(UNREACHABLE, f"node {target} is down: no route to host", NO_ROUTE, target)
        self._hop("node", f"to node {target}", FAR, target)
        source = self.places.address(node) if origin.pod is not None else packet.source
        sender = origin._replace(ip=source, pod=None)
        return self._at_node(sender, target, packet._replace(source=source, from_node=False), depth + 1)

    def _to_elsewhere(self, origin: Origin, node: str, packet: Packet, depth: int) -> End:
        """No pod, no node: an address nobody has, or one outside."""
        where = f"{packet.destination}:{packet.port}"
        denied = self._leave(origin, policies.Peer(packet.destination), (packet.port, packet.protocol, None))
        if denied is not None:
            return denied
        owner = self.places.network_of(packet.destination)
        if owner:
            text = f"no pod on node {owner} has the address {packet.destination}: no route to host"
            return self._fail(UNREACHABLE, text, NO_ROUTE, owner)
        if _is_cluster_address(self.api, packet.destination):
            return self._fail(TIMEOUT, f"no rule on node {node} knows {where}: nobody answers", NO_ANSWER, node)
        self._hop("outside", f"leaves the cluster from node {node}", AWAY, node)
        service = _owner(self.api, packet.destination)
        if service is not None:
            return self._around(packet._replace(source=self.places.address(node), from_node=False), service, depth)
        return End("", None, "", packet.destination, packet.port, self.places.address(node))

    def _around(self, packet: Packet, service: Obj, depth: int) -> End:
        """Out of the cluster and in again through a load balancer's address."""
        entry = self._balanced(packet, service) if depth < _MOST_NODES else ""
        return self._at_node(OUTER, entry, packet, depth + 1) if entry else self._nobody_behind(packet, service)

    def _to_pod(self, origin: Origin, node: str, packet: Packet, place: Place) -> End:
        pod = place.pod
        assert pod is not None
        door = (packet.port, packet.protocol, pod)
        denied = self._leave(origin, self._peer(packet.destination, pod), door)
        if denied is not None:
            return denied
        if not self.links.is_up(place.node):
            text = f"node {place.node} of pod {pod_key(pod)} is down: no route to host"
            return self._fail(UNREACHABLE, text, NO_ROUTE, place.node)
        if place.node != node:
            self._hop("node", f"to node {place.node}", FAR, place.node)
        denied = self._enter(origin, packet, place)
        if denied is not None:
            return denied
        return End("", pod, place.node, packet.destination, packet.port, packet.source)

    # ------------------------------------------------------------------------------------------------ policies

    def _peer(self, ip: str, pod: Obj | None) -> policies.Peer:
        if pod is None:
            return policies.Peer(ip)
        namespace = self.api.get("Namespace", "", pod["metadata"]["namespace"])
        return policies.Peer(ip, pod, namespace["metadata"].get("labels", {}) if namespace else {})

    def _leave(self, origin: Origin, peer: policies.Peer, door: tuple[int, str, Obj | None]) -> End | None:
        """What the policies of the sender's namespace say of its going there; None when nothing stands against it."""
        pod = origin.pod
        if pod is None or on_host(pod) or (peer.pod is not None and peer.pod is pod):
            return None
        return self._judge(policies.EGRESS, pod, peer, door)

    def _enter(self, origin: Origin, packet: Packet, place: Place) -> End | None:
        pod = place.pod
        assert pod is not None
        is_own_node = packet.from_node and origin.node == place.node
        if is_own_node or origin.pod is pod:
            return None
        source = place.seen or packet.source
        masked = origin.pod is not None and source != origin.ip
        peer = self._peer(source, None if masked else origin.pod)
        return self._judge(policies.INGRESS, pod, peer, (packet.port, packet.protocol, pod))

    def _judge(self, direction: str, pod: Obj, peer: policies.Peer, door: tuple[int, str, Obj | None]) -> End | None:
        found = self.api.list("NetworkPolicy", pod["metadata"]["namespace"])
        if not found:
            return None
        verdict = policies.verdict(found, direction, pod, peer, door)
        if not verdict.policy:
            return None
        word = "allowed" if verdict.allowed else "denied"
        text = f"{direction.lower()} of pod {pod_key(pod)} {word} by network policy {verdict.policy}: {verdict.reason}"
        hop = self._hop("policy", text, 0.0, pod["spec"].get("nodeName", ""), pod)
        hop.facts.update({"policy": verdict.policy, "direction": direction, "allowed": verdict.allowed})
        if verdict.allowed:
            return None
        hop.seconds = NO_ANSWER
        hop.facts["failure"] = TIMEOUT
        return End(TIMEOUT)


def _key(service: Obj) -> str:
    return f"{service['metadata']['namespace']}/{service['metadata']['name']}"


def _owner(api: Client, ip: str) -> Obj | None:
    """The service with this external address."""
    for service in api.list("Service"):
        if ip in (service["spec"].get("externalIPs") or ()):
            return service
        ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress") or ()
        if any(each.get("ip") == ip for each in ingress):
            return service
    return None


def _is_cluster_address(api: Client, ip: str) -> bool:
    """Whether it lies among the addresses of services: of a ServiceCIDR."""
    cidrs = (cidr for each in api.list("ServiceCIDR") for cidr in each["spec"].get("cidrs") or ())
    return any(policies.within(ip, cidr) for cidr in cidrs)


def origin_of_node(node: Obj) -> Origin:
    return Origin(address_of(node), node["metadata"]["name"])


def origin_of_pod(pod: Obj) -> Origin:
    """A pod on the host's network is the host."""
    status, node = pod.get("status", {}), pod["spec"].get("nodeName", "")
    if on_host(pod):
        return Origin(status.get("hostIP") or status.get("podIP", ""), node)
    return Origin(status.get("podIP", ""), node, pod)
