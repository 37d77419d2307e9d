"""The kernel's lists behind the match "recent": who was sent where, and when. Per node."""

from __future__ import annotations

from typing import Any

from cluster_core.machinery.clock import SECOND, Clock

_MOST = 100
"""ip_list_tot: how many clients a list holds."""


class NodeRecents:
    """The lists of one node: chain -> client -> microseconds."""

    def __init__(self, clock: Clock, lists: dict[str, dict[str, int]]) -> None:
        self._clock, self._lists = clock, lists

    def seen(self, chain: str, source: str, seconds: int) -> bool:
        clients = self._lists.get(chain)
        at = clients.get(source) if clients else None
        return at is not None and self._clock.now - at <= seconds * SECOND

    def note(self, chain: str, source: str) -> None:
        clients = self._lists.setdefault(chain, {})
        clients[source] = self._clock.now
        if len(clients) > _MOST:
            del clients[min(clients, key=clients.__getitem__)]


class Recents:
    """The lists of all nodes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._nodes: dict[str, dict[str, dict[str, int]]] = {}

    def on(self, node: str) -> NodeRecents:
        lists = self._nodes.get(node)
        if lists is None:
            lists = self._nodes[node] = {}
        return NodeRecents(self._clock, lists)

    def forget(self, node: str) -> None:
        self._nodes.pop(node, None)

    def dump(self) -> Any:
        return {node: lists for node, lists in self._nodes.items() if lists}

    def load(self, state: Any) -> None:
        self._nodes = {node: {chain: dict(clients) for chain, clients in lists.items()} for node, lists in state.items()}
