"""Demos done in this process: their clusters, scripts made into recordings, and whether a replay ends as it should. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cluster_core.machinery.clock import SECOND
from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.commands import CommandError
from cluster_core.simulation.recording import unpack_saved
from playground.grading.commands import Refused
from playground.grading.ground import Here, do

from .demo import Demo, of_recording

_BUDGET = 2_000_000
"""Agenda entries a demo may take."""
AFTERWARDS = 30.0
"""Seconds a script goes on after its last step when it does not say."""


class CannotPlay(ValueError):
    """The cluster refuses what a script does, or it takes too long."""


def begin(demo: Demo, name: str) -> Cluster:
    """The cluster as the demo begins with, everything still to come. Raises CannotPlay."""
    recorded = demo if not demo.is_script else record(demo)
    cluster = _cluster(recorded, name)
    cluster.replay.begin(recorded.entries(), recorded.title)
    return cluster


def _cluster(demo: Demo, name: str) -> Cluster:
    if not demo.begin:
        return Cluster.create(demo.spec(name))
    saved = unpack_saved(demo.begin)
    return Cluster.load(saved._replace(spec=replace(saved.spec, name=name)))


def finish(cluster: Cluster, demo: Demo) -> None:
    """Play to the very moment at which the recording ended. Raises CannotPlay."""
    end = cluster.clock.start + round(demo.seconds * SECOND)
    most = demo.end.get("after", _BUDGET)
    while cluster.replay.is_pending or cluster.outside.steps < most:
        if cluster.outside.steps > _BUDGET:
            raise CannotPlay(f"does not end within {_BUDGET} steps")
        if not cluster.run(end, 1):
            return


def record(script: Demo) -> Demo:
    """The recording of what people wrote. Raises CannotPlay."""
    cluster = _cluster(script, script.name)
    cluster.recorder.start()
    for number, step in enumerate(script.steps, 1):
        _pass(cluster, step["at"])
        before = len(cluster.recorder.entries)
        try:
            _do(cluster, step)
        except (CommandError, Refused) as error:
            raise CannotPlay(f"step {number}: {error}") from error
        if step.get("caption") and len(cluster.recorder.entries) > before:
            first = cluster.recorder.entries[before]
            cluster.recorder.entries[before] = {**first, "caption": step["caption"]}
    _pass(cluster, script.end.get("at", script.seconds + AFTERWARDS))
    cluster.recorder.stop()
    told = cluster.command("demo-entries", {})
    return of_recording(name=script.name, title=script.title, description=script.description, told=told)


def _pass(cluster: Cluster, seconds: float) -> None:
    if cluster.run(cluster.clock.start + round(seconds * SECOND), _BUDGET):
        raise CannotPlay(f"does not reach {seconds:g} s within {_BUDGET} steps")


def _do(cluster: Cluster, step: Mapping[str, Any]) -> None:
    """One step of a script. Raises CommandError and Refused."""
    if "request" in step:
        raise Refused("a recorded request cannot stand beside apply and kubectl")
    do(Here(cluster), step)


def complaints(demo: Demo) -> list[str]:
    """What is wrong with a demo, in words: it cannot be played, or does not end in the state it was recorded with."""
    try:
        recorded = record(demo) if demo.is_script else demo
        cluster = begin(recorded, recorded.name)
        finish(cluster, recorded)
    except (CannotPlay, ValueError) as error:
        return [str(error)]
    wanted = recorded.end.get("hash")
    if cluster.replay.is_pending:
        return ["it ends before its last step"]
    if wanted and cluster.state_hash() != wanted:
        return [f"it ends in state {cluster.state_hash()}, and was recorded with {wanted}"]
    return []
