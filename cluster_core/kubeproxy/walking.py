"""One packet through a node's rules: nat first, which may change where it goes, then the filter's refusals."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from cluster_core.kubeproxy import names
from cluster_core.kubeproxy.compiling import Compiled
from cluster_core.kubeproxy.rule import Match, Rule, probability, saved
from cluster_core.kubeproxy.tables import MARKING, TO_NODEPORTS
from cluster_core.machinery.packets import ACCEPT, DROP, REJECT, Packet, Routed, Step

MOST_RULES = 10_000


class Recent(Protocol):
    """Which client was last sent to which endpoint: the kernel's lists of the match "recent"."""

    def seen(self, chain: str, source: str, seconds: int) -> bool: ...

    def note(self, chain: str, source: str) -> None: ...


@lru_cache(8192)
def inside(address: str, network: str) -> bool:
    """Whether the address is in the network, or is it; "!" in front turns it round."""
    if network.startswith("!"):
        return not inside(address, network[1:])
    if "/" not in network:
        return address == network
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


class Walk:
    """One packet's way. `local` are the node's own addresses; `chance` draws from [0, 1)."""

    def __init__(self, packet: Packet, local: Collection[str], recent: Recent, chance: Callable[[], float]) -> None:
        self.packet = packet
        self.protocol = packet.protocol.lower()
        self.local, self.recent, self.chance = local, recent, chance
        self.steps: list[Step] = []
        self.marked = False
        self.verdict = ""
        self.to = ""
        self._draw: float | None = None

    # ------------------------------------------------------------------------------------------------ matching

    def matches(self, rule: Rule) -> bool:
        packet = self.packet
        if rule.protocol and rule.protocol != self.protocol:
            return False
        if rule.destination and not inside(packet.destination, rule.destination):
            return False
        if rule.source and not inside(packet.source, rule.source):
            return False
        self._draw = None
        return all(self._match(match) for match in rule.matches)

    def _match(self, match: Match) -> bool:
        kind = match[0]
        if kind == "comment":
            return True
        if kind in ("tcp", "udp", "sctp"):
            return not match[1] or match[1] == self.packet.port
        if kind == "statistic":
            self._draw = self.chance()
            return self._draw < probability(match[1])
        return self._condition(kind, match)

    def _condition(self, kind: str, match: Match) -> bool:
        if kind == "addrtype":
            return self.packet.destination in self.local if match[1] == "dst" else self.packet.from_node
        if kind == "recent":
            if match[1] == "set":
                self.recent.note(match[2], self.packet.source)
                return True
            return self.recent.seen(match[2], self.packet.source, match[3])
        return kind == "conntrack" and match[1] == "NEW"

    # ------------------------------------------------------------------------------------------------ chains

    def run(self, table: str, chain: str, rules: Sequence[Rule], chains: Mapping[str, list[Rule]]) -> bool:
        """Go through the rules; answers whether the packet's fate in this table is decided."""
        for rule in rules:
            if len(self.steps) > MOST_RULES:
                break
            if self.matches(rule):
                self.steps.append(Step(table, chain, saved(chain, rule), self._draw))
                if self._take(table, rule, chains):
                    return True
        return False

    def _take(self, table: str, rule: Rule, chains: Mapping[str, list[Rule]]) -> bool:
        target = rule.target
        if target == "MARK":
            self.marked = True
            return False
        if target in ("REJECT", "DROP"):
            self.verdict = REJECT if target == "REJECT" else DROP
            return True
        if target == "DNAT":
            self.to = rule.option
            return True
        return bool(target) and self.run(table, target, chains.get(target, ()), chains)


def route(packet: Packet, services: Sequence[Compiled], walk: Walk) -> Routed:
    """What becomes of the packet. `services` are those one of whose rules may match it, in order."""
    for compiled in services:
        chains = {**compiled.chains, names.MARK_MASQ: MARKING}
        if walk.run("nat", names.SERVICES, compiled.services, chains):
            break
    if not walk.to and packet.destination in walk.local:
        _node_ports(services, walk)
    if walk.to:
        ip, _, port = walk.to.rpartition(":")
        return Routed(ACCEPT, ip, int(port), walk.marked, _service(walk), tuple(walk.steps))
    _filter(services, walk)
    action = walk.verdict or ACCEPT
    return Routed(action, packet.destination, packet.port, walk.marked, _service(walk), tuple(walk.steps))


def _node_ports(services: Sequence[Compiled], walk: Walk) -> None:
    walk.steps.append(Step("nat", names.SERVICES, saved(names.SERVICES, TO_NODEPORTS)))
    for compiled in services:
        chains = {**compiled.chains, names.MARK_MASQ: MARKING}
        if walk.run("nat", names.NODEPORTS, compiled.nodeports, chains):
            return
    if walk.steps[-1].chain == names.SERVICES:
        walk.steps.pop()


def _filter(services: Sequence[Compiled], walk: Walk) -> None:
    """KUBE-PROXY-FIREWALL, KUBE-SERVICES and KUBE-EXTERNAL-SERVICES of the filter table."""
    for chain, attribute in (
        (names.PROXY_FIREWALL, "firewall"),
        (names.SERVICES, "refused"),
        (names.EXTERNAL, "refused_outside"),
    ):
        if walk.packet.from_node and chain == names.EXTERNAL and walk.packet.destination not in walk.local:
            continue
        for compiled in services:
            if walk.run("filter", chain, getattr(compiled, attribute), {}):
                return


def _service(walk: Walk) -> str:
    """The port named by the first rule that matched: its comment begins with "namespace/name:port"."""
    for step in walk.steps:
        _, found, rest = step.rule.partition('--comment "')
        if found and "/" in rest.split(" ")[0]:
            return rest.split(" ")[0].rstrip('"')
    return ""
