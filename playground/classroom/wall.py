"""The class wall: every student with their clusters as small pictures, and how far they are with the exercise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q

from cluster_core.models import Cluster
from playground import clusters
from playground.api import services as engine

from . import accounts, progress
from .models import Course, Membership, Ownership, Share

Wall = dict[str, Any]


def clusters_in(course: Course) -> list[Ownership]:
    """The students' clusters in this course, those made last first."""
    students = Membership.objects.filter(course=course, role=Membership.Role.STUDENT).values("user")
    found = Ownership.objects.filter(Q(owner__in=students), course=course)
    return list(found.select_related("owner").order_by("-made"))


def existing_clusters_in(course: Course) -> list[Ownership]:
    """Those of them that are there: an ownership may outlive its cluster."""
    owned = clusters_in(course)
    names = set(Cluster.objects.filter(name__in=[each.cluster for each in owned]).values_list("name", flat=True))
    return [each for each in owned if each.cluster in names]


def students_in(course: Course) -> list[Membership]:
    found = Membership.objects.filter(course=course, role=Membership.Role.STUDENT).select_related("user")
    return sorted(found, key=lambda each: accounts.display_name(each.user).lower())


def wall(*, course: Course) -> Wall:
    """{"exercise", "students": [{"id", "name", "username", "clusters": [{"name", "picture", "progress", ...}]}]}.

    `picture` as the worker's glance has it, None while the cluster sleeps; `progress` is None until it was looked at.
    """
    owned = clusters_in(course)
    names = [each.cluster for each in owned]
    pictures = pictures_of(names)
    done = progress.of_clusters(exercise=course.exercise, clusters=names)
    wishes = {share.ownership_id: share for share in Share.objects.filter(ownership__in=owned, mode=Share.Mode.WORK)}
    by_owner: dict[int, list[Wall]] = {}
    for each in owned:
        card = {"name": each.cluster, "picture": pictures.get(each.cluster), "progress": done.get(each.cluster)}
        by_owner.setdefault(each.owner_id, []).append(card | {"take_over": _take_over(wishes.get(each.pk))})
    shown = [_student(each.user, by_owner.get(each.user_id, [])) for each in students_in(course)]
    return {"course": course.slug, "exercise": course.exercise, "students": shown}


def pictures_of(names: Sequence[str]) -> Wall:
    """By name, of those that are awake: each worker is asked once for those it owns."""
    found: Wall = {}
    for theirs in clusters.awake(names):
        found |= engine.command(cluster=theirs[0], name="glance", args={"names": theirs})["clusters"]
    return found


def _take_over(share: Share | None) -> str:
    """ "", "asked" or "granted"."""
    return "" if share is None else "granted" if share.granted else "asked"


def _student(user: Any, clusters: list[Wall]) -> Wall:
    return {"id": user.pk, "name": accounts.display_name(user), "username": user.get_username(), "clusters": clusters}
