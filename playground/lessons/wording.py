"""What of a lesson is text to read, and how it reads in the language of a request. Names of steps and checks stay."""

from __future__ import annotations

from typing import Any

from playground.grading.wording import of_check
from playground.translations import languages
from playground.translations.texts import Texts, without_empty

from .lesson import Lesson, Step


def texts(lesson: Lesson) -> dict[str, Any]:
    """All that a learner gets to read, in the lesson's own language: what a translation has to have."""
    return without_empty(
        {
            "title": lesson.title,
            "text": lesson.text,
            "topics": {topic: topic for topic in lesson.topics},
            "steps": {step.name: _of_step(step) for step in lesson.steps},
            "quiz": {each["question"]: {key: each[key] for key in _QUIZ if key in each} for each in lesson.quiz},
        }
    )


_QUIZ = ("question", "options", "why")


def _of_step(step: Step) -> dict[str, Any]:
    checks = {check.name: of_check(check) for check in step.checks}
    return {"name": step.name, "text": step.text, "hint": step.hint, "checks": checks}


def in_language(lesson: Lesson) -> Texts:
    """Its texts in the language of this request."""
    return languages.chosen(lesson.translations, texts(lesson))
