"""The words in which the network and the nodes' service rules talk: a packet goes in, what becomes of it comes out.

Shared by packages that do not know each other: `network` carries packets, `kubeproxy` has the rules.
"""

from __future__ import annotations

from typing import NamedTuple

ACCEPT, REJECT, DROP = "accept", "reject", "drop"


class Packet(NamedTuple):
    """The first packet of a connection, as it comes to a node's rules."""

    source: str
    destination: str
    port: int
    protocol: str = "TCP"
    from_node: bool = False
    """Sent by a process of the node itself: addrtype LOCAL."""


class Step(NamedTuple):
    """A rule that matched: where, as iptables-save writes it, and the draw that decided where there was one."""

    table: str
    chain: str
    rule: str
    draw: float | None = None


class Routed(NamedTuple):
    """What the rules made of a packet. `service` is "namespace/name:port" when one of its rules matched."""

    action: str
    destination: str
    port: int
    masquerade: bool = False
    service: str = ""
    steps: tuple[Step, ...] = ()
