"""Who may do what to a cluster or a course: the one place that decides, with the reason.

A person has one standing towards a cluster, and each standing allows some actions (ALLOWED). What is refused is answered
so that nothing is learned from it: without a login 401; to strangers everything is as if it did not exist, 404; those
who may know of it hear why not, 403.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings

from playground.grading.saying import Said

from .models import Course, Membership, Ownership, Share


class Action(StrEnum):
    VIEW = "view"
    """Look: pages, reads, watches, history, a fork of one's own."""
    EDIT = "edit"
    """Change: writes, commands, the clock, terminals, exec."""
    OWN = "own"
    """Delete, reset."""
    SHARE = "share"
    """Let others in: shares, and the kubeconfig, whose token opens everything. Goes on while the class is frozen."""
    STUDY = "study"
    """Be in a course."""
    TEACH = "teach"
    """See the wall, help, push, collect."""
    MANAGE = "manage"
    """Change a course: members, codes, limits."""


class Standing(StrEnum):
    STAFF = "staff"
    OWNER = "owner"
    PARTNER = "partner"
    TEACHER = "teacher"
    WATCHER = "watcher"
    STRANGER = "stranger"


ALLOWED: Mapping[Standing, frozenset[Action]] = {
    Standing.STAFF: frozenset(Action),
    Standing.OWNER: frozenset({Action.VIEW, Action.EDIT, Action.OWN, Action.SHARE}),
    Standing.PARTNER: frozenset({Action.VIEW, Action.EDIT}),
    Standing.TEACHER: frozenset({Action.VIEW}),
    Standing.WATCHER: frozenset({Action.VIEW}),
    Standing.STRANGER: frozenset(),
}
IN_COURSE: Mapping[str, frozenset[Action]] = {
    Membership.Role.INSTRUCTOR: frozenset({Action.STUDY, Action.TEACH, Action.MANAGE}),
    Membership.Role.ASSISTANT: frozenset({Action.STUDY, Action.TEACH}),
    Membership.Role.STUDENT: frozenset({Action.STUDY}),
}
SCOPE_OF: Mapping[Action, str] = {
    Action.VIEW: "read",
    Action.STUDY: "read",
    Action.EDIT: "clusters",
    Action.OWN: "clusters",
    Action.SHARE: "clusters",
    Action.TEACH: "teach",
    Action.MANAGE: "teach",
}
CHANGES = frozenset({Action.EDIT, Action.OWN})
"""What a frozen class may not do."""
TEACHERS = (Membership.Role.INSTRUCTOR, Membership.Role.ASSISTANT)


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks. `scopes`: what a token is good for, None: everything its owner may; `problem`: why nobody is known."""

    user: int | None = None
    name: str = ""
    admin: bool = False
    scopes: frozenset[str] | None = None
    problem: str = ""

    @property
    def known(self) -> bool:
        return self.admin or self.user is not None

    def has_scope(self, scope: str) -> bool:
        return self.scopes is None or scope in self.scopes


NOBODY = Who()
LOCAL = Who(name="local", admin=True)
"""Whoever sits at the machine in local mode."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether, and if not: the HTTP status that says so and why."""

    allowed: bool
    status: int = 200
    reason: str = ""

    def __bool__(self) -> bool:
        return self.allowed


YES = Decision(True)


def refused(status: int, reason: str) -> Decision:
    """In English; pages say it in the language of the request where it is `Said`."""
    return Decision(False, status, reason)


def missing(cluster: str) -> Decision:
    """The words are those for a cluster that is not there at all."""
    return refused(404, Said('cluster "%(cluster)s" not found', cluster=cluster))


def signed_in(who: Who) -> Decision:
    """Whether we know who it is."""
    return YES if who.known else refused(401, who.problem or Said("log in first, or send an API token"))


def may(who: Who, action: Action, cluster: str) -> Decision:
    """May they do this to the cluster? Whether it exists at all is not looked at."""
    if not signed_in(who):
        return signed_in(who)
    owned = Ownership.objects.select_related("course").filter(cluster=cluster).first()
    standing = standing_of(who, owned)
    if standing is Standing.STRANGER:
        return missing(cluster)
    if not who.has_scope(SCOPE_OF[action]):
        return refused(403, Said("the API token does not have the scope %(scope)s", scope=SCOPE_OF[action]))
    if action not in ALLOWED[standing]:
        return refused(403, Said(_NOT_AS, standing=Said(standing.value), action=action.value))
    if action in CHANGES and standing is not Standing.STAFF and is_frozen(owned):
        return refused(403, FROZEN)
    return YES


FROZEN = Said("the class is frozen by its teacher: nothing can be changed now")
_NOT_AS = "as a %(standing)s of this cluster you may not %(action)s it"


def is_frozen(owned: Ownership | None) -> bool:
    """Whether a freeze of the course holds for this cluster: those of its teachers go on."""
    if owned is None or owned.course is None or not owned.course.frozen:
        return False
    return not is_teacher(owned.owner_id, owned.course_id)


def standing_of(who: Who, owned: Ownership | None) -> Standing:
    if who.admin:
        return Standing.STAFF
    if owned is None or who.user is None:
        return Standing.STRANGER
    if owned.owner_id == who.user:
        return Standing.OWNER
    share = Share.objects.filter(ownership=owned, user=who.user, granted=True).first()
    if share is not None and share.mode == Share.Mode.WORK:
        return Standing.PARTNER
    if is_teacher(who.user, owned.course_id):
        return Standing.TEACHER
    return Standing.WATCHER if share is not None or watches(who.user, owned.cluster) else Standing.STRANGER


def is_teacher(user: int | None, course: int | None) -> bool:
    found = Membership.objects.filter(course=course, user=user, role__in=TEACHERS)
    return course is not None and found.exists()


def watches(user: int, cluster: str) -> bool:
    """Whether it is broadcast in one of their courses."""
    return bool(Membership.objects.filter(user=user, course__broadcast=cluster).exists())


def may_in(who: Who, action: Action, course: str) -> Decision:
    """May they do this in the course with this slug?"""
    if not signed_in(who):
        return signed_in(who)
    found = Course.objects.filter(slug=course).first()
    role = Membership.objects.filter(course=found, user=who.user).values_list("role", flat=True).first()
    allowed = frozenset(Action) if who.admin else IN_COURSE.get(role or "", frozenset())
    if found is None or not allowed:
        return refused(404, Said('course "%(course)s" not found', course=course))
    if not who.has_scope(SCOPE_OF[action]):
        return refused(403, Said("the API token does not have the scope %(scope)s", scope=SCOPE_OF[action]))
    return YES if action in allowed else refused(403, Said("as %(role)s of this course you may not do this", role=Said(role or "stranger")))


def teaches_somewhere(who: Who) -> Decision:
    """For what belongs to no course."""
    if not signed_in(who) or who.admin:
        return signed_in(who)
    if not who.has_scope("teach"):
        return refused(403, Said("the API token does not have the scope %(scope)s", scope="teach"))
    teaches = Membership.objects.filter(user=who.user, role__in=TEACHERS).exists()
    return YES if teaches else refused(403, Said("only teachers may do this"))


def scopes_of(who: Who) -> frozenset[str]:
    """What grading lets them do: an API token never more than the person whose it is."""
    own = _own_scopes(who)
    return own if who.scopes is None else own & who.scopes


def _own_scopes(who: Who) -> frozenset[str]:
    if who.admin:
        return frozenset({"read", "submit", "grade"})
    if who.user is None:
        return frozenset()
    teaches = Membership.objects.filter(user=who.user, role__in=TEACHERS).exists()
    return frozenset({"read", "submit", "grade"} if teaches else {"read", "submit"})


def may_hand_in(who: Who, exercise: str) -> Decision:
    """Not while a class of theirs is frozen that works on this exercise, or on none in particular."""
    if not signed_in(who) or who.user is None:
        return YES if who.admin else signed_in(who)
    frozen = Membership.objects.filter(user=who.user, course__frozen=True, course__exercise__in=("", exercise))
    return refused(403, FROZEN) if frozen.exclude(role__in=TEACHERS).exists() else YES


def students_of(who: Who) -> frozenset[str] | None:
    """The account names of those whose work they may see; None: of all."""
    if who.admin:
        return None
    courses = Membership.objects.filter(user=who.user, role__in=TEACHERS).values("course")
    names = Membership.objects.filter(course__in=courses).values_list("user__username", flat=True)
    return frozenset(names)


def local() -> bool:
    return bool(settings.LOCAL_MODE)
