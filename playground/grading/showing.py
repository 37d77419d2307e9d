"""A submission as JSON, for its student or for teachers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from . import catalogue, saying, wording
from .models import Delivery, Submission
from .verdict import for_student


def submission(found: Submission, *, teacher: bool = False) -> dict[str, Any]:
    """Without a trace of hidden checks, unless for a teacher."""
    verdict = found.verdict
    if verdict is not None and not teacher:
        verdict = for_student(verdict)
    shown = {
        "id": str(found.pk),
        "exercise": found.exercise,
        "student": found.student,
        "state": found.state,
        "status": reverse("submission", args=[found.pk]),
        "verdict": verdict,
        "links": links(found, verdict),
        "texts": _texts(found, verdict),
        "message": saying.told(verdict.get("said", verdict["message"])) if verdict else "",
        "problem": found.problem,
    }
    delivery = getattr(found, "delivery", None)
    return shown | {"webhook": _webhook(delivery)} if delivery else shown


def _texts(found: Submission, verdict: Mapping[str, Any] | None) -> dict[str, dict[str, str]]:
    """Of each check what people read of it, in the language of the request: the verdict is the same in every language."""
    exercise = catalogue.find(found.exercise)
    if verdict is None or exercise is None:
        return {}
    told = [wording.check(each, exercise) for each in verdict["checks"]]
    return {each["name"]: {key: each[key] for key in ("title", "message", "hint") if key in each} for each in told}


def links(found: Submission, verdict: Mapping[str, Any] | None) -> dict[str, str]:
    """Of each check that was looked at: where the graded cluster can be seen as the check found it."""
    checks = verdict["checks"] if verdict and verdict["outcome"] != "refused" else ()
    return {check["name"]: link(found, check["name"]) for check in checks}


def link(found: Submission, check: str) -> str:
    return f"{reverse('moment', args=[found.pk])}?{urlencode({'check': check})}"


def _webhook(delivery: Delivery) -> dict[str, Any]:
    return {
        "url": delivery.url,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "next": delivery.due.isoformat() if delivery.state == Delivery.WAITING else None,
        "problem": delivery.problem,
    }
