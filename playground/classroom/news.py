"""What a class hears at once: messages to its members' pages, by the channel layer. Nothing depends on their arrival."""

from __future__ import annotations

from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from .models import Course, Ownership

News = dict[str, Any]


def class_group(course: int) -> str:
    return f"course-{course}"


def person_group(user: int) -> str:
    return f"person-{user}"


def tell_class(course: Course) -> None:
    """The course's state, to all who look at it."""
    _send(class_group(course.pk), state(course))


def tell_person(user: int, message: News) -> None:
    _send(person_group(user), message)


def state(course: Course) -> News:
    """What members see of a course: {"type": "course", ...}."""
    return {
        "type": "course",
        "course": course.slug,
        "name": course.name,
        "exercise": course.exercise,
        "frozen": course.frozen,
        "broadcast": course.broadcast,
        "timer_ends": course.timer_ends.isoformat() if course.timer_ends else None,
    }


def hint_news(hint: Any) -> News:
    owned: Ownership = hint.ownership
    return {"type": "hint", "id": hint.pk, "cluster": owned.cluster, "text": hint.text, "made": hint.made.isoformat()}


def _send(group: str, message: News) -> None:
    async_to_sync(get_channel_layer().group_send)(group, {"type": "news", "news": message})
