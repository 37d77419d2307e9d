"""What the network is asked and what it tells: sources, calls, responses, hops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

ANSWERED, OPEN, REFUSED, TIMEOUT, UNREACHABLE = "answered", "open", "refused", "timeout", "unreachable"
NXDOMAIN, NO_DNS, SERVFAIL, NO_SOURCE = "nxdomain", "dns-timeout", "servfail", "no-source"


OWN_CERTIFICATE = "own"
"""A certificate that the program has made itself and told those who are to trust it."""


class Source(NamedTuple):
    """Where a request begins: kind "pod", "node" or "outside"; `namespace` of pods."""

    kind: str
    name: str = ""
    namespace: str = ""
    container: str = ""


OUTSIDE = Source("outside", "outside")
OUTSIDE_ADDRESS = "203.0.113.77"
"""The address of those who ask from outside."""


class Call(NamedTuple):
    """A request as it is sent. scheme: http, https, tcp, udp or redis."""

    method: str = "GET"
    scheme: str = "http"
    host: str = ""
    port: int = 80
    path: str = "/"
    headers: Mapping[str, str] = {}
    body: str = ""
    client: str = ""
    """The address it seems to come from."""
    protocol: str = "TCP"

    @property
    def plain(self) -> str:
        """The path without its query."""
        return self.path.partition("?")[0]


class Response(NamedTuple):
    """What a program answers. status 0: it speaks no HTTP; `body` is then what it says to the call, "" when nothing."""

    status: int = 200
    body: str = ""
    type: str = "text/plain"
    server: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    certificate: str = ""
    """The certificates (PEM) of a server that speaks TLS, its own first; "": it speaks none, or nobody looks at that."""
    seconds: float = 0.0
    """How long the program thinks, beyond what everything takes."""
    cpu: int = 0
    """Microseconds of CPU that it has taken."""


@dataclass(slots=True)
class Hop:
    """One thing that happened. `node` and `pod` ("namespace/name") say where, for the diagram."""

    kind: str
    text: str
    seconds: float = 0.0
    node: str = ""
    pod: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    def encode(self) -> dict[str, Any]:
        found: dict[str, Any] = {"kind": self.kind, "text": self.text, "seconds": round(self.seconds, 6)}
        for key in ("node", "pod", "facts"):
            if getattr(self, key):
                found[key] = getattr(self, key)
        return found


@dataclass(slots=True)
class Trace:
    """One request with all its hops. `outcome` is one of the words above."""

    source: Source
    target: str
    outcome: str = ""
    hops: list[Hop] = field(default_factory=list)
    address: str = ""
    """Where the name led to, before any rule."""
    port: int = 0
    name: str = ""
    response: Response = field(default_factory=lambda: Response(0))
    call: Call = field(default_factory=Call)

    @property
    def seconds(self) -> float:
        return sum(hop.seconds for hop in self.hops)

    @property
    def why(self) -> str:
        """The last hop's words."""
        return self.hops[-1].text if self.hops else ""

    def encode(self) -> dict[str, Any]:
        """As JSON."""
        found = {"target": self.target, "outcome": self.outcome, "seconds": round(self.seconds, 6), "reason": self.why}
        source = {name: value for name, value in self.source._asdict().items() if value}
        found |= {"from": source, "address": self.address, "port": self.port, "hops": [hop.encode() for hop in self.hops]}
        if self.outcome == ANSWERED:
            found["response"] = {"status": self.response.status, "body": self.response.body, "type": self.response.type}
        return found
