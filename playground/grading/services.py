"""Handing in, grading in the background, grading again, the gradebook. Keyword-only; views translate."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from pathlib import PurePosixPath
from typing import Any

import orjson
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from . import catalogue, handin, livecluster
from .exercise import Answer, Exercise
from .models import ApiToken, Submission
from .runner import SetupFailed, grade

log = logging.getLogger(__name__)
MOST_STUDENTS = 500
MOST_BULK_FILES, MOST_BULK_BYTES = 5000, 50 * 1024 * 1024
_graders = ThreadPoolExecutor(max_workers=getattr(settings, "GRADERS", 1), thread_name_prefix="grader")
_running: dict[str, Future[dict[str, Any]]] = {}


class KeyReused(ValueError):
    """The idempotency key came with another answer before."""


def fingerprint(answer: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(answer, option=orjson.OPT_SORT_KEYS)).hexdigest()


def hand_in(
    *,
    exercise: Exercise,
    answer: Mapping[str, Any],
    student: str = "",
    token: ApiToken | None = None,
    key: str = "",
    seed: int | None = None,
) -> Submission:
    """A new submission, or the earlier one with this key. Raises KeyReused."""
    mark = fingerprint({"answer": answer, "student": student, "seed": seed})
    fields = {"student": student, "fingerprint": mark, "answer": dict(answer), "seed": seed}
    if not key:
        return Submission.objects.create(exercise=exercise.name, token=token, **fields)
    found, _ = Submission.objects.get_or_create(token=token, exercise=exercise.name, key=key, defaults=fields)
    if found.fingerprint != mark:
        raise KeyReused("this Idempotency-Key was used with another submission")
    return found


def encode(answer: Answer) -> dict[str, Any]:
    return {"files": dict(answer.files), "commands": list(answer.commands), "form": answer.form}


def _compute(exercise: Exercise, answer: Mapping[str, Any], seed: int | None) -> dict[str, Any]:
    """The verdict's document. Raises SetupFailed."""
    saved = livecluster.unpack(answer["cluster"]) if "cluster" in answer else None
    given = Answer(
        files=answer.get("files", {}), commands=answer.get("commands", ()), form=answer.get("form", "manifests")
    )
    return grade(exercise, given, seed=seed, saved=saved).document()


def work_on(submission: Submission, *, seconds: float) -> Submission:
    """Have it graded, wait so long for it. What is not done by then goes on; ask again."""
    if submission.state != Submission.QUEUED:
        return submission
    exercise = catalogue.find(submission.exercise)
    if exercise is None:
        return _finish(submission, problem=f'there is no exercise "{submission.exercise}" any more')
    name = str(submission.pk)
    future = _running.get(name)
    if future is None:
        future = _running[name] = _graders.submit(_compute, exercise, submission.answer, submission.seed)
    try:
        verdict = future.result(timeout=seconds)
    except Late:
        return submission
    except SetupFailed as error:
        _running.pop(name, None)
        return _finish(submission, problem=str(error))
    _running.pop(name, None)
    return _finish(submission, verdict=verdict)


def _finish(submission: Submission, *, verdict: dict[str, Any] | None = None, problem: str = "") -> Submission:
    submission.verdict, submission.problem = verdict, problem
    submission.state = Submission.FAILED if problem else Submission.DONE
    submission.finished = timezone.now()
    submission.save(update_fields=["verdict", "problem", "state", "finished"])
    return submission


def grade_again(submission: Submission) -> tuple[Submission, bool]:
    """(the submission with its new verdict, whether it is the same as before). Raises SetupFailed."""
    exercise = catalogue.find(submission.exercise)
    if exercise is None:
        return _finish(submission, problem=f'there is no exercise "{submission.exercise}" any more'), False
    verdict = _compute(exercise, submission.answer, submission.seed)
    same = verdict == submission.verdict
    return _finish(submission, verdict=verdict), same


def of_class(data: bytes) -> dict[str, Answer]:
    """The answers in a zip of a whole class: a folder, or a file, per student. Raises HandInError."""
    found: dict[str, dict[str, str]] = {}
    for path, text in handin.unzip(data, most_files=MOST_BULK_FILES, most_bytes=MOST_BULK_BYTES).items():
        parts = PurePosixPath(path).parts
        student = parts[0] if len(parts) > 1 else PurePosixPath(path).stem
        found.setdefault(student, {})["/".join(parts[1:]) or path] = text
    if len(found) > MOST_STUDENTS:
        raise handin.HandInError(f"more than {MOST_STUDENTS} students")
    return {student: handin.of_files(files) for student, files in sorted(found.items())}


def live(name: str) -> dict[str, Any]:
    """A live cluster, as it is now, for an answer. Raises ClusterUnknown."""
    return {"cluster": livecluster.pack(livecluster.saved(name)), "form": "cluster"}


def submissions(*, exercise: Exercise, students: Collection[str] | None = None) -> QuerySet[Submission]:
    """All to this exercise; of these students only, unless None."""
    found = Submission.objects.filter(exercise=exercise.name)
    return found if students is None else found.filter(student__in=students)


def gradebook_rows(*, exercises: Sequence[str], students: Collection[str] | None = None) -> list[dict[str, Any]]:
    """{"student", "exercise", "points"} of what has been graded; of these students only, unless None."""
    done = Submission.objects.filter(state=Submission.DONE, exercise__in=exercises).exclude(student="")
    if students is not None:
        done = done.filter(student__in=students)
    return [
        {"student": each.student, "exercise": each.exercise, "points": each.verdict["points"]}
        for each in done.only("student", "exercise", "verdict")
    ]
