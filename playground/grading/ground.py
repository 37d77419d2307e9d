"""What is done to a cluster before anybody works on it, and beside: set-ups, preparations, solutions, faults.

One order and one bound for lessons, exercises tried live, and gradings, so that all of them find the same cluster. A ground
is a cluster in this process (`Here`) or a live one (`playground.api.practice`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from cluster_core.apiserver.kind import Kind
from cluster_core.apiserver.request import ApiRequest, ApiResponse
from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.commands import CommandError

from . import handin
from .commands import Kubectl, Refused

SETTLING = 900.0
"""Virtual seconds for what was done to take effect."""
COMING_UP = 60.0
"""And then for programs to begin to listen: with nobody waiting for it a settled cluster has nothing planned for that."""


class SetupFailed(ValueError):
    """The cluster refuses what a lesson or an exercise itself does: that is wrong, not the student's answer."""


class Ground(Protocol):
    """A cluster that something is done to."""

    @property
    def kinds(self) -> Iterable[Kind]: ...

    def submit(self, request: ApiRequest) -> ApiResponse: ...

    def command(self, name: str, args: Mapping[str, Any]) -> Any: ...

    def apply(self, text: str) -> list[dict[str, Any]]:
        """As kubectl apply -f; one result per document."""

    def settle(self, seconds: float) -> Any: ...

    def advance(self, seconds: float) -> Any: ...

    def timestamp(self) -> str: ...


class Here:
    """A cluster in this process."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.submit, self.command = cluster.submit, cluster.command
        self.settle, self.advance = cluster.settle, cluster.advance

    @property
    def kinds(self) -> Iterable[Kind]:
        found: Iterable[Kind] = self._cluster.server.kinds
        return found

    def apply(self, text: str) -> list[dict[str, Any]]:
        return handin.apply(self._cluster, text)

    def timestamp(self) -> str:
        return str(self._cluster.clock.timestamp())


def make_ready(
    ground: Ground,
    manifests: str = "",
    commands: Sequence[str] = (),
    steps: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Manifests, kubectl commands, then steps of the simulation, each after what came before has settled; settled at the
    end. Raises SetupFailed, and what a live ground raises."""
    try:
        if manifests:
            do(ground, {"apply": manifests})
        for line in commands:
            do(ground, {"kubectl": line})
        ground.settle(SETTLING)
        for step in steps:
            do(ground, step)
            ground.settle(SETTLING)
        ground.advance(COMING_UP)
    except (CommandError, Refused) as error:
        raise SetupFailed(str(error)) from error


def do(ground: Ground, step: Mapping[str, Any]) -> None:
    """One thing: {"apply": YAML}, {"kubectl": a line} or {"command", "args"}. Raises Refused, CommandError, and what a live
    ground raises."""
    if "apply" in step:
        for result in ground.apply(step["apply"]):
            if result["status"] == "error":
                raise Refused(f"line {result['line']}: {result['kind']} {result['name']}: {result['message']}")
    elif "kubectl" in step:
        Kubectl(ground, {}).run(step["kubectl"])
    else:
        ground.command(step["command"], step.get("args", {}))
