"""A node's whole tables: the kernel's own chains, those every kube-proxy makes, and what each service adds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from cluster_core.kubeproxy import names
from cluster_core.kubeproxy.compiling import Compiled
from cluster_core.kubeproxy.rule import MARK, Rule


class Chain(NamedTuple):
    """A chain and its rules. `policy` is that of a chain of the kernel's own, "" of others."""

    name: str
    rules: list[Rule]
    policy: str = ""


Table = dict[str, Chain]

BUILT_IN = {
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "raw": ("PREROUTING", "OUTPUT"),
}
_CANARIES = ("KUBE-KUBELET-CANARY", "KUBE-PROXY-CANARY")
_NEW = ("conntrack", "NEW")


def _jump(target: str, comment: str, *before: tuple[str, str]) -> Rule:
    return Rule(target, (*before, ("comment", comment)))


_BALANCER = _jump(names.PROXY_FIREWALL, "kubernetes load balancer firewall", _NEW)
_PORTALS = _jump(names.SERVICES, "kubernetes service portals", _NEW)
_OUTSIDE = _jump(names.EXTERNAL, "kubernetes externally-visible service portals", _NEW)
_MARKED = f"{MARK}/{MARK}"

FILTER_JUMPS = {
    "INPUT": [_BALANCER, _jump(names.NODEPORTS, "kubernetes health check service ports"), _OUTSIDE, Rule(names.FIREWALL)],
    "FORWARD": [_BALANCER, _jump(names.FORWARD, "kubernetes forwarding rules"), _PORTALS, _OUTSIDE],
    "OUTPUT": [_BALANCER, _PORTALS, Rule(names.FIREWALL)],
}
NAT_JUMPS = {
    "PREROUTING": [_jump(names.SERVICES, "kubernetes service portals")],
    "OUTPUT": [_jump(names.SERVICES, "kubernetes service portals")],
    "POSTROUTING": [_jump(names.POSTROUTING, "kubernetes postrouting rules")],
}
TO_NODEPORTS = Rule(
    names.NODEPORTS,
    (("comment", "kubernetes service nodeports; NOTE: this must be the last rule in this chain"), ("addrtype", "dst")),
)
MARKING = [Rule("MARK", option="or")]
MASQUERADING = [
    Rule("RETURN", (("mark", f"! {_MARKED}"),)),
    Rule("MARK", option="xor"),
    Rule("MASQUERADE", (("comment", "kubernetes service traffic requiring SNAT"),), option="random-fully"),
]
_FORWARDING = [
    Rule("DROP", (("conntrack", "INVALID"),)),
    Rule("ACCEPT", (("comment", "kubernetes forwarding rules"), ("mark", _MARKED))),
    Rule("ACCEPT", (("comment", "kubernetes forwarding conntrack rule"), ("conntrack", "RELATED,ESTABLISHED"))),
]
_LOCALNET = Rule(
    "DROP",
    (("comment", "block incoming localnet connections"), ("conntrack", "! RELATED,ESTABLISHED,DNAT")),
    "!127.0.0.0/8",
    "127.0.0.0/8",
)


def empty(table: str) -> Table:
    """The table of a node where nobody has added anything."""
    return {name: Chain(name, [], "ACCEPT") for name in BUILT_IN[table]}


def _with(table: Table, jumps: Mapping[str, list[Rule]], own: Mapping[str, list[Rule]]) -> Table:
    for name, rules in jumps.items():
        table[name] = Chain(name, rules, "ACCEPT")
    for name in sorted(own):
        table[name] = Chain(name, own[name])
    return table


def filter_table(services: Iterable[Compiled]) -> Table:
    services = list(services)
    own: dict[str, list[Rule]] = {
        names.SERVICES: [rule for each in services for rule in each.refused],
        names.EXTERNAL: [rule for each in services for rule in each.refused_outside],
        names.NODEPORTS: [rule for each in services for rule in each.health],
        names.PROXY_FIREWALL: [rule for each in services for rule in each.firewall],
        names.FORWARD: _FORWARDING,
        names.FIREWALL: [_LOCALNET],
        **{name: [] for name in _CANARIES},
    }
    return _with(empty("filter"), FILTER_JUMPS, own)


def nat_table(services: Iterable[Compiled]) -> Table:
    services = list(services)
    own: dict[str, list[Rule]] = {
        names.SERVICES: [*(rule for each in services for rule in each.services), TO_NODEPORTS],
        names.NODEPORTS: [rule for each in services for rule in each.nodeports],
        names.POSTROUTING: MASQUERADING,
        names.MARK_MASQ: MARKING,
        **{name: [] for name in _CANARIES},
    }
    for each in services:
        own.update(each.chains)
    return _with(empty("nat"), NAT_JUMPS, own)


def mangle_table() -> Table:
    return _with(empty("mangle"), {}, {name: [] for name in ("KUBE-IPTABLES-HINT", *_CANARIES)})


def all_tables(services: Iterable[Compiled] | None) -> dict[str, Table]:
    """Every table, as iptables-save orders them; None: kube-proxy has never run here."""
    if services is None:
        return {name: empty(name) for name in ("mangle", "filter", "nat")}
    services = list(services)
    return {"mangle": mangle_table(), "filter": filter_table(services), "nat": nat_table(services)}


def references(table: Table) -> dict[str, int]:
    """How many rules jump to each chain."""
    counts = dict.fromkeys(table, 0)
    for chain in table.values():
        for rule in chain.rules:
            if rule.target in counts:
                counts[rule.target] += 1
    return counts
