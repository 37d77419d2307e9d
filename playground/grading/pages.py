"""The pages of exercises: a list, one exercise with its hand-in, and what became of a hand-in. They work without JavaScript."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from cluster_core.persistence.log import ClusterUnknown
from playground.api import practice
from playground.classroom import access
from playground.classroom.access import Action
from playground.engine.port import EngineError
from playground.pages.markdown import html

from . import catalogue, handin, saying, services, wording
from .access import may_hand_in, may_see, seconds_to_wait
from .exercise import Answer, Exercise
from .models import Submission
from .saying import Said
from .verdict import for_student

AT_ONCE = 2.0
"""Seconds a hand-in waits for its verdict before its page is shown without."""


@require_safe
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    """All exercises, easy ones first."""
    shown = [wording.exercise(each) for each in catalogue.exercises()]
    broken = catalogue.problems() if access.teaches_somewhere(request.who) else ()
    return render(request, "grading/index.html", {"exercises": shown, "broken": broken})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def exercise(request: HttpRequest, slug: str) -> HttpResponse:
    """One exercise. POST action=begin makes its cluster, action=submit hands in text, files or a cluster."""
    found = _find(slug)
    if request.method != "POST":
        return _page(request, found, cluster=request.GET.get("cluster", ""))
    return _begin(request, found) if request.POST.get("action") == "begin" else _hand_in(request, found)


def _find(slug: str) -> Exercise:
    found = catalogue.find(slug)
    if found is None:
        raise Http404(f"there is no exercise {slug}")
    return found


def _page(request: HttpRequest, found: Exercise, *, status: int = 200, **context: str) -> HttpResponse:
    shown = wording.exercise(found)
    starter = "---\n".join(text.strip() + "\n" for text in shown["starter"].values())
    starter = starter if not found.takes_commands_only else "".join(shown["starter"].values())
    text = {"commands_only": found.takes_commands_only, "description": html(shown["description"]), "text": context.get("text", starter)}
    return render(request, "grading/exercise.html", {"exercise": shown, **context, **text}, status=status)


def _begin(request: HttpRequest, found: Exercise) -> HttpResponse:
    cluster = {**found.cluster, "seed": found.seed}
    try:
        name = practice.begin(
            who=request.who, what=f"{practice.EXERCISE}/{found.name}", prefix=found.name, cluster=cluster, setup=found.setup, prepare=found.prepare
        )
    except EngineError as error:
        return _page(request, found, problem=str(error), status=error.code)
    return redirect(f"{reverse('cluster', args=[name])}?exercise={found.name}")


def _hand_in(request: HttpRequest, found: Exercise) -> HttpResponse:
    if seconds := seconds_to_wait(request):
        problem = _("Too many hand-ins: wait %(seconds)s seconds.") % {"seconds": seconds}
        page = _page(request, found, problem=problem, text=request.POST.get("text", ""), status=429)
        page.headers["Retry-After"] = str(seconds)
        return page
    if not (may := may_hand_in(request, found)):
        return _page(request, found, problem=may.reason, text=request.POST.get("text", ""), status=may.status)
    try:
        answer = _answer(request, found)
    except ClusterUnknown:
        problem = _("There is no cluster named %(name)s.") % {"name": request.POST["cluster"]}
        return _page(request, found, problem=problem, text=request.POST.get("text", ""), status=404)
    except handin.HandInError as error:
        return _page(request, found, problem=saying.here(error.args[0]), text=request.POST.get("text", ""), status=400)
    student = request.who.name if request.who.user else ""
    made = services.work_on(services.hand_in(exercise=found, answer=answer, student=student), seconds=AT_ONCE)
    return redirect(reverse("exercise-result", args=[found.name, made.pk]))


def _answer(request: HttpRequest, found: Exercise) -> dict[str, Any]:
    """What was handed in. Raises HandInError, ClusterUnknown."""
    if cluster := request.POST.get("cluster", ""):
        if not (access.local() or access.may(request.who, Action.EDIT, cluster)):
            raise ClusterUnknown(cluster)
        return services.live(cluster)
    if upload := request.FILES.get("file"):
        data = upload.read(handin.MAX_ARCHIVE + 1)
        if len(data) > handin.MAX_ARCHIVE:
            raise handin.HandInError(Said("the file is larger than %(most)s bytes", most=handin.MAX_ARCHIVE))
        if (upload.name or "").endswith(".zip"):
            return services.encode(handin.of_files(handin.unzip(data)))
        return services.encode(_of_text(_decoded(data), found, upload.name or ""))
    return services.encode(_of_text(request.POST.get("text", ""), found))


def _of_text(text: str, found: Exercise, name: str = "") -> Answer:
    """Manifests; commands where only these can be handed in, or the file is called so. Raises HandInError."""
    are_commands = name in handin.COMMANDS or found.takes_commands_only
    return handin.of_files({handin.COMMANDS[0]: text}) if are_commands else handin.of_text(text)


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise handin.HandInError(Said("the file is not text in UTF-8")) from error


@require_safe
@never_cache
def result(request: HttpRequest, slug: str, pk: uuid.UUID) -> HttpResponse:
    """What became of a hand-in; comes again by itself while it is being graded."""
    found = _find(slug)
    submission = Submission.objects.filter(pk=pk, exercise=found.name).first()
    if submission is None or not may_see(request, submission):
        raise Http404("there is no such submission")
    submission = services.work_on(submission, seconds=AT_ONCE)
    verdict = wording.verdict(for_student(submission.verdict), found) if submission.verdict else None
    waiting = submission.state == Submission.QUEUED
    shown = {"exercise": wording.exercise(found), "submission": submission, "verdict": verdict}
    response = render(request, "grading/result.html", shown)
    if waiting:
        response.headers["Refresh"] = "2"
    return response
