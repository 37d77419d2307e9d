"""The pages of lessons: a list, and one page per lesson that works without JavaScript."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from markdown_it import MarkdownIt

from cluster_core.models import Cluster as ClusterRow
from cluster_core.persistence.log import ClusterUnknown
from cluster_core.simulation.cluster import Cluster
from playground.api import services
from playground.classroom import access, owning
from playground.classroom.access import Action
from playground.engine.port import EngineError
from playground.grading import livecluster

from . import doing, loading
from .loading import Lesson

_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


def html(text: str) -> SafeString:
    """Markdown of our own files as HTML; raw HTML in it is shown, not meant."""
    return mark_safe(_markdown.render(text))


@require_safe
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    """All lessons."""
    return render(request, "lessons/index.html", {"lessons": loading.lessons()})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def lesson(request: HttpRequest, slug: str) -> HttpResponse:
    """One lesson. POST begins it on a new cluster (action=begin); ?cluster=NAME looks at that cluster."""
    found = loading.find(slug)
    if found is None:
        raise Http404(f"there is no lesson {slug}")
    if request.method == "POST":
        return _begin(request, found)
    return _page(request, found, request.GET.get("cluster", ""))


def _begin(request: HttpRequest, found: Lesson) -> HttpResponse:
    """Make the lesson's cluster and do its set-up there."""
    wished = _free_name(f"lesson-{found.slug}")
    try:
        name = owning.make(who=request.who, wanted={"name": wished, **found.cluster})["name"]
        if found.setup:
            services.apply(cluster=name, text=found.setup, dry_run=False)
        for each in found.prepare:
            services.command(cluster=name, name="clock", args={"action": "settle", "seconds": doing.SETTLING})
            if "apply" in each:
                services.apply(cluster=name, text=each["apply"], dry_run=False)
            else:
                services.command(cluster=name, name=each["command"], args=each.get("args", {}))
    except EngineError as error:
        return _page(request, found, "", problem=str(error), status=error.code)
    return redirect(f"{reverse('lesson', args=[found.slug])}?cluster={name}")


def _free_name(wanted: str) -> str:
    taken = set(ClusterRow.objects.filter(name__startswith=wanted).values_list("name", flat=True))
    numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return wanted if wanted not in taken else next(name for name in numbered if name not in taken)


def _page(request: HttpRequest, found: Lesson, name: str, *, problem: str = "", status: int = 200) -> HttpResponse:
    cluster = None
    if name and not (access.local() or access.may(request.who, Action.VIEW, name)):
        problem, name = _missing(name), ""
    if name:
        try:
            cluster = Cluster.load(livecluster.saved(name))
        except ClusterUnknown:
            problem, name = _missing(name), ""
    steps = [_step(each, cluster) for each in found.steps]
    context = {
        "lesson": found,
        "text": html(found.text),
        "steps": steps,
        "quiz": [{**each, "options": list(enumerate(each["options"]))} for each in found.quiz],
        "cluster": name,
        "problem": problem,
        "solved": sum(1 for each in steps if each["solved"]),
    }
    return render(request, "lessons/lesson.html", context, status=status)


def _missing(name: str) -> str:
    return _("There is no cluster named %(name)s.") % {"name": name}


def _step(step: loading.Step, cluster: Cluster | None) -> dict[str, Any]:
    looked = doing.look(step, cluster) if cluster is not None else []
    solution = step.solution.get("manifests", "").strip()
    commands = "\n".join(step.solution.get("commands", ()))
    simulated = "\n".join(f"{each['command']} {each.get('args', {})}" for each in step.solution.get("simulate", ()))
    return {
        "name": step.name,
        "text": html(step.text),
        "hint": step.hint,
        "checks": looked,
        "solved": bool(looked) and all(each.ok for each in looked),
        "solution": "\n".join(filter(None, [solution, commands, simulated])),
    }
