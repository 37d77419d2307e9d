"""Demos and live clusters: a demo replayed on a new cluster, a cluster recorded. Keyword-only; views translate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_core.machinery.clock import SECOND
from playground.api import practice
from playground.api import services as clusters
from playground.classroom import owning
from playground.classroom.access import Who
from playground.grading import services as grading
from playground.worker import adopting

from . import playing
from .demo import Demo, of_recording

Answer = dict[str, Any]


def replay(*, who: Who, demo: Demo, cluster: str) -> Answer:
    """A new, paused cluster, everything still to come. Raises CannotPlay and EngineError."""
    packed = grading.compute(_begun, demo, cluster)

    def adopted(name: str, limits: Mapping[str, float]) -> Answer:
        return clusters.adopt(name=name, packed=packed, limits=limits)

    answer = owning.begin(who=who, wished=cluster, how=adopted)
    return {"cluster": answer["name"], "revision": answer["revision"], "url": f"/clusters/{answer['name']}/"}


def _begun(demo: Demo, cluster: str) -> Answer:
    made = playing.begin(demo, cluster)
    return adopting.pack(made.save(), made)


def name_for(*, demo: Demo) -> str:
    """A name for the cluster on which a demo is replayed: with a number when the plain one is taken."""
    return practice.free_name(f"demo-{demo.name}"[:58].rstrip("-"))


def state(*, cluster: str) -> Answer:
    return clusters.command(cluster=cluster, name="demo-state")


def record(*, cluster: str, action: str) -> Answer:
    clusters.command(cluster=cluster, name="demo-record", args={"action": action})
    return state(cluster=cluster)


def caption(*, cluster: str, text: str) -> Answer:
    return clusters.command(cluster=cluster, name="demo-caption", args={"text": text})


def branch(*, cluster: str) -> Answer:
    clusters.command(cluster=cluster, name="demo-branch")
    return state(cluster=cluster)


def step(*, cluster: str) -> Answer:
    """On to the next step of the replay, which is done; time stands still then."""
    now = clusters.command(cluster=cluster, name="state")["clock"]["now"]
    told = state(cluster=cluster)["replay"]
    if told.get("nextAt") is not None:
        clusters.command(cluster=cluster, name="clock", args={"action": "pause"})
        seconds = max(0, told["nextAt"] + told["start"] - now) / SECOND
        clusters.command(cluster=cluster, name="clock", args={"action": "advance", "seconds": seconds})
    return state(cluster=cluster)


def recorded(*, cluster: str, name: str = "", title: str = "", description: str = "") -> Demo:
    """What has been recorded of a cluster. Raises EngineError."""
    told = clusters.command(cluster=cluster, name="demo-entries")
    name = name or cluster
    return of_recording(name=name, title=title or name, description=description, told=told)
