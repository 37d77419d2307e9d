"""The page of demos: what there is, a button that replays it, its file, and a place for files of others. Without JavaScript."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from playground.classroom import access
from playground.engine.port import EngineError

from . import catalogue, demo, playing, services, wording


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def index(request: HttpRequest) -> HttpResponse:
    """All demos. POST action=replay begins one on a new cluster, action=import keeps a file."""
    if request.method != "POST":
        return _page(request)
    return _import(request) if request.POST.get("action") == "import" else _replay(request)


def _page(request: HttpRequest, *, status: int = 200, **more: Any) -> HttpResponse:
    shown = [wording.summary(each) for each in catalogue.demos()]
    teaches = bool(access.teaches_somewhere(request.who))
    context = {"demos": shown, "may_import": teaches, "broken": catalogue.problems() if teaches else ()}
    return render(request, "demos/index.html", {**context, **more}, status=status)


def _replay(request: HttpRequest) -> HttpResponse:
    found = catalogue.find(request.POST.get("demo", ""))
    if found is None:
        return _page(request, problem=_("There is no such demo."), status=404)
    try:
        made = services.replay(who=request.who, demo=found, cluster=services.name_for(demo=found))
    except EngineError as error:
        return _page(request, problem=str(error), status=error.code)
    except playing.CannotPlay as error:
        return _page(request, problem=str(error), status=409)
    return redirect(made["url"])


def _import(request: HttpRequest) -> HttpResponse:
    if not (may := access.teaches_somewhere(request.who)):
        return _page(request, problem=may.reason, status=may.status)
    upload = request.FILES.get("file")
    if upload is None or (upload.size or 0) > demo.MAX_TEXT:
        return _page(request, problem=_("Choose a demo's file."), status=400)
    try:
        kept = catalogue.keep(demo.load(upload.read().decode(), upload.name or "demo.yaml"))
    except UnicodeDecodeError:
        return _page(request, problem=_("The file is not text in UTF-8."), status=400)
    except demo.DemoError as error:
        return _page(request, problem=str(error), status=400)
    except catalogue.NameTaken as error:
        return _page(request, problem=str(error), status=409)
    return _page(request, done=wording.summary(kept)["title"])
