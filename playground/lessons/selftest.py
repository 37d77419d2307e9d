"""Does a lesson teach what it checks? Each step begins unsolved, its solution solves it, and its translations say the same."""

from __future__ import annotations

from collections.abc import Iterator

from playground.grading.ground import SetupFailed
from playground.translations import terms

from . import doing, wording
from .lesson import Lesson


def complaints(lesson: Lesson) -> list[str]:
    """What is wrong with the lesson, in words; empty when all is well."""
    found = list(terms.complaints(lesson.translations, wording.texts(lesson)))
    try:
        return [*found, *_of_steps(lesson)]
    except SetupFailed as error:
        return [*found, str(error)]


def _of_steps(lesson: Lesson) -> Iterator[str]:
    cluster = doing.begin(lesson)
    for step in lesson.steps:
        if doing.is_solved(step, cluster):
            yield f'"{step.name}" is solved before it is done'
        doing.do(cluster, step.solution)
        for looked in doing.look(step, cluster):
            if not looked.ok:
                yield f'the solution of "{step.name}" does not solve "{looked.name}": {looked.message}'
