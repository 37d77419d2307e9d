"""A lesson as people see it: its texts as HTML, its steps with what their checks find in a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

from cluster_core.simulation.cluster import Cluster
from playground.grading import saying
from playground.pages.markdown import html, inline
from playground.translations.texts import Texts

from . import doing, machines, wording
from .lesson import Lesson, Step


def facts(found: Lesson) -> dict[str, Any]:
    """What a list of lessons tells of one, in the language of this request."""
    said = wording.in_language(found)
    topics = [said["topics"][topic] for topic in found.topics]
    return {"slug": found.slug, "title": said["title"], "minutes": found.minutes, "topics": topics}


def lesson(found: Lesson, cluster: Cluster | None) -> dict[str, Any]:
    """In the language of this request. Without a cluster no step has checks and none is solved."""
    said = wording.in_language(found)
    steps = [_step(each, said["steps"][each.name], cluster) for each in found.steps]
    return {
        **facts(found),
        "text": html(said.get("text", "")),
        "steps": steps,
        "solved": sum(1 for each in steps if each["solved"]),
        "quiz": [{**each, **said["quiz"][each["question"]]} for each in found.quiz],
    }


def _step(step: Step, said: Texts, cluster: Cluster | None) -> dict[str, Any]:
    """`title`s are for reading; `name`s are the same in every language."""
    looked = doing.look(step, cluster) if cluster is not None else []
    return {
        "name": step.name,
        "title": said["name"],
        "text": html(said.get("text", "")),
        "hint": inline(said.get("hint", "")),
        "checks": [_check(each, said["checks"][each.name]) for each in looked],
        "solved": bool(looked) and all(each.ok for each in looked),
        "solution": "\n".join(filter(None, _solution(step.solution))),
    }


def _check(looked: doing.Looked, said: Texts) -> dict[str, Any]:
    return {"name": looked.name, "title": said["name"], "ok": looked.ok, "message": saying.here(looked.message)}


def _solution(solution: Mapping[str, Any]) -> list[str]:
    simulated = [_simulated(each) for each in solution.get("simulate", ())]
    typed = [line for node, lines in groupby(solution.get("machine", ()), itemgetter("node")) for line in _typed(node, lines)]
    return [solution.get("manifests", "").strip(), *solution.get("commands", ()), *typed, *simulated]


def _typed(node: str, lines: Iterable[Mapping[str, Any]]) -> list[str]:
    """What is typed in a terminal on one machine."""
    return [f"# {node}", *(machines.line(each) for each in lines)]


def _simulated(step: Mapping[str, Any]) -> str:
    """A command of the simulation as a line to read: `clock advance 360`."""
    if "apply" in step:
        return str(step["apply"]).strip()
    return " ".join(["#", step["command"], *(str(value) for value in step.get("args", {}).values())])
