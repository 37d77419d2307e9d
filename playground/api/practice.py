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
from playground.classroom.models import Ownership
from playground.engine.port import EngineError
from playground.grading import catalogue
from playground.grading.ground import SetupFailed, make_ready
from playground.lessons import loading as lessons

from . import services

EXERCISE, LESSON = "exercise", "lesson"


def begin(
    *, who: Who, what: str, prefix: str, cluster: Mapping[str, Any], setup: str = "", prepare: Sequence[Mapping[str, Any]] = ()
) -> str:
    """The name of the new cluster, PREFIX or PREFIX-2..., for what is EXERCISE/NAME or LESSON/NAME, made ready as it is for a grading: time stands still meanwhile but
    for what settling takes. Raises EngineError; there is no new cluster then."""
    name = str(owning.make(who=who, wanted={"name": free_name(prefix), **cluster, "paused": True})["name"])
    try:
        _make_ready(name, setup, prepare)
    except EngineError:
        owning.delete(cluster=name)
        raise
    Ownership.objects.filter(cluster=name).update(begun=what)
    return name


def reset(*, cluster: str) -> dict[str, Any]:
    """As it was when it was made, and made ready again if it was. Raises EngineError."""
    begun = Ownership.objects.filter(cluster=cluster).values_list("begun", flat=True).first() or ""
    kind, _, name = begun.partition("/")
    found = catalogue.find(name) if kind == EXERCISE else lessons.find(name) if kind == LESSON else None
    made = owning.reset(cluster=cluster, paused=found is not None)
    if found is not None:
        _make_ready(cluster, found.setup, found.prepare)
    return made


def _make_ready(name: str, setup: str, prepare: Sequence[Mapping[str, Any]]) -> None:
    ground = Live(name)
    try:
        make_ready(ground, setup, steps=prepare)
    except SetupFailed as error:
        raise EngineError(str(error), 409) from error
    ground.command("clock", {"action": "run"})


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
