"""What the network needs from its neighbours, which do not know it; the simulation puts them together."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple, Protocol

from cluster_core.machinery.dns import Question, Reply
from cluster_core.machinery.packets import Packet, Routed
from cluster_core.machinery.typed import Obj
from cluster_core.network.trace import Call, Response

Upstream = Callable[[str, Question], Reply]


class Rules(Protocol):
    """The nodes' service rules: kube-proxy."""

    def route(self, node: str, packet: Packet, local: Collection[str], chance: Callable[[], float]) -> Routed: ...

    def is_running(self, node: str) -> bool: ...


class Listening(NamedTuple):
    """A port that is open in a pod, and the program that listens there."""

    port: int
    protocol: str
    program: str


class Answering(Protocol):
    """What listens in containers, and what it says. `simulation` wires the workloads in."""

    def listener(self, pod: Obj, port: int, protocol: str) -> str | None:
        """The name of the container that listens there now, None when the port is closed."""

    def open_ports(self, pod: Obj) -> list[Listening]:
        """All that listens in the pod now."""

    def answer(self, pod: Obj, container: str, call: Call) -> Response: ...


class Links(NamedTuple):
    """See the module."""

    rules: Rules
    containers: Answering
    name_server: Callable[[Obj, Question, str, Upstream], tuple[Reply, list[str]] | None]
    """(pod, question, who asks, whom to ask further) -> the reply and how it came about; None: no name server runs there."""
    is_up: Callable[[str], bool]
    """Whether the node's machine has power."""
    has_kubelet: Callable[[str], bool]
    api_server: Callable[[Call], Response | None]
    """The API server's answer; None while it is down."""
    own_dns: Callable[[Obj], tuple[list[str], str] | None] = lambda pod: None
    """Name servers and domain with which the pod was started, where they are not the cluster's usual ones."""
