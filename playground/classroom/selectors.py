"""Questions about courses and clusters, answered from the database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from cluster_core.models import Cluster

from . import access
from .access import TEACHERS, Who
from .models import Course, Membership, Ownership

RESERVED_SECONDS = 60.0
CONTROL_PLANES = 1
"""Nodes that every cluster has beside those one asks for."""


def limits_of(who: Who, course: Course | None) -> Mapping[str, float]:
    """What a cluster made now may grow to: {"nodes", "pods", "speed"}; {} for those who teach the course, and staff.

    Who is in no course has what a new course would allow.
    """
    if who.admin or (course is not None and access.is_teacher(who.user, course.pk)):
        return {}
    return _rules(course or Course())


def _rules(course: Course) -> Mapping[str, float]:
    return {"nodes": course.most_nodes + CONTROL_PLANES, "pods": course.most_pods, "speed": course.top_speed}


def limits_of_owned(owned: Iterable[Ownership]) -> Mapping[str, Mapping[str, float]]:
    """What these clusters may grow to now, by name: as if their owners made them now in their courses."""
    teaching = Membership.objects.filter(course__in={each.course_id for each in owned}, role__in=TEACHERS)
    free = set(teaching.values_list("user", "course"))
    return {
        each.cluster: {} if each.owner.is_superuser or (each.owner_id, each.course_id) in free else _rules(each.course or Course())
        for each in owned
    }


def most_clusters(who: Who, course: Course | None) -> int | None:
    """How many clusters they may have; None: any number."""
    return None if not limits_of(who, course) else (course or Course()).most_clusters


def clusters_of(user: int) -> int:
    """How many clusters somebody has. What is only reserved counts too, for a while: it may be about to exist."""
    lately = timezone.now() - timedelta(seconds=RESERVED_SECONDS)
    counted = Q(cluster__in=Cluster.objects.values("name")) | Q(made__gt=lately)
    return Ownership.objects.filter(counted, owner=user).count()


def visible(who: Who) -> Collection[str] | None:
    """The names of the clusters they may look at; None: all."""
    if who.admin:
        return None
    taught = Membership.objects.filter(user=who.user, role__in=TEACHERS).values("course")
    mine = Q(owner=who.user) | Q(shares__user=who.user, shares__granted=True) | Q(course__in=taught)
    shown = Course.objects.filter(memberships__user=who.user).exclude(broadcast="").values("broadcast")
    return set(Ownership.objects.filter(mine | Q(cluster__in=shown)).values_list("cluster", flat=True))


def own(who: Who) -> list[Ownership]:
    """Their clusters that exist."""
    names = Cluster.objects.values("name")
    found = Ownership.objects.filter(owner=who.user, cluster__in=names)
    return list(found.select_related("course").prefetch_related("shares__user", "hints"))


def place_of(who: Who, cluster: str) -> dict[str, str | bool]:
    """{"course": the slug of the class in which they see the cluster, "mine": whether it is theirs}; {} outside of classes."""
    if who.user is None:
        return {}
    owned = Ownership.objects.filter(cluster=cluster).first()
    own = owned.course_id if owned is not None else None
    seen = Course.objects.filter(Q(pk=own) | Q(broadcast=cluster), memberships__user=who.user)
    course = seen.order_by("pk").first()
    return {} if course is None else {"course": course.slug, "mine": owned is not None and owned.owner_id == who.user}


def shared_with(who: Who) -> list[Ownership]:
    """Others' clusters that are shared with them."""
    found = Ownership.objects.filter(shares__user=who.user, shares__granted=True, cluster__in=Cluster.objects.values("name"))
    return list(found.select_related("owner"))


def roster(course: Course) -> list[Membership]:
    """Its members, teachers first, then by name."""
    members = Membership.objects.filter(course=course).select_related("user")
    order = list(Membership.Role.values)
    return sorted(members, key=lambda each: (order.index(each.role), each.user.first_name or each.user.username))
