"""Making, forking, resetting and deleting clusters for somebody: within the limits, under names that tell nothing.

Where there are accounts, a cluster's name is what was wished for and some letters more: so nobody can find out by a
name that is taken what clusters others have.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import QuerySet

from cluster_core.models import Cluster
from cluster_core.workloads.runtime import ANY_IMAGE
from playground import clusters
from playground.api import services as engine
from playground.engine.port import EngineError, NameTaken, NoSuchCluster, Unavailable

from . import access, door, news, selectors, templates
from .access import Who
from .models import Course, Ownership, Template

Answer = dict[str, Any]
Limits = Mapping[str, float]
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
_SUFFIX, _MOST_WISHED, _TRIES = 4, 58, 5
_MADE_FROM = ("nodes", "cpu", "memory", "seed", "bare", "flavour", "runtime")
"""What of a cluster's spec it is made from again."""


class OverLimit(EngineError):
    """More than somebody may have."""

    code = 403


def make(*, who: Who, wanted: Mapping[str, Any]) -> Answer:
    """A cluster as REST asks for it: `course` and `template` name whose limits hold and how it begins. Raises EngineError."""
    if access.local():
        return engine.create(wanted={key: value for key, value in wanted.items() if key not in ("course", "template")})
    course = _course(who, wanted.get("course", ""))
    template = _template(course, wanted.get("template", ""))
    _check_frozen(who, course)
    spec = {**wanted, **(template.spec if template else {})}
    limits = _checked(who, course, spec)
    made = _under_new_name(who, course, template, spec["name"], lambda name: _create(name, spec, limits))
    _begin_from(template, made["name"], lambda: delete(cluster=made["name"]))
    return made


def fork(*, who: Who, cluster: str, wanted: Mapping[str, Any]) -> Answer:
    """A cluster of one's own that begins as another is, or was at a revision. Raises EngineError."""
    if access.local():
        return engine.fork(cluster=cluster, wanted=wanted)

    def forked(name: str, limits: Limits) -> Answer:
        return engine.fork(cluster=cluster, wanted={**wanted, "name": name, "limits": limits})

    return begin(who=who, wished=wanted["name"], how=forked)


def begin(*, who: Who, wished: str, how: Callable[[str, Limits], Answer], exact: bool = False) -> Answer:
    """A cluster of one's own that `how` makes under the name, and within the limits, it is given. Raises EngineError.

    `exact`: the name is wished for by the product itself and cannot be guessed; it is kept as it is.
    """
    if access.local():
        return how(wished, {})
    course = _course(who, "")
    _check_frozen(who, course)
    limits = selectors.limits_of(who, course)
    if exact and who.user is not None:
        return _owned(_reserve(who, course, None, wished), lambda name: how(name, limits))
    return _under_new_name(who, course, None, wished, lambda name: how(name, limits))


def delete(*, cluster: str) -> None:
    """With all that was said about it; no class follows another cluster that gets its name."""
    engine.delete(cluster=cluster)
    Ownership.objects.filter(cluster=cluster).delete()
    for course in Course.objects.filter(broadcast=cluster):
        course.broadcast = ""
        course.save(update_fields=["broadcast"])
        news.tell_class(course)
    door.forget()


def reset(*, cluster: str, paused: bool = False) -> Answer:
    """As it was when it was made; its name and owner stay, its token does not. Raises EngineError."""
    found = Cluster.objects.values_list("spec", flat=True).filter(name=cluster).first()
    if found is None:
        raise NoSuchCluster(f'cluster "{cluster}" not found')
    spec = orjson.loads(found)
    owned = Ownership.objects.select_related("template").filter(cluster=cluster).first()
    engine.delete(cluster=cluster)
    wanted = {key: spec[key] for key in _MADE_FROM if key in spec}
    wanted["acceptAnyImage"] = spec.get("options", {}).get(ANY_IMAGE, "options" not in spec)
    made = engine.create(wanted={"name": cluster, **wanted, "paused": paused}, limits=spec.get("limits"))
    _begin_from(owned.template if owned else None, cluster, lambda: None)
    return made


def renew_limits(owned: QuerySet[Ownership]) -> None:
    """What the course allows now holds for these clusters too: at what is done to them next, nothing is taken away. Raises
    EngineError."""
    clusters.limit(selectors.limits_of_owned(list(owned.select_related("course", "owner"))))


# ---------------------------------------------------------------------------------------------------- in parts


def _create(name: str, spec: Mapping[str, Any], limits: Limits) -> Answer:
    wanted = {key: value for key, value in spec.items() if key not in ("course", "template")}
    return engine.create(wanted={**wanted, "name": name}, limits=limits)


def _begin_from(template: Template | None, cluster: str, undo: Callable[[], None]) -> None:
    """What the template applies. Raises EngineError when the cluster does not take all of it."""
    results = engine.apply(cluster=cluster, text=template.manifests, dry_run=False) if template and template.manifests else ()
    problems = [templates.told(each) for each in results if each["status"] == "error"]
    if problems:
        undo()
        raise EngineError(f"the template does not fit: {'; '.join(problems)}", 409)


def _course(who: Who, slug: str) -> Course | None:
    """The course that is named, else the one joined last."""
    found = Course.objects.all() if who.admin else Course.objects.filter(memberships__user=who.user)
    if not slug:
        return found.order_by("-memberships__joined").first() if who.user else None
    course = found.filter(slug=slug).first()
    if course is None:
        raise EngineError(f'course "{slug}" not found', 404)
    return course


def _check_frozen(who: Who, course: Course | None) -> None:
    """A frozen class makes no clusters either. Raises OverLimit."""
    if course is not None and course.frozen and not who.admin and not access.is_teacher(who.user, course.pk):
        raise OverLimit(access.FROZEN)


def _template(course: Course | None, name: str) -> Template | None:
    if not name:
        return None
    found = Template.objects.filter(course=course, name=name).first()
    if found is None:
        raise EngineError(f'template "{name}" not found', 404)
    return found


def _checked(who: Who, course: Course | None, spec: Mapping[str, Any]) -> Limits:
    """The limits that will hold. Raises OverLimit when the wish is beyond them already."""
    limits = selectors.limits_of(who, course)
    most = limits.get("nodes", math.inf) - selectors.CONTROL_PLANES
    if spec.get("nodes", 3) > most:
        raise OverLimit(f"a cluster may have {most:.0f} nodes at most, you asked for {spec['nodes']}")
    return limits


def _under_new_name(
    who: Who, course: Course | None, template: Template | None, wished: str, how: Callable[[str], Answer]
) -> Answer:
    """Take a name, make the cluster; try others while they are taken."""
    if who.user is None:
        return dict(how(wished))  # automation of the installation: its clusters are staff's
    for _ in range(_TRIES):
        name = wished if who.admin else f"{wished[:_MOST_WISHED]}-{''.join(secrets.choice(_LETTERS) for _ in range(_SUFFIX))}"
        try:
            return _owned(_reserve(who, course, template, name), how)
        except NameTaken:
            if who.admin:
                raise
    raise EngineError("no free name was found; try again", 503)


def _owned(owned: Ownership, how: Callable[[str], Answer]) -> Answer:
    """Make the cluster; give the name back when that failed for sure."""
    try:
        return dict(how(str(owned.cluster)))
    except EngineError as error:
        if not (isinstance(error, Unavailable) and error.maybe_done):
            owned.delete()
        raise


def _reserve(who: Who, course: Course | None, template: Template | None, name: str) -> Ownership:
    """The ownership, taken under a lock so that requests at once cannot go over the limit together."""
    with transaction.atomic():
        owner = get_user_model().objects.select_for_update().get(pk=who.user)
        most = selectors.most_clusters(who, course)
        if most is not None and selectors.clusters_of(owner.pk) >= most:
            raise OverLimit(f"you have {most} clusters, as many as you may; delete one first")
        if Cluster.objects.filter(name=name).exists():
            raise NameTaken(f'cluster "{name}" already exists')
        owned, _ = Ownership.objects.update_or_create(
            cluster=name, defaults={"owner": owner, "course": course, "template": template}
        )
    return owned
