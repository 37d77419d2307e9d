"""What comes to a cluster from outside: requests and commands, one after the other, with those who listen to them.

What parts, commands and requests ask of the cluster themselves does not count: it follows from what came from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cluster_core.apiserver.request import ApiRequest, ApiResponse
from cluster_core.simulation import commands

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

_READS = ("GET", "HEAD", "OPTIONS")
ABOUT_DEMOS = "demo-"
"""Commands that begin so concern no cluster's parts: they are not done to it."""
_LOOKING = frozenset(
    {"kube-proxy", "scheduling", "state", "timings", "images", "machine-files", "machine-kubeconfig", "demo-state", "demo-entries"}
)
"""Commands that change nothing."""
_ETCD_LOOKING = frozenset({"range", "events", "hash", "status", "snapshot", "time-to-live", "leases"})


@dataclass(frozen=True, slots=True)
class Input:
    """One request or command that may have changed something. `changed`: whether the store did."""

    request: ApiRequest | None = None
    command: str = ""
    args: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    changed: bool = False


class Outside:
    """The way in, and a part of the cluster: it remembers how much has come in and how far the agenda has got."""

    name = "outside"
    kinds = ()

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.inputs = 0
        self.steps = 0
        """Agenda entries run so far: with it a moment is known exactly, which the time alone does not tell."""
        self.busy = False
        self.listeners: list[Callable[[Input], None]] = []

    def submit(self, request: ApiRequest) -> ApiResponse:
        """Answer a request."""
        if self.busy or request.method in _READS:
            return self._cluster.server.submit(request)
        before, self.busy = self._cluster.revision, True
        try:
            response = self._cluster.server.submit(request)
        finally:
            self.busy = False
        self._hear(Input(request, status=response.status, changed=self._cluster.revision > before))
        return response

    def command(self, name: str, args: Mapping[str, Any]) -> dict[str, Any]:
        """Carry a command out. Raises CommandError."""
        if self.busy or is_looking(name, args) or name.startswith(ABOUT_DEMOS):
            return commands.run(self._cluster, name, args)
        before, self.busy, status = self._cluster.revision, True, 200
        try:
            return commands.run(self._cluster, name, args)
        except commands.CommandError as error:
            status = error.status
            raise
        finally:
            self.busy = False
            self._hear(Input(None, name, args, status, self._cluster.revision > before))

    def _hear(self, given: Input) -> None:
        self.inputs += 1
        for hear in self.listeners:
            hear(given)

    def observe(self, change: Any) -> None:
        """Nothing: it is no part that reacts."""

    def run(self, key: str) -> None:
        """Nothing is ever planned for it."""

    def dump(self) -> Any:
        return {"steps": self.steps, "inputs": self.inputs}

    def load(self, state: Any) -> None:
        self.steps, self.inputs = state["steps"], state["inputs"]


def is_looking(name: str, args: Mapping[str, Any]) -> bool:
    """Whether a command changes nothing."""
    return name in _LOOKING or (name == "etcd" and args.get("op") in _ETCD_LOOKING)
