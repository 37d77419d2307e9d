"""What `nft list ruleset` shows of a kube-proxy in mode nftables. Models pkg/proxy/nftables/proxier.go."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cluster_core.kubeproxy.services import Endpoint, Port, Reach

_MASQUERADE = "meta mark set meta mark | 0x00004000"
_DOOR = "ipv4_addr . inet_proto . inet_service"
_GAP = ",\n\t\t\t     "


class Ground(NamedTuple):
    """Where the rules are made: the node's address, where pods and services live."""

    address: str
    pods: str
    services: str


@dataclass(slots=True)
class _Found:
    """What all services add to the common sets and maps, and their own chains and sets."""

    cluster_ips: list[str] = field(default_factory=list)
    hairpins: list[str] = field(default_factory=list)
    service_ips: list[str] = field(default_factory=list)
    node_ports: list[str] = field(default_factory=list)
    nobody: list[str] = field(default_factory=list)
    nobody_at_nodes: list[str] = field(default_factory=list)
    firewall: list[str] = field(default_factory=list)
    sets: dict[str, int] = field(default_factory=dict)
    chains: dict[str, list[str]] = field(default_factory=dict)


def _hashed(name: str) -> str:
    return f"{b32encode(hashlib.sha256(name.encode()).digest()).decode()[:8]}-{name}"


class _PortRules:
    """Writes what one port adds."""

    def __init__(self, found: _Found, port: Port, reach: Reach, ground: Ground) -> None:
        self.found, self.port, self.reach, self.ground = found, port, reach, ground
        service, _, name = port.name.partition(":")
        self.base = f"{service}/{port.protocol}/{name}"
        named = _hashed(self.base)
        self.cluster, self.local, self.outer, self.fence = (f"{kind}-{named}" for kind in ("service", "local", "external", "firewall"))
        self.has_inside = reach.any and (not port.inside_local or bool(reach.local))
        self.has_outside = reach.any and (not port.outside_local or bool(reach.local))

    def write(self) -> None:
        port, found = self.port, self.found
        found.cluster_ips += [] if port.cluster_ip in found.cluster_ips else [port.cluster_ip]
        found.hairpins += [f"{each.ip} . {each.ip} . {port.protocol} . {each.text.rpartition(':')[2]}" for each in self.reach.local]
        self._door(port.cluster_ip, self.local if port.inside_local else self.cluster, self.has_inside, self.has_inside)
        for ip in (*port.external_ips, *port.balancer_ips):
            self._door(ip, self.outer, self.reach.any, self.has_outside)
        self._node_port()
        if port.outside and self.reach.any:
            found.chains[self.outer] = list(self._outside())
        self._firewall()
        if self.reach.cluster and port.uses_cluster:
            self._choice(self.cluster, self.reach.cluster)
        if self.reach.local and port.uses_local:
            self._choice(self.local, self.reach.local)

    def _refusal(self) -> str:
        comment = f'comment "{self.port.name}" : '
        return comment + ("drop" if self.reach.any else "goto reject-chain")

    def _door(self, ip: str, chain: str, leads: bool, open_: bool) -> None:
        key = f"{ip} . {self.port.protocol} . {self.port.port}"
        self.found.service_ips += [f"{key} : goto {chain}"] if leads else []
        self.found.nobody += [] if open_ else [f"{key} {self._refusal()}"]

    def _node_port(self) -> None:
        if self.port.node_port:
            key = f"{self.port.protocol} . {self.port.node_port}"
            self.found.node_ports += [f"{key} : goto {self.outer}"] if self.reach.any else []
            self.found.nobody_at_nodes += [] if self.has_outside else [f"{key} {self._refusal()}"]

    def _outside(self) -> Iterable[str]:
        if not self.port.outside_local:
            yield f'{_MASQUERADE} comment "masquerade"'
        else:
            yield f'ip saddr {self.ground.pods} goto {self.cluster} comment "short-circuit pod traffic"'
            yield f'fib saddr type local {_MASQUERADE} comment "masquerade local traffic"'
            yield f'fib saddr type local goto {self.cluster} comment "short-circuit local traffic"'
        if self.has_outside:
            yield f"goto {self.local if self.port.outside_local else self.cluster}"

    def _firewall(self) -> None:
        if self.port.balancer_ips and self.port.ranges:
            keys = [f"{ip} . {self.port.protocol} . {self.port.port}" for ip in self.port.balancer_ips]
            self.found.firewall += [f"{key} : goto {self.fence}" for key in keys]
            self.found.chains[self.fence] = [f"ip saddr != {{ {', '.join(self.port.ranges)} }} drop"]

    def _choice(self, chain: str, endpoints: Sequence[Endpoint]) -> None:
        """Straight to an endpoint, or by a chain of its own where it is to be come back to."""
        among = f"numgen random mod {len(endpoints)}"
        if not self.port.affinity:
            pairs = ", ".join(f"{number} : {each.text.replace(':', ' . ')}" for number, each in enumerate(endpoints))
            self.found.chains[chain] = [f"meta l4proto {self.port.protocol} dnat ip to {among} map {{ {pairs} }}"]
            return
        own = [_hashed(f"{self.base}__{each.text.replace(':', '/')}") for each in endpoints]
        pairs = ", ".join(f"{number} : goto endpoint-{name}" for number, name in enumerate(own))
        back = [f"ip saddr @affinity-{name} goto endpoint-{name}" for name in own]
        self.found.chains[chain] = [*back, f"{among} vmap {{ {pairs} }}"]
        for name, each in zip(own, endpoints, strict=True):
            self.found.sets[f"affinity-{name}"] = self.port.affinity
            rules = [f"update @affinity-{name} {{ ip saddr }}", f"meta l4proto {self.port.protocol} dnat to {each.text}"]
            self.found.chains[f"endpoint-{name}"] = rules


# ------------------------------------------------------------------------------------------------ the command

TABLE = ("ip", "kube-proxy")
_HELP = "nft: only list ruleset, list tables, list table and list chain, set or map are simulated\n"


def run(argv: Sequence[str], text: str) -> tuple[str, str, int]:
    """`nft ARGV` where the ruleset is `text`: stdout, stderr, exit code."""
    words = [word for word in argv if not word.startswith("-")]
    if words[:2] == ["list", "ruleset"]:
        return text, "", 0
    if words[:2] == ["list", "tables"]:
        return f"table {' '.join(TABLE)}\n" if text else "", "", 0
    if len(words) < 4 or words[0] != "list":
        return "", _HELP, 1
    found = text if words[1] == "table" and tuple(words[2:4]) == TABLE else _block(text, words[1:])
    missing = f"Error: No such file or directory\n{' '.join(words)}\n"
    return (found, "", 0) if found else ("", missing, 1)


def _block(text: str, words: Sequence[str]) -> str:
    """One chain, set or map of the table."""
    begin = text.find(f"\t{words[0]} {words[-1]} {{\n")
    if tuple(words[1:3]) != TABLE or begin < 0:
        return ""
    end = text.index("\n\t}\n", begin)
    return f"table {' '.join(TABLE)} {{\n{text[begin:end]}\n\t}}\n}}\n"


# ------------------------------------------------------------------------------------------------ the table


def ruleset(reached: Iterable[tuple[Port, Reach]], ground: Ground) -> str:
    found = _Found()
    for port, reach in reached:
        _PortRules(found, port, reach, ground).write()
    blocks = ['\tcomment "rules for kube-proxy"\n', *_containers(found, ground)]
    blocks += [_chain(name, rules) for name, rules in (_base_chains(ground) | dict(sorted(found.chains.items()))).items()]
    return "table ip kube-proxy {\n" + "\n".join(blocks) + "}\n"


def _containers(found: _Found, ground: Ground) -> Iterable[str]:
    yield _container("set hairpin-connections", "ipv4_addr . ipv4_addr . inet_proto . inet_service", "service hairpin connections", found.hairpins)
    yield _container("set cluster-ips", "ipv4_addr", "Active ClusterIPs", found.cluster_ips)
    yield _container("set nodeport-ips", "ipv4_addr", "IPs that accept NodePort traffic", [ground.address])
    doors, ports = f"{_DOOR} : verdict", "inet_proto . inet_service : verdict"
    nobody = "vmap to drop or reject packets to service"
    yield _container("map no-endpoint-services", doors, f"{nobody}s with no endpoints", found.nobody)
    yield _container("map no-endpoint-nodeports", ports, f"{nobody} nodeports with no endpoints", found.nobody_at_nodes)
    yield _container("map firewall-ips", doors, "destinations that are subject to LoadBalancerSourceRanges", found.firewall)
    yield _container("map service-ips", doors, "ClusterIP, ExternalIP and LoadBalancer IP traffic", found.service_ips)
    yield _container("map service-nodeports", ports, "NodePort traffic", found.node_ports)
    for name, seconds in sorted(found.sets.items()):
        yield f"\tset {name} {{\n\t\ttype ipv4_addr\n\t\tsize 65535\n\t\tflags dynamic,timeout\n\t\ttimeout {_span(seconds)}\n\t}}\n"


def _span(seconds: int) -> str:
    parts = [(seconds // 86400, "d"), (seconds % 86400 // 3600, "h"), (seconds % 3600 // 60, "m"), (seconds % 60, "s")]
    return "".join(f"{number}{unit}" for number, unit in parts if number)


def _container(title: str, kind: str, comment: str, elements: Sequence[str]) -> str:
    lines = [f"\t{title} {{", f"\t\ttype {kind}", f'\t\tcomment "{comment}"']
    lines += [f"\t\telements = {{ {_GAP.join(elements)} }}"] if elements else []
    return "\n".join([*lines, "\t}", ""])


def _chain(name: str, rules: Sequence[str]) -> str:
    return "\n".join([f"\tchain {name} {{", *(f"\t\t{rule}" for rule in rules), "\t}", ""])


def _base_chains(ground: Ground) -> dict[str, list[str]]:
    """The chains that every node has."""
    door, new = "ip daddr . meta l4proto . th dport vmap", "ct state new jump"
    at_node = "meta l4proto . th dport vmap"
    outside = [f'ip daddr @cluster-ips ip saddr != {ground.pods} {_MASQUERADE} comment "masquerade clusterIP traffic from outside cluster"'] if ground.pods else []
    return {
        "filter-prerouting-pre-dnat": ["type filter hook prerouting priority dstnat - 10; policy accept;", f"{new} firewall-check"],
        "filter-output-pre-dnat": ["type filter hook output priority -110; policy accept;", f"{new} firewall-check"],
        "filter-input": ["type filter hook input priority filter; policy accept;", f"{new} nodeport-endpoints-check", f"{new} service-endpoints-check"],
        "filter-forward": ["type filter hook forward priority filter; policy accept;", f"{new} service-endpoints-check", f"{new} cluster-ips-check"],
        "filter-output": ["type filter hook output priority filter; policy accept;", f"{new} service-endpoints-check", f"{new} cluster-ips-check"],
        "nat-prerouting": ["type nat hook prerouting priority dstnat; policy accept;", "jump services"],
        "nat-output": ["type nat hook output priority -100; policy accept;", "jump services"],
        "nat-postrouting": ["type nat hook postrouting priority srcnat; policy accept;", "jump masquerading"],
        "nodeport-endpoints-check": [f"ip daddr @nodeport-ips {at_node} @no-endpoint-nodeports"],
        "service-endpoints-check": [f"{door} @no-endpoint-services"],
        "firewall-check": [f"{door} @firewall-ips"],
        "services": [*outside, f"{door} @service-ips", f"ip daddr @nodeport-ips {at_node} @service-nodeports"],
        "masquerading": [
            "meta mark & 0x00004000 != 0x00000000 meta mark set meta mark ^ 0x00004000 masquerade fully-random",
            "ct status dnat ip saddr . ip daddr . meta l4proto . th dport @hairpin-connections masquerade fully-random",
        ],
        "cluster-ips-check": [
            'ip daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"',
            f'ip daddr {{ {ground.services} }} drop comment "Drop traffic to unallocated ClusterIPs"',
        ],
        "reject-chain": ["reject"],
    }
