"""What a teacher does with a class: hints, take-over, broadcast, pushes, timer, freeze. Keyword-only."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import timedelta
from typing import Any

from asgiref.sync import async_to_sync
from django.utils import timezone
from django.utils.translation import gettext as _

from cluster_core.models import Cluster
from playground import clusters
from playground.api import apply as applying
from playground.engine.port import EngineError
from playground.grading import faults

from . import access, door, news, sharing, wall
from .access import Action, Who
from .models import Course, Hint, Ownership, Share
from .services import Missing, Refused

Result = dict[str, Any]
_AT_ONCE = 8


# ---------------------------------------------------------------------------------------------------- one student


def leave_hint(*, cluster: str, who: Who, text: str) -> Hint:
    """Shown to the cluster's owner until they have seen it."""
    owned = Ownership.objects.get(cluster=cluster)
    hint = Hint.objects.create(ownership=owned, author_id=who.user, text=text)
    news.tell_person(owned.owner_id, news.hint_news(hint))
    return hint


def hints_for(*, cluster: str) -> list[Hint]:
    return list(Hint.objects.filter(ownership__cluster=cluster, seen=None).select_related("ownership"))


def seen(*, cluster: str, hint: int) -> None:
    """Once is enough. Raises Missing."""
    found = Hint.objects.filter(pk=hint, ownership__cluster=cluster)
    if not found.filter(seen=None).update(seen=timezone.now()) and not found.exists():
        raise Missing(_("there is no such hint"))


def ask_to_take_over(*, cluster: str, who: Who) -> Share:
    share = sharing.ask_to_take_over(cluster=cluster, who=who)
    if not share.granted:
        message = {"type": "take-over", "cluster": cluster, "share": share.pk, "by": who.name}
        news.tell_person(share.ownership.owner_id, message)
    return share


def answer_take_over(*, cluster: str, share: object, granted: bool) -> Share | None:
    """The owner's yes or no; whoever asked hears it."""
    asked = Share.objects.filter(ownership__cluster=cluster, pk=share).first()
    answered = sharing.answer(cluster=cluster, share=share, granted=granted)
    if asked is not None:
        news.tell_person(asked.user_id, {"type": "take-over", "cluster": cluster, "granted": granted})
    return answered


# ---------------------------------------------------------------------------------------------------- the class


def broadcast(*, course: Course, who: Who, cluster: str) -> Course:
    """Let the class watch this cluster; "" ends it. Only one's own can be shown."""
    if cluster and not access.may(who, Action.OWN, cluster):
        raise Refused(_('cluster "%(cluster)s" is not yours to show') % {"cluster": cluster})
    if cluster and not Cluster.objects.filter(name=cluster).exists():
        raise Refused(_('cluster "%(cluster)s" not found') % {"cluster": cluster})
    return change(course=course, broadcast=cluster)


def freeze(*, course: Course, frozen: bool) -> Course:
    """While frozen, students change nothing, whichever way they come."""
    return change(course=course, frozen=frozen)


def set_timer(*, course: Course, seconds: float | None) -> Course:
    """Until when the class has time; None: no timer."""
    return change(course=course, timer_ends=None if seconds is None else timezone.now() + timedelta(seconds=seconds))


def change(*, course: Course, **fields: Any) -> Course:
    for name, value in fields.items():
        setattr(course, name, value)
    course.save(update_fields=list(fields))
    door.forget()
    news.tell_class(course)
    return course


def push(*, course: Course, wanted: Mapping[str, Any]) -> list[Result]:
    """Apply `manifests`, or do `command` with `args`, in the students' clusters (of `students` only, if given).

    One result per cluster: {"cluster", "ok", "message"}; one that fails stops no other.
    """
    if wanted.get("command"):
        where, problem = faults.problem(wanted["command"], wanted.get("args") or {})
        if problem:
            raise Refused(f"{where}: {problem}")
    targets = _targets(course, wanted.get("students"))
    work = _applying(wanted["manifests"]) if wanted.get("manifests") else _commanding(wanted)
    return async_to_sync(_everywhere)(targets, work)


def _targets(course: Course, students: Collection[int] | None) -> list[str]:
    owned = wall.existing_clusters_in(course)
    return [each.cluster for each in owned if students is None or each.owner_id in students]


Work = Callable[[str], Awaitable[str]]


def _applying(text: str) -> Work:
    async def work(cluster: str) -> str:
        results = await applying.apply(engine=clusters.engine(), cluster=cluster, text=text)
        problems = [f"line {each['line']}: {each['message']}" for each in results if each["status"] == "error"]
        if problems:
            raise EngineError("; ".join(problems))
        return f"{len(results)} applied"

    return work


def _commanding(wanted: Mapping[str, Any]) -> Work:
    async def work(cluster: str) -> str:
        await clusters.engine().command(cluster, wanted["command"], wanted.get("args") or {})
        return "done"

    return work


async def _everywhere(targets: list[str], work: Work) -> list[Result]:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(cluster: str) -> Result:
        async with gate:
            try:
                return {"cluster": cluster, "ok": True, "message": await work(cluster)}
            except EngineError as error:
                return {"cluster": cluster, "ok": False, "message": str(error)}

    return list(await asyncio.gather(*(one(cluster) for cluster in targets)))
