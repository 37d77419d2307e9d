"""Getting in and out: with a password, with a course's code and a name, or back with a personal code."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any

from django.contrib.auth import authenticate, get_user_model, login
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.text import slugify

from . import attempts, codes, door
from .models import Course, Membership, ReturnCode

MOST_MEMBERS = 500
_BACKEND = "django.contrib.auth.backends.ModelBackend"


class NotAdmitted(Exception):
    """Why somebody does not get in. The reason is the same whatever exactly was wrong. `wait`: after too many attempts."""

    def __init__(self, reason: str, wait: bool = False) -> None:
        super().__init__(reason)
        self.wait = wait


TOO_MANY = "too many attempts: wait some minutes"


def log_in(*, request: HttpRequest, username: str, password: str) -> Any:
    """With an account. Raises NotAdmitted."""
    _check(request, "login", username)
    user = authenticate(request, username=username, password=password)
    if user is None:
        raise _failure(request, "login", "name or password is wrong", username)
    login(request, user)
    return user


def join(*, request: HttpRequest, code: str, name: str) -> tuple[Course, str]:
    """Into a course with its code: (the course, the new account's return code, "" for who has an account already).

    Raises NotAdmitted.
    """
    _check(request, "join")
    name = " ".join("".join(letter for letter in name if letter.isprintable()).split())[:100]
    course = course_of(code)
    if course is None:
        raise _failure(request, "join", "no course has this code now")
    if not request.user.is_authenticated and not name:
        raise NotAdmitted("tell your name")
    if course.memberships.count() >= MOST_MEMBERS:
        raise NotAdmitted("the course is full")
    with transaction.atomic():
        known = request.user.is_authenticated
        user, secret = (request.user, "") if known else new_student(name=name)
        Membership.objects.get_or_create(course=course, user=user)
    if not known:
        login(request, user, backend=_BACKEND)
    door.forget()
    return course, secret


def come_back(*, request: HttpRequest, code: str) -> Any:
    """With the personal code. Raises NotAdmitted."""
    _check(request, "return")
    meant = codes.typed(code)
    found = ReturnCode.objects.select_related("user").filter(digest=codes.digest(meant), user__is_active=True).first()
    if found is None or len(meant) != codes.RETURN_LENGTH:
        raise _failure(request, "return", "nobody has this code")
    login(request, found.user, backend=_BACKEND)
    return found.user


def _check(request: HttpRequest, kind: str, account: str = "") -> None:
    if attempts.too_many(request, kind=kind, account=account):
        raise NotAdmitted(TOO_MANY, wait=True)


def _failure(request: HttpRequest, kind: str, reason: str, account: str = "") -> NotAdmitted:
    attempts.failed(request, kind=kind, account=account)
    return NotAdmitted(reason)


def course_of(code: str) -> Course | None:
    """The course this code opens now."""
    meant = codes.typed(code)
    if len(meant) != codes.JOIN_LENGTH:
        return None
    found = Course.objects.filter(join_code=meant).first()
    expired = found is not None and found.join_code_expires is not None and found.join_code_expires <= timezone.now()
    return None if expired else found


def new_student(*, name: str, email: str = "", username: str = "") -> tuple[Any, str]:
    """(an account without a password, its return code)."""
    users = get_user_model().objects
    user = users.create_user(username or _free_username(name), email=email, first_name=name)
    return user, new_return_code(user=user)


def _free_username(name: str) -> str:
    """Part of the name and something random: two with one name are two accounts."""
    return f"{slugify(name)[:40] or 'student'}-{secrets.token_hex(4)}"


def new_return_code(*, user: Any) -> str:
    """A new one, shown this once; the old one is void."""
    code = codes.new(codes.RETURN_LENGTH)
    ReturnCode.objects.update_or_create(user=user, defaults={"digest": codes.digest(code)})
    return codes.shown(code)


def new_join_code(*, course: Course, hours: float | None = None) -> str:
    """The old code opens nothing any more. `hours`: until it expires; None: never."""
    course.join_code = codes.new(codes.JOIN_LENGTH)
    course.join_code_expires = None if hours is None else timezone.now() + timedelta(hours=hours)
    course.save(update_fields=["join_code", "join_code_expires"])
    return codes.shown(course.join_code)


def display_name(user: Any) -> str:
    return str(user.get_full_name() or user.get_username())
