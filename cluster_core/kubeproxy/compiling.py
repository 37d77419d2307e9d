"""The rules of one service. Models syncProxyRules of pkg/proxy/iptables/proxier.go, service by service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cluster_core.kubeproxy import names
from cluster_core.kubeproxy.rule import Match, Rule
from cluster_core.kubeproxy.services import (
    Endpoint,
    Inputs,
    Place,
    Port,
    Reach,
    depends_on_place,
    endpoints_of,
    ports_of,
    reach,
)

UNREACHABLE = "icmp-port-unreachable"


@dataclass(slots=True)
class Compiled:
    """What one service adds to the common chains, and its own chains. `chains` are in the order they were made."""

    services: list[Rule] = field(default_factory=list)
    nodeports: list[Rule] = field(default_factory=list)
    refused: list[Rule] = field(default_factory=list)
    """filter KUBE-SERVICES"""
    refused_outside: list[Rule] = field(default_factory=list)
    """filter KUBE-EXTERNAL-SERVICES"""
    health: list[Rule] = field(default_factory=list)
    """filter KUBE-NODEPORTS"""
    firewall: list[Rule] = field(default_factory=list)
    chains: dict[str, list[Rule]] = field(default_factory=dict)
    placed: bool = False
    """Whether the rules are those of one node only."""


def compile_service(inputs: Inputs, place: Place, cluster_cidr: str) -> Compiled:
    """The rules of the service's ports on a node. `cluster_cidr` is where pods live, "" when unknown."""
    compiled = Compiled()
    if inputs.service is None:
        return compiled
    for port, raw in zip(ports_of(inputs.service), inputs.service["spec"].get("ports", ()), strict=False):
        endpoints = endpoints_of(inputs.slices, raw.get("name", ""), port.protocol)
        compiled.placed = compiled.placed or depends_on_place(port, endpoints)
        _PortRules(compiled, port, reach(port, endpoints, place), cluster_cidr).write()
    return compiled


class _PortRules:
    """Writes the rules of one port."""

    def __init__(self, compiled: Compiled, port: Port, reached: Reach, cluster_cidr: str) -> None:
        self.out, self.port, self.reach, self.cidr = compiled, port, reached, cluster_cidr
        protocol = port.protocol
        self.cluster = names.of_port(names.CLUSTER, port.name, protocol)
        self.local = names.of_port(names.LOCAL, port.name, protocol)
        self.outer = names.of_port(names.OUTER, port.name, protocol)
        self.fence = names.of_port(names.SOURCES, port.name, protocol)
        self.chain_of = {each.text: names.of_endpoint(port.name, protocol, each.text) for each in reached.all}
        self.has_inside = reached.any and (not port.inside_local or bool(reached.local))
        self.has_outside = reached.any and (not port.outside_local or bool(reached.local))
        self.fenced = reached.any and bool(port.balancer_ips) and bool(port.ranges)
        self.inner = self.local if port.inside_local else self.cluster

    def write(self) -> None:
        self._inside()
        self._addresses()
        self._node_port()
        if self.has_inside and self.cidr:
            comment = f"{self.port.name} cluster IP"
            rule = self._to(names.MARK_MASQ, comment, self.port.cluster_ip, self.port.port)
            self._chain(self.inner).append(rule._replace(source=f"!{self.cidr}"))
        if self.reach.any and self.port.outside:
            self._outer_chain()
        if self.fenced:
            self._fence_chain()
        if self.reach.cluster and self.port.uses_cluster:
            self._choice(self.cluster, self.reach.cluster)
        if self.reach.local and self.port.uses_local:
            self._choice(self.local, self.reach.local)
        self._endpoints()

    def _chain(self, name: str) -> list[Rule]:
        return self.out.chains.setdefault(name, [])

    def _to(self, target: str, comment: str, ip: str, number: int, *more: Match) -> Rule:
        """A rule for packets to the address and port."""
        option = UNREACHABLE if target == "REJECT" else ""
        protocol = self.port.protocol
        return Rule(target, (("comment", comment), *more, (protocol, number)), "", ip, protocol, option)

    def _refusal(self, ip: str, number: int, *more: Match) -> Rule:
        """Rejects when there is nobody at all, drops when only this node has nobody."""
        if self.reach.any:
            return self._to("DROP", f"{self.port.name} has no local endpoints", ip, number, *more)
        return self._to("REJECT", f"{self.port.name} has no endpoints", ip, number, *more)

    def _inside(self) -> None:
        port = self.port
        if self.has_inside:
            self.out.services.append(self._to(self.inner, f"{port.name} cluster IP", port.cluster_ip, port.port))
        else:
            self.out.refused.append(self._refusal(port.cluster_ip, port.port))

    def _addresses(self) -> None:
        port = self.port
        balanced = self.fence if self.fenced else self.outer
        kinds = [(ip, "external IP", self.outer) for ip in port.external_ips]
        kinds += [(ip, "loadbalancer IP", balanced) for ip in port.balancer_ips]
        for ip, what, chain in kinds:
            if self.reach.any:
                self.out.services.append(self._to(chain, f"{port.name} {what}", ip, port.port))
            if not self.has_outside:
                self.out.refused_outside.append(self._refusal(ip, port.port))
        if self.fenced:
            comment = f"{port.name} traffic not accepted by {self.fence}"
            self.out.firewall += [self._to("DROP", comment, ip, port.port) for ip in port.balancer_ips]

    def _node_port(self) -> None:
        port = self.port
        if port.node_port and self.reach.any:
            self.out.nodeports.append(self._to(self.outer, port.name, "", port.node_port))
        if port.node_port and not self.has_outside:
            self.out.refused_outside.append(self._refusal("", port.node_port, ("addrtype", "dst")))
        if port.health_port:
            comment = ("comment", f"{port.name} health check node port")
            self.out.health.append(Rule("ACCEPT", (comment, ("tcp", port.health_port)), "", "", "tcp"))

    def _outer_chain(self) -> None:
        """What comes from outside: masqueraded, or kept to this node's endpoints."""
        rules, what = self._chain(self.outer), f"{self.port.name} external destinations"
        if not self.port.outside_local:
            rules.append(Rule(names.MARK_MASQ, (("comment", f"masquerade traffic for {what}"),)))
        else:
            if self.cidr:
                rules.append(Rule(self.cluster, (("comment", f"pod traffic for {what}"),), self.cidr))
            for word, target in (("masquerade", names.MARK_MASQ), ("route", self.cluster)):
                local = (("comment", f"{word} LOCAL traffic for {what}"), ("addrtype", "src"))
                rules.append(Rule(target, local))
        if self.has_outside:
            rules.append(Rule(self.local if self.port.outside_local else self.cluster))

    def _fence_chain(self) -> None:
        rules = self._chain(self.fence)
        comment = ("comment", f"{self.port.name} loadbalancer IP")
        rules += [Rule(self.outer, (comment,), source) for source in self.port.ranges]
        last = f"other traffic to {self.port.name} will be dropped by {names.PROXY_FIREWALL}"
        rules.append(Rule("", (("comment", last),)))

    def _choice(self, chain: str, endpoints: Sequence[Endpoint]) -> None:
        """Jumps to the endpoints' chains: back to the one used before, else each with equal chance."""
        rules, port = self._chain(chain), self.port
        targets = [self.chain_of[each.text] for each in endpoints]
        comments: list[Match] = [("comment", f"{port.name} -> {each.text}") for each in endpoints]
        if port.affinity:
            for target, comment in zip(targets, comments, strict=True):
                rules.append(Rule(target, (comment, ("recent", "rcheck", target, port.affinity))))
        left = len(endpoints)
        for target, comment in zip(targets, comments, strict=True):
            rules.append(Rule(target, (comment, ("statistic", left)) if left > 1 else (comment,)))
            left -= 1

    def _endpoints(self) -> None:
        """The chain of each endpoint: its own packets are masqueraded, all are sent to it."""
        port, comment = self.port, ("comment", self.port.name)
        own: tuple[Match, ...] = (comment,)
        usual: tuple[Match, ...] = (comment, (port.protocol, 0))
        for endpoint in self.reach.all:
            chain = self.chain_of[endpoint.text]
            matches: tuple[Match, ...] = (comment, ("recent", "set", chain), (port.protocol, 0)) if port.affinity else usual
            self.out.chains[chain] = [
                Rule(names.MARK_MASQ, own, endpoint.ip),
                Rule("DNAT", matches, "", "", port.protocol, endpoint.text),
            ]
