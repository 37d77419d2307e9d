"""Doing a lesson: its cluster, its checks looked at, its solutions. Pure: on clusters in this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.saved import ClusterSpec
from playground.grading.checks import KINDS, View
from playground.grading.ground import Here, make_ready

from . import machines
from .lesson import Lesson, Step


class Looked(NamedTuple):
    """What a check found."""

    name: str
    ok: bool
    message: str


def begin(lesson: Lesson) -> Cluster:
    """A cluster as the lesson begins with. Raises SetupFailed."""
    cluster = Cluster.create(ClusterSpec(f"lesson-{lesson.slug}", **lesson.cluster))
    do(cluster, {"manifests": lesson.setup, "simulate": lesson.prepare})
    return cluster


def do(cluster: Cluster, what: Mapping[str, Any]) -> None:
    """Manifests, kubectl commands, what is done on machines, and steps of the simulation, in this order. Raises SetupFailed."""
    make_ready(Here(cluster), what.get("manifests", ""), what.get("commands", ()))
    for each in what.get("machine", ()):
        machines.do(cluster, each)
    make_ready(Here(cluster), steps=what.get("simulate", ()))


def look(step: Step, cluster: Cluster) -> list[Looked]:
    """What the step's checks find in the cluster as it is now."""
    view = View(cluster)
    found = [(check, KINDS[check.kind].evaluate(check.spec, view)) for check in step.checks]
    return [Looked(check.name, finding.ok, finding.message) for check, finding in found]


def is_solved(step: Step, cluster: Cluster) -> bool:
    return all(each.ok for each in look(step, cluster))
