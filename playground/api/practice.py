"""A new cluster made ready for a lesson or an exercise: its nodes, what it begins with, what has happened to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cluster_core.apiserver.request import ApiRequest, ApiResponse
from cluster_core.machinery.clock import SECOND
from cluster_core.models import Cluster
from cluster_core.simulation import assembly
from playground.classroom import owning
from playground.classroom.access import Who
from playground.engine.port import EngineError
from playground.grading.ground import SetupFailed, make_ready

from . import services


def begin(
    *, who: Who, prefix: str, cluster: Mapping[str, Any], setup: str = "", prepare: Sequence[Mapping[str, Any]] = ()
) -> str:
    """The name of the new cluster, PREFIX or PREFIX-2..., made ready as it is for a grading: time stands still meanwhile but
    for what settling takes. Raises EngineError; there is no new cluster then."""
    name = str(owning.make(who=who, wanted={"name": free_name(prefix), **cluster, "paused": True})["name"])
    ground = Live(name)
    try:
        make_ready(ground, setup, steps=prepare)
        ground.command("clock", {"action": "run"})
    except SetupFailed as error:
        owning.delete(cluster=name)
        raise EngineError(str(error), 409) from error
    except EngineError:
        owning.delete(cluster=name)
        raise
    return name


def free_name(wanted: str) -> str:
    taken = set(Cluster.objects.filter(name__startswith=wanted).values_list("name", flat=True))
    numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return wanted if wanted not in taken else next(name for name in numbered if name not in taken)


class Live:
    """A live cluster, as something to be made ready (`playground.grading.ground.Ground`). Raises EngineError."""

    kinds = assembly.kinds()

    def __init__(self, name: str) -> None:
        self._name = name

    def submit(self, request: ApiRequest) -> ApiResponse:
        return services.request(cluster=self._name, request=request)

    def command(self, name: str, args: Mapping[str, Any]) -> Any:
        return services.command(cluster=self._name, name=name, args=args)

    def apply(self, text: str) -> list[dict[str, Any]]:
        return services.apply(cluster=self._name, text=text, dry_run=False)

    def settle(self, seconds: float) -> None:
        self.command("clock", {"action": "settle", "seconds": seconds})

    def advance(self, seconds: float) -> None:
        self.command("clock", {"action": "advance", "seconds": seconds})

    def timestamp(self) -> str:
        now = self.command("state", {})["clock"]["now"] / SECOND
        return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
