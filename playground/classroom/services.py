"""Writing about courses: their settings, members, codes and templates. Keyword-only; who may is asked before (the gate)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from . import accounts, codes, door, owning
from .access import Who
from .models import Course, Membership, Ownership, Share, Template
from .roster import Entry

LIMITS = frozenset({"most_nodes", "most_pods", "top_speed"})
"""Of each cluster of a course; how many there may be is looked at when one is made."""


class Refused(ValueError):
    """What cannot be done, for whoever asked; the text says why."""


class Missing(Refused):
    """What is asked for is not there."""



def create_course(*, who: Who, name: str, slug: str = "") -> Course:
    """A course whose instructor is whoever makes it, open with a first join code."""
    slug = slug or slugify(name)[:63] or f"course-{codes.new(6).lower()}"  # not every script has Latin letters
    try:
        with transaction.atomic():
            course = Course.objects.create(slug=slug, name=name)
            if who.user is not None:
                Membership.objects.create(course=course, user_id=who.user, role=Membership.Role.INSTRUCTOR)
    except IntegrityError:
        raise Refused(_('a course "%(slug)s" exists already') % {"slug": slug}) from None
    accounts.new_join_code(course=course)
    door.forget()
    return course


def change_course(*, course: Course, changes: Mapping[str, Any]) -> Course:
    """Name, current exercise and limits. Limits hold for the clusters there are too, at what is done to them next. Raises
    EngineError."""
    for field, value in changes.items():
        setattr(course, field, value)
    course.save(update_fields=list(changes))
    door.forget()
    if LIMITS & set(changes):
        owning.renew_limits(course.ownerships.all())
    return course


def delete_course(*, course: Course) -> None:
    """Its clusters stay with their owners."""
    course.delete()
    door.forget()


def close_joining(*, course: Course) -> None:
    course.join_code, course.join_code_expires = "", None
    course.save(update_fields=["join_code", "join_code_expires"])


def import_roster(*, course: Course, entries: list[Entry]) -> list[dict[str, str]]:
    """Accounts and memberships, all or none; {"name", "username", "return_code"} per new account: shown this once."""
    made = []
    with transaction.atomic():
        for entry in entries:
            user, secret = _account(entry, course)
            Membership.objects.get_or_create(course=course, user=user, defaults={"role": entry.role})
            made.append({"name": entry.name, "username": user.get_username(), "return_code": secret})
    door.forget()
    return [each for each in made if each["return_code"]]


def _account(entry: Entry, course: Course) -> tuple[Any, str]:
    """Who is in the course with this address stays who they are. Accounts elsewhere are nobody's to take over."""
    if entry.email:
        known = get_user_model().objects.filter(email__iexact=entry.email, memberships__course=course).first()
        if known is not None:
            return known, ""
    return accounts.new_student(name=entry.name, email=entry.email)


def set_role(*, membership: Membership, role: str) -> None:
    """A course keeps an instructor. What they may have from now on holds for the clusters they have."""
    with transaction.atomic():
        if role != Membership.Role.INSTRUCTOR:
            _require_another_instructor(membership)
        membership.role = role
        membership.save(update_fields=["role"])
    door.forget()
    owning.renew_limits(Ownership.objects.filter(course=membership.course, owner=membership.user))


def remove_member(*, membership: Membership) -> None:
    """They keep their clusters; what was shared with them in the course is withdrawn."""
    with transaction.atomic():
        _remove(membership)
    door.forget()


def _remove(membership: Membership) -> None:
    _require_another_instructor(membership)
    Share.objects.filter(user=membership.user, ownership__course=membership.course).delete()
    membership.delete()


def _require_another_instructor(membership: Membership) -> None:
    """Locked, so that two who take each other's role away at once do not leave nobody."""
    instructors = Membership.objects.select_for_update().filter(course=membership.course, role=Membership.Role.INSTRUCTOR)
    if {each.pk for each in instructors} == {membership.pk}:
        raise Refused(_("a course needs an instructor: make somebody else one first"))


def save_template(
    *, course: Course, name: str, spec: Mapping[str, Any] | None = None, manifests: str = ""
) -> Template:
    """A new one, or the one of this name anew. Without a `spec` clusters are of the usual size."""
    template, _made = Template.objects.update_or_create(
        course=course, name=name, defaults={"spec": dict(spec or {}), "manifests": manifests}
    )
    return template
