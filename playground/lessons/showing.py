"""A lesson as people see it: its texts as HTML, its steps with what their checks find in a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_core.simulation.cluster import Cluster
from playground.pages.markdown import html

from . import doing
from .loading import Lesson, Step


def lesson(found: Lesson, cluster: Cluster | None) -> dict[str, Any]:
    """Without a cluster no step has checks and none is solved."""
    steps = [_step(each, cluster) for each in found.steps]
    return {
        "slug": found.slug,
        "title": found.title,
        "minutes": found.minutes,
        "topics": list(found.topics),
        "text": html(found.text),
        "steps": steps,
        "solved": sum(1 for each in steps if each["solved"]),
        "quiz": [dict(each) for each in found.quiz],
    }


def _step(step: Step, cluster: Cluster | None) -> dict[str, Any]:
    looked = doing.look(step, cluster) if cluster is not None else []
    return {
        "name": step.name,
        "text": html(step.text),
        "hint": step.hint,
        "checks": [each._asdict() for each in looked],
        "solved": bool(looked) and all(each.ok for each in looked),
        "solution": "\n".join(filter(None, _solution(step.solution))),
    }


def _solution(solution: Mapping[str, Any]) -> list[str]:
    simulated = [_simulated(each) for each in solution.get("simulate", ())]
    return [solution.get("manifests", "").strip(), *solution.get("commands", ()), *simulated]


def _simulated(step: Mapping[str, Any]) -> str:
    """A command of the simulation as a line to read: `clock advance 360`."""
    if "apply" in step:
        return str(step["apply"]).strip()
    return " ".join(["#", step["command"], *(str(value) for value in step.get("args", {}).values())])
