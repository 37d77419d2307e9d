"""Who may ask grading for what: scopes, of an API token or of the person, and how often."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from playground.classroom import access

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
    inner = getattr(request, "_request", request)
    who: access.Who = inner.who
    if submission.token_id is not None and submission.token == inner.api_token:
        return True
    if who.user is not None and submission.student == who.name:
        return True
    students = access.students_of(who) if "grade" in access.scopes_of(who) else frozenset()
    return (settings.LOCAL_MODE and submission.token_id is None) or students is None or submission.student in students


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


class Throttle(SimpleRateThrottle):
    """So many hand-ins per token or person, or per address without one."""

    scope = "grading"

    def get_rate(self) -> str:
        return str(getattr(settings, "GRADING_RATE", RATE))

    def get_cache_key(self, request: Request, view: Any) -> str:
        user = who_of(request).user
        who = f"token-{request.auth.pk}" if isinstance(request.auth, ApiToken) else f"user-{user}" if user else self.get_ident(request)
        return self.cache_format % {"scope": self.scope, "ident": who}
