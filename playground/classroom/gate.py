"""Django's middleware that lets in or refuses, by the table of routes: REST in JSON, pages as pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from playground.grading import saying

from . import access, identity, routes
from .access import Action, Decision

CLUSTER, COURSE = ("cluster", "name"), "course"


class Gate:
    """Sets `request.who` and `request.api_token`; then each view is asked for by its row in the table."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.who, request.api_token = identity.of_request(request)  # type: ignore[attr-defined]
        return self._get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: Mapping[str, Any]
    ) -> HttpResponse | None:
        if settings.LOCAL_MODE:
            return None
        decision = decide(request, kwargs)
        return None if decision else refusal(request, decision)


def decide(request: HttpRequest, kwargs: Mapping[str, Any]) -> Decision:
    who = request.who  # type: ignore[attr-defined]
    match = request.resolver_match
    action = routes.action_of(match.route if match else "", request.method or "")
    if action is None:
        return access.refused(403, "nobody may use this address: it is not in the table of routes")
    if action == routes.OPEN:
        return access.YES
    if action == routes.SIGNED_IN:
        return access.signed_in(who)
    if action == routes.TEACHERS:
        return access.teaches_somewhere(who)
    if COURSE in kwargs:
        return access.may_in(who, Action(action), kwargs[COURSE])
    return access.may(who, Action(action), next(kwargs[name] for name in CLUSTER if name in kwargs))


def refusal(request: HttpRequest, decision: Decision) -> HttpResponse:
    """The answer, in the form of the place."""
    if request.path.startswith("/api/"):
        headers = {"WWW-Authenticate": "Bearer"} if decision.status == 401 else {}
        body = {"message": decision.reason, "code": decision.status}
        return JsonResponse(body, status=decision.status, headers=headers)
    if decision.status == 401:
        return HttpResponseRedirect(f"{reverse('login')}?{urlencode({'next': request.get_full_path()})}")
    return render(request, "classroom/refused.html", {"decision": decision, "reason": saying.here(decision.reason)}, status=decision.status)
