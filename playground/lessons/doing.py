"""Doing a lesson: its cluster, its checks looked at, its solutions. Pure: on clusters in this process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.saved import ClusterSpec
from playground.grading import handin
from playground.grading.checks import KINDS, View
from playground.grading.commands import Kubectl

from .lesson import Lesson, Step

SETTLING = 900.0
"""Virtual seconds for what was done to take effect."""


class Looked(NamedTuple):
    """What a check found."""

    name: str
    ok: bool
    message: str


class SolutionFailed(ValueError):
    """The cluster refuses what a lesson's set-up or solution does."""


def begin(lesson: Lesson) -> Cluster:
    """A cluster as the lesson begins with. Raises SolutionFailed."""
    cluster = Cluster.create(ClusterSpec(f"lesson-{lesson.slug}", **lesson.cluster))
    do(cluster, {"manifests": lesson.setup, "simulate": lesson.prepare})
    return cluster


def do(cluster: Cluster, what: Mapping[str, Any]) -> None:
    """Manifests, kubectl commands and commands of the simulation, in this order. Raises SolutionFailed, and what the
    commands raise."""
    if what.get("manifests"):
        _apply(cluster, what["manifests"])
    for line in what.get("commands", ()):
        Kubectl(cluster, {}).run(line)
    for each in what.get("simulate", ()):
        cluster.settle(SETTLING)
        if "apply" in each:
            _apply(cluster, each["apply"])
        else:
            cluster.command(each["command"], each.get("args", {}))
    cluster.settle(SETTLING)


def _apply(cluster: Cluster, text: str) -> None:
    for result in handin.apply(cluster, text):
        if result["status"] == "error":
            raise SolutionFailed(f"line {result['line']}: {result['message']}")


def look(step: Step, cluster: Cluster) -> list[Looked]:
    """What the step's checks find in the cluster as it is now."""
    view = View(cluster)
    found = [(check, KINDS[check.kind].evaluate(check.spec, view)) for check in step.checks]
    return [Looked(check.name, finding.ok, finding.message) for check, finding in found]


def is_solved(step: Step, cluster: Cluster) -> bool:
    return all(each.ok for each in look(step, cluster))
