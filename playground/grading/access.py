"""Who may ask grading for what: scopes, of an API token or of the person, and how often."""

from __future__ import annotations

import math
from collections.abc import Collection
from copy import copy
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest
from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from playground.classroom import access

from .exercise import Exercise
from .models import ApiToken, Submission

RATE = "240/min"


def who_of(request: Request) -> access.Who:
    found: access.Who = request._request.who
    return found


def scopes_of(request: Request) -> Collection[str]:
    return access.scopes_of(who_of(request))


def students_of(request: Request) -> Collection[str] | None:
    """Whose work they may see; None: everybody's."""
    return access.students_of(who_of(request))


class HasScope(BasePermission):
    """The view's `scopes`: method -> scope; "read" where none is given."""

    message = "you, or your token, do not have the scope for this"

    def has_permission(self, request: Request, view: Any) -> bool:
        found = scopes_of(request)
        if not found and request.auth is None:
            raise NotAuthenticated("log in first, or send an API token: Authorization: Bearer ...")
        return getattr(view, "scopes", {}).get(request.method, "read") in found


def is_teacher(request: Request) -> bool:
    """Whether hidden checks and all students' work may be shown: asked for, and allowed."""
    return request.query_params.get("view") == "teacher" and "grade" in scopes_of(request)


def may_see(request: Request | HttpRequest, submission: Submission) -> bool:
    """Whoever handed it in, and those who grade the student."""
    return bool(Submission.objects.filter(visible(request), pk=submission.pk).exists())


def visible(request: Request | HttpRequest) -> Q:
    """The submissions they may see: those handed in with their token, a person's own, those of the students they grade."""
    inner = getattr(request, "_request", request)
    who: access.Who = inner.who
    students = access.students_of(who) if "grade" in access.scopes_of(who) else frozenset()
    if students is None:
        return Q()
    found = Q(student__in=students)
    if inner.api_token is not None:
        found |= Q(token=inner.api_token)
    if who.user is not None:
        found |= Q(student=who.name)
    return found | Q(token=None) if settings.LOCAL_MODE else found


def may_hand_in(request: Request | HttpRequest, exercise: Exercise) -> access.Decision:
    """Not while their class is frozen that works on this exercise, or on none in particular."""
    who: access.Who = getattr(request, "_request", request).who
    return access.may_hand_in(who, exercise.name)


def student_of(request: Request, wanted: str) -> str:
    """Whose hand-in it is: a person's own, unless a grader says for whom."""
    who = who_of(request)
    if who.user is None:
        return wanted
    if not wanted or "grade" not in scopes_of(request):
        return who.name
    students = students_of(request)
    if students is not None and wanted not in students:
        raise PermissionDenied(f'"{wanted}" is in none of your courses')
    return wanted


def seconds_to_wait(request: HttpRequest) -> int:
    """Of a page's form: until this person, or address, may hand in once more; 0: now. Counted with those over REST."""
    throttle, asked = Throttle(), Request(copy(request))  # a copy: REST's requests change the user of the one they wrap
    return 0 if throttle.allow_request(asked, None) else max(1, math.ceil(throttle.wait() or 1))


class Throttle(SimpleRateThrottle):
    """So many hand-ins per token or person, or per address without one."""

    scope = "grading"

    def get_rate(self) -> str:
        return str(getattr(settings, "GRADING_RATE", RATE))

    def get_cache_key(self, request: Request, view: Any) -> str:
        user = who_of(request).user
        who = f"token-{request.auth.pk}" if isinstance(request.auth, ApiToken) else f"user-{user}" if user else self.get_ident(request)
        return self.cache_format % {"scope": self.scope, "ident": who}
