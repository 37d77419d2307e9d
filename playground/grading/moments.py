"""A graded cluster to look at: as it was when a check failed (or at the end), with its history, paused.

A grading is the same every time, so it is done once more up to that moment and handed to the worker as a cluster.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from playground.api import services as clusters
from playground.classroom import owning
from playground.classroom.access import Who
from playground.engine.port import NameTaken
from playground.worker import adopting

from . import catalogue, runner, services
from .exercise import Exercise
from .models import Submission


class NoMoment(ValueError):
    """There is nothing to look at."""


class ExerciseChanged(ValueError):
    """The verdict is about the exercise as it was; graded again, there will be a moment to look at."""


def show(*, who: Who, submission: Submission, verdict: Mapping[str, Any] | None, check: str) -> dict[str, Any]:
    """{"cluster", "revision", "url"}; the cluster is made when they have not asked before. `verdict`: what the one who
    asks may see of it. Raises NoMoment, ExerciseChanged and EngineError."""
    found = next((each for each in verdict["checks"] if each["name"] == check), None) if verdict else None
    if verdict is None or found is None or "revision" not in found["evidence"]:
        raise NoMoment(f'no check "{check}" has been looked at')
    name, revision = name_of(who, submission, check), found["evidence"]["revision"]
    if not clusters.exists(cluster=name):
        _make(name, who, submission, check)
    return {"cluster": name, "revision": revision, "url": f"/clusters/{name}/?revision={revision}"}


def name_of(who: Who, submission: Submission, check: str) -> str:
    """The same moment, the same name; where there are accounts, each looks at a cluster of their own."""
    text = f"{submission.pk} {check} {submission.verdict['stateHash']} {who.user or ''}".strip()
    return f"graded-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _make(name: str, who: Who, submission: Submission, check: str) -> None:
    packed = services.compute(_again, _exercise(submission), submission.answer, check, submission.seed)

    def adopted(name: str, limits: Mapping[str, float]) -> dict[str, Any]:
        return clusters.adopt(name=name, packed=packed, limits=limits)

    try:
        owning.begin(who=who, wished=name, how=adopted, exact=True)
    except NameTaken:
        return  # somebody else asked at the same time


def _exercise(submission: Submission) -> Exercise:
    found = catalogue.find(submission.exercise)
    if found is None or found.digest != submission.verdict["exercise"]["digest"]:
        raise ExerciseChanged("the exercise has changed since; have it graded again")
    return found


def _again(exercise: Exercise, answer: Mapping[str, Any], check: str, seed: int | None) -> dict[str, Any]:
    given, saved = services.decode(answer)
    return adopting.pack(*runner.moment(exercise, given, check, seed=seed, saved=saved))
