"""The pages of lessons, which work without JavaScript, and their REST, which the panel on a cluster's page asks."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cluster_core.persistence.log import ClusterUnknown
from cluster_core.simulation.cluster import Cluster
from playground.api import practice
from playground.api.serializers import Problem
from playground.classroom import access, allowed
from playground.classroom.access import Action
from playground.engine.port import EngineError
from playground.grading import livecluster

from . import loading, showing
from .lesson import Lesson


@require_safe
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    """All lessons."""
    shown = [showing.facts(each) for each in loading.lessons()]
    broken = loading.problems() if access.teaches_somewhere(request.who) else ()
    return render(request, "lessons/index.html", {"lessons": shown, "broken": broken})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def lesson(request: HttpRequest, slug: str) -> HttpResponse:
    """One lesson. POST begins it on a new cluster; ?cluster=NAME looks at that cluster."""
    found = _find(slug)
    if request.method == "POST":
        return _begin(request, found)
    return _page(request, found, request.GET.get("cluster", ""))


def _find(slug: str) -> Lesson:
    found = loading.find(slug)
    if found is None:
        raise Http404(f"there is no lesson {slug}")
    return found


def _begin(request: HttpRequest, found: Lesson) -> HttpResponse:
    """Make the lesson's cluster and open it, the lesson beside it."""
    try:
        name = practice.begin(
            who=request.who,
            what=f"{practice.LESSON}/{found.slug}",
            prefix=f"lesson-{found.slug}",
            cluster=found.cluster,
            setup=found.setup,
            prepare=found.prepare,
        )
    except EngineError as error:
        return _page(request, found, "", problem=str(error), status=error.code)
    return redirect(f"{reverse('cluster', args=[name])}?lesson={found.slug}")


def _page(request: HttpRequest, found: Lesson, name: str, *, problem: str = "", status: int = 200) -> HttpResponse:
    cluster = None
    if name and not (access.local() or access.may(request.who, Action.VIEW, name)):
        problem, name = _("There is no cluster named %(name)s.") % {"name": name}, ""
    if name:
        try:
            cluster = Cluster.load(livecluster.saved(name))
        except ClusterUnknown:
            problem, name = _("There is no cluster named %(name)s.") % {"name": name}, ""
    shown = showing.lesson(found, cluster)
    shown["quiz"] = [{**each, "options": list(enumerate(each["options"]))} for each in shown["quiz"]]
    return render(request, "lessons/lesson.html", {"lesson": shown, "cluster": name, "problem": problem}, status=status)


class LessonsView(APIView):
    @extend_schema(operation_id="lessons_list", responses={200: OpenApiTypes.OBJECT})
    def get(self, request: Request) -> Response:
        """All lessons in their order."""
        return Response([showing.facts(each) for each in loading.lessons()])


class LessonView(APIView):
    @extend_schema(
        responses={200: OpenApiTypes.OBJECT, 404: Problem},
        parameters=[OpenApiParameter("cluster", str, description="what the steps' checks find there")],
    )
    def get(self, request: Request, slug: str) -> Response:
        """One lesson, its texts as HTML; with a cluster each step's checks and whether it is solved."""
        return Response(showing.lesson(_find(slug), self._cluster(request.query_params.get("cluster", ""))))

    def _cluster(self, name: str) -> Any:
        if not name:
            return None
        allowed.require(self.request, Action.VIEW, name)
        try:
            return Cluster.load(livecluster.saved(name))
        except ClusterUnknown as error:
            raise Http404(f'cluster "{name}" not found') from error
