"""The verdict: plain facts, and always the same bytes for the same exercise, answer and seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from . import saying
from .exercise import Check, Exercise

API_VERSION = "playground.dev/v1alpha1"


def said(message: str) -> dict[str, Any]:
    """How a message is put together, for those who show it in another language."""
    return {"said": saying.record(message)} if isinstance(message, saying.Said) else {}


@dataclass(frozen=True, slots=True)
class CheckResult:
    check: Check
    ok: bool
    points: float
    message: str
    evidence: Mapping[str, Any]

    def document(self) -> dict[str, Any]:
        check = self.check
        shown = {
            "name": check.name,
            "kind": check.kind,
            "passed": self.ok,
            "points": self.points,
            "maxPoints": check.points,
            "extra": check.extra,
            "hidden": check.hidden,
            "message": self.message,
            "evidence": self.evidence,
        }
        shown |= said(self.message)
        return {**shown, "hint": check.hint} if check.hint and not self.ok else shown


@dataclass(frozen=True)
class Verdict:
    """`message` tells why a grading ended early or was refused."""

    exercise: Exercise
    seed: int
    submission: str
    outcome: str
    """"refused", "budget", or "" when the checks decide."""
    message: str
    checks: Sequence[CheckResult]
    hand_in: Sequence[Mapping[str, Any]]
    timeline: Sequence[Mapping[str, Any]]
    seconds: float
    revision: int
    state_hash: str

    @property
    def points(self) -> float:
        return round(sum(each.points for each in self.checks), 4)

    @property
    def passed(self) -> bool:
        if self.outcome:
            return False
        if self.exercise.pass_points is not None:
            return self.points >= self.exercise.pass_points
        return all(each.ok for each in self.checks if not each.check.extra)

    def document(self, *, student: bool = False) -> dict[str, Any]:
        """As JSON. For students without a trace of hidden checks."""
        found = self._document()
        return for_student(found) if student else found

    def _document(self) -> dict[str, Any]:
        return {
            "apiVersion": API_VERSION,
            "kind": "Verdict",
            "exercise": {"name": self.exercise.name, "digest": self.exercise.digest},
            "submission": self.submission,
            "seed": self.seed,
            "outcome": self.outcome or ("passed" if self.passed else "failed"),
            "passed": self.passed,
            "points": self.points,
            "maxPoints": self.exercise.max_points,
            "message": self.message,
            **said(self.message),
            "checks": [each.document() for each in self.checks],
            "handIn": list(self.hand_in),
            "timeline": list(self.timeline),
            "virtualSeconds": self.seconds,
            "revision": self.revision,
            "stateHash": self.state_hash,
        }

    def encode(self, *, student: bool = False) -> bytes:
        return orjson.dumps(self.document(student=student), option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)


def for_student(document: Mapping[str, Any]) -> dict[str, Any]:
    """A verdict's document without a trace of hidden checks."""
    shown = [{key: each[key] for key in each if key != "hidden"} for each in document["checks"] if not each["hidden"]]
    return {**document, "checks": shown}
