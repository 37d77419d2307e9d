"""Whether network policies let a connection through, and which one decides.

Models the NetworkPolicy API's rules: a pod that no policy of a direction selects is open in it; else one rule of one of them
must allow the connection. A pod always talks to itself, its own node always reaches it, and host-network pods stand apart.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from cluster_core.machinery import selectors
from cluster_core.machinery.typed import Obj

INGRESS, EGRESS = "Ingress", "Egress"


class Peer(NamedTuple):
    """The other side of a connection: a pod with the labels of its namespace, or just an address."""

    ip: str
    pod: Obj | None = None
    namespace_labels: Any = None


class Verdict(NamedTuple):
    """Whether it may pass; `policy` ("namespace/name") decides, "" when none selects the pod."""

    allowed: bool
    policy: str = ""
    reason: str = ""


def verdict(policies: Iterable[Obj], direction: str, pod: Obj, peer: Peer, door: tuple[int, str, Obj | None]) -> Verdict:
    """`policies` are those of the pod's namespace; door: (port, protocol, the pod whose port it is)."""
    selecting = [policy for policy in policies if selects(policy, direction, pod)]
    if not selecting:
        return Verdict(True)
    for policy in selecting:
        for number, rule in enumerate(policy["spec"].get(direction.lower()) or ()):
            if _allows(rule, direction, policy, peer, door):
                return Verdict(True, _name(policy), f"{direction.lower()} rule {number + 1} allows it")
    named = ", ".join(_name(policy) for policy in selecting)
    what = "no rule allows it" if any(policy["spec"].get(direction.lower()) for policy in selecting) else "default deny"
    return Verdict(False, named, what)


def _name(policy: Obj) -> str:
    return f"{policy['metadata']['namespace']}/{policy['metadata']['name']}"


def selects(policy: Obj, direction: str, pod: Obj) -> bool:
    spec = policy["spec"]
    types = spec.get("policyTypes") or ([INGRESS, EGRESS] if spec.get("egress") else [INGRESS])
    if direction not in types:
        return False
    return _matches(spec.get("podSelector"), pod["metadata"].get("labels"))


def _matches(selector: Obj | None, labels: Obj | None) -> bool:
    """An empty selector matches everything."""
    return not selector or selectors.compile(selector)(labels or {})


def _allows(rule: Obj, direction: str, policy: Obj, peer: Peer, door: tuple[int, str, Obj | None]) -> bool:
    ports = rule.get("ports") or ()
    if ports and not any(_port_matches(port, *door) for port in ports):
        return False
    peers = rule.get("from" if direction == INGRESS else "to") or ()
    return not peers or any(_peer_matches(each, policy["metadata"]["namespace"], peer) for each in peers)


def _port_matches(rule: Obj, number: int, protocol: str, pod: Obj | None) -> bool:
    if rule.get("protocol", "TCP") != protocol:
        return False
    wanted = rule.get("port")
    if wanted is None:
        return True
    if isinstance(wanted, str):
        return number in _named(pod, wanted, protocol)
    return int(wanted) <= number <= int(rule.get("endPort") or wanted)


def _named(pod: Obj | None, name: str, protocol: str) -> list[int]:
    """The numbers of the pod's ports of this name."""
    containers = pod["spec"]["containers"] if pod is not None else ()
    ports = (port for container in containers for port in container.get("ports", ()))
    return [p["containerPort"] for p in ports if p.get("name") == name and p.get("protocol", "TCP") == protocol]


def _peer_matches(rule: Obj, namespace: str, peer: Peer) -> bool:
    if "ipBlock" in rule:
        block = rule["ipBlock"]
        return within(peer.ip, block["cidr"]) and not any(within(peer.ip, each) for each in block.get("except") or ())
    if peer.pod is None:
        return False
    if "namespaceSelector" in rule:
        if not _matches(rule["namespaceSelector"], peer.namespace_labels):
            return False
    elif peer.pod["metadata"]["namespace"] != namespace:
        return False
    return _matches(rule.get("podSelector"), peer.pod["metadata"].get("labels"))


@lru_cache(4096)
def within(ip: str, cidr: str) -> bool:
    try:
        return ipaddress.ip_address(ip) in ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return False


Policies = Callable[[str], Iterable[Obj]]
"""The policies of a namespace."""
