"""Does an exercise grade as it should? Its reference passes, its starter and its wrong answers do not; and its translations say
the same as it does, as far as that can be told."""

from __future__ import annotations

from collections.abc import Iterator

from playground.translations import terms

from . import wording
from .exercise import Answer, Exercise
from .ground import SetupFailed
from .runner import grade
from .verdict import Verdict


def complaints(exercise: Exercise) -> list[str]:
    """What is wrong with the exercise, in words; empty when all is well."""
    try:
        return list(_complaints(exercise))
    except SetupFailed as error:
        return [str(error)]


def _complaints(exercise: Exercise) -> Iterator[str]:
    yield from terms.complaints(exercise.translations, wording.texts(exercise))
    if exercise.reference is None:
        yield "there is no reference answer"
    else:
        verdict = grade(exercise, exercise.reference)
        if not verdict.passed:
            yield f"the reference answer does not pass: {reasons(verdict)}"
        for check in verdict.checks:
            if check.check.extra and not check.ok:
                yield f'the reference answer does not earn the extra credit "{check.check.name}": {check.message}'
    if grade(exercise, exercise.starter or Answer()).passed:
        yield "the starter passes" if exercise.starter else "handing in nothing passes"
    for wrong in exercise.wrong:
        yield from _of_wrong(exercise, wrong)
    if "cluster" in exercise.forms:
        yield from _unseen(exercise)


def _unseen(exercise: Exercise) -> Iterator[str]:
    """What a live cluster does not show when it is handed in: its past."""
    drop = "leave cluster out of handIn.forms"
    if exercise.forbidden.verbs and not exercise.forbidden.names_anything:
        yield f"forbidden verbs leave no trace in a live cluster: name kinds or objects too, or {drop}"
    for check in exercise.checks:
        if check.timing.mode == "always" and not check.timing.after and not exercise.faults:
            yield f'"{check.name}" must hold always, but a live cluster has its past behind it when it is handed in: {drop}'


def _of_wrong(exercise: Exercise, wrong: Answer) -> Iterator[str]:
    verdict = grade(exercise, wrong)
    if verdict.passed:
        yield f'the wrong answer "{wrong.name}" passes'
    if wrong.refused != (verdict.outcome == "refused"):
        yield f'the wrong answer "{wrong.name}" is {"not " if wrong.refused else ""}refused: {verdict.message}'
    failing = {check.check.name for check in verdict.checks if not check.ok}
    for name in wrong.fails:
        if name not in failing:
            yield f'the wrong answer "{wrong.name}" does not fail the check "{name}"'


def reasons(verdict: Verdict) -> str:
    """Why a verdict is not a pass, in one line."""
    wrong = [f"{each.check.name}: {each.message}" for each in verdict.checks if not each.ok]
    refused = [
        f"{each.get('kind') or each.get('command', '')} {each.get('name', '')}: {each['message']}"
        for each in verdict.hand_in
        if each["status"] == "error"
    ]
    return "; ".join(filter(None, [verdict.message, *wrong, *refused]))
