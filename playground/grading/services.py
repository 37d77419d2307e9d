"""Handing in, grading in the background, grading again, the gradebook. Keyword-only; views translate."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from concurrent.futures import TimeoutError as Late
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import PurePosixPath
from threading import Lock
from typing import Any

import orjson
from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from cluster_core.simulation.saved import Saved, from_json, to_json

from . import catalogue, clerk, destinations, handin, livecluster, pool
from .exercise import Answer, Exercise
from .ground import SetupFailed
from .models import ApiToken, Delivery, Submission

log = logging.getLogger(__name__)
MOST_STUDENTS, MOST_NAME = 500, 150
MOST_BULK_FILES, MOST_BULK_BYTES = 5000, 50 * 1024 * 1024
_running: dict[str, Future[dict[str, Any]]] = {}
_starting = Lock()
_CLAIM = timedelta(seconds=60)


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
    sender: str = "",
    key: str = "",
    seed: int | None = None,
    webhook: str = "",
) -> Submission:
    """A new submission, or the sender's earlier one with this key. Raises KeyReused and WebhookRefused."""
    if webhook:
        destinations.check(webhook)
    mark = fingerprint(
        {"answer": answer, "student": student, "seed": seed, **({"webhook": webhook} if webhook else {})}
    )
    fields = {"student": student, "fingerprint": mark, "answer": dict(answer), "seed": seed, "taken": _claimed(), "token": token}
    with transaction.atomic():
        if key:
            unique = {"sender": sender, "exercise": exercise.name, "key": key}
            found, new = Submission.objects.get_or_create(**unique, defaults=fields)
        else:
            found, new = Submission.objects.create(exercise=exercise.name, sender=sender, **fields), True
        if new and webhook:
            Delivery.objects.create(submission=found, url=webhook)
    if found.fingerprint != mark:
        raise KeyReused("this Idempotency-Key was used with another submission")
    return found


def _claimed() -> datetime:
    return timezone.now() + _CLAIM


def encode(answer: Answer) -> dict[str, Any]:
    return {"files": dict(answer.files), "commands": list(answer.commands), "form": answer.form}


def decode(answer: Mapping[str, Any]) -> tuple[Answer, Saved | None]:
    """(what was handed in, the live cluster it was handed in with)."""
    rest = {key: answer[key] for key in ("files", "commands", "form") if key in answer}
    return Answer(**rest), from_json(answer["cluster"]) if "cluster" in answer else None


def _verdict(exercise: Exercise, answer: Mapping[str, Any], seed: int | None) -> dict[str, Any]:
    """The verdict's document. Raises SetupFailed."""
    given, saved = decode(answer)
    return pool.do(pool.Job(exercise, given, seed, saved)).document()


@lru_cache(1)
def _graders() -> Executor:
    return pool.executor(settings.GRADERS)


def compute(work: Callable[..., Any], *args: Any) -> Any:
    """Do something long where gradings are done."""
    return _submit(work, *args).result()


def _submit(work: Callable[..., Any], *args: Any) -> Future[Any]:
    try:
        return _graders().submit(work, *args)
    except BrokenExecutor:  # a grader was killed: begin with new ones
        _graders.cache_clear()
        return _graders().submit(work, *args)


def work_on(submission: Submission, *, seconds: float) -> Submission:
    """Have it graded, wait so long for it. What is not done by then goes on; ask again."""
    if submission.state != Submission.QUEUED:
        return submission
    exercise = catalogue.find(submission.exercise)
    if exercise is None:
        return _finish(submission, problem=f'there is no exercise "{submission.exercise}" any more')
    try:
        verdict = _begun(exercise, submission).result(timeout=seconds)
    except Late:
        return submission
    except BrokenExecutor:
        log.warning("submission %s: its grader was killed; it is graded again", submission.pk)
        _running.pop(str(submission.pk), None)
        return submission
    except SetupFailed as error:
        return _finish(submission, problem=str(error))
    except Exception:
        log.exception("submission %s cannot be graded", submission.pk)
        return _finish(submission, problem="the grading itself failed; the log of this installation says why")
    return _finish(submission, verdict=verdict)


def _begun(exercise: Exercise, submission: Submission) -> Future[dict[str, Any]]:
    name = str(submission.pk)
    with _starting:
        future = _running.get(name)
        if future is None:
            future = _running[name] = _submit(_verdict, exercise, submission.answer, submission.seed)
            future.add_done_callback(lambda _: clerk.wake(clerk.GRADING))
    return future


def _finish(submission: Submission, *, verdict: dict[str, Any] | None = None, problem: str = "") -> Submission:
    submission.verdict, submission.problem = verdict, problem
    submission.points = verdict["points"] if verdict else None
    submission.state = Submission.FAILED if problem else Submission.DONE
    submission.finished = timezone.now()
    submission.save(update_fields=["verdict", "points", "problem", "state", "finished"])
    _running.pop(str(submission.pk), None)
    clerk.wake(clerk.WEBHOOKS)
    return submission


def tend() -> float:
    """Grade what waits though nobody asks for it: what this process has begun, and what no process has any more (it
    was restarted). Answers in how many seconds to look again."""
    mine = list(_running)
    queued = Submission.objects.filter(state=Submission.QUEUED)
    queued.filter(pk__in=mine).update(taken=_claimed())
    orphans = [pk for pk in queued.filter(taken__lte=timezone.now()).values_list("pk", flat=True) if _take(pk)]
    for pk in [*(name for name in mine if (begun := _running.get(name)) and begun.done()), *orphans]:
        found = Submission.objects.filter(pk=pk).first()
        if found is not None:
            work_on(found, seconds=0)
        if found is None or found.state != Submission.QUEUED:
            _running.pop(str(pk), None)
    return _CLAIM.total_seconds() / 3


def _take(pk: Any) -> bool:
    """Whether it is this process that grades it now."""
    free = Submission.objects.filter(pk=pk, state=Submission.QUEUED, taken__lte=timezone.now())
    return bool(free.update(taken=_claimed()))


def grade_again(submission: Submission) -> tuple[Submission, bool]:
    """(the submission with its new verdict, whether it is the same as before). Raises SetupFailed."""
    exercise = catalogue.find(submission.exercise)
    if exercise is None:
        return _finish(submission, problem=f'there is no exercise "{submission.exercise}" any more'), False
    verdict = compute(_verdict, exercise, submission.answer, submission.seed)
    same = verdict == submission.verdict
    return _finish(submission, verdict=verdict), same


def of_class(data: bytes) -> tuple[dict[str, Answer], dict[str, str]]:
    """(the answers in a zip of a whole class, a folder, or a file, per student; what is wrong with the others'). Raises
    HandInError."""
    found: dict[str, dict[str, str]] = {_student(path): {} for path in handin.names(data)}
    for path, text in handin.unzip(data, most_files=MOST_BULK_FILES, most_bytes=MOST_BULK_BYTES).items():
        found[_student(path)]["/".join(PurePosixPath(path).parts[1:]) or path] = text
    if not found:
        raise handin.HandInError("the archive is empty")
    if len(found) > MOST_STUDENTS:
        raise handin.HandInError(f"more than {MOST_STUDENTS} students")
    answers: dict[str, Answer] = {}
    problems: dict[str, str] = {}
    for student, files in sorted(found.items()):
        try:
            answers[student] = handin.of_files(files)
        except handin.HandInError as error:
            problems[student] = str(error)
    return answers, problems


def _student(path: str) -> str:
    parts = PurePosixPath(path).parts
    return (parts[0] if len(parts) > 1 else PurePosixPath(path).stem)[:MOST_NAME]


def hand_in_class(*, exercise: Exercise, answers: Mapping[str, Answer], webhook: str = "") -> list[Submission]:
    """All or nothing. Raises WebhookRefused."""
    with transaction.atomic():
        return [
            hand_in(exercise=exercise, answer=encode(answer), student=student, webhook=webhook)
            for student, answer in answers.items()
        ]


def live(name: str) -> dict[str, Any]:
    """A live cluster, as it is now, for an answer. Raises ClusterUnknown."""
    return {"cluster": to_json(livecluster.saved(name)), "form": "cluster"}


def submissions(*, exercise: Exercise, visible: Q) -> QuerySet[Submission]:
    """Those to this exercise that somebody may see, the first ones first; without what was handed in, which may be large."""
    found = Submission.objects.filter(visible, exercise=exercise.name)
    return found.select_related("delivery").defer("answer").order_by("created", "pk")


def gradebook_rows(*, exercises: Sequence[str], students: Collection[str] | None = None) -> list[dict[str, Any]]:
    """{"student", "exercise", "points"}: the best of each; of these students only, unless None."""
    done = Submission.objects.filter(state=Submission.DONE, exercise__in=exercises).exclude(student="")
    if students is not None:
        done = done.filter(student__in=students)
    return list(done.order_by().values("student", "exercise").annotate(points=Max("points")))
