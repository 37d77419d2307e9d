"""Collecting: clusters of a class handed in to an exercise by its teacher."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from cluster_core.persistence.log import ClusterUnknown
from playground.grading import catalogue
from playground.grading import services as grading
from playground.grading.exercise import Exercise

from . import wall
from .models import Course, Membership, Ownership
from .services import Refused

Result = dict[str, Any]


def collect(*, course: Course, exercise: str = "", clusters: Collection[str] = ()) -> list[Result]:
    """Hand in to this exercise (else the course's current one) these clusters, else of each student the one begun for the
    exercise, else the one made last: {"student", "cluster", "submission", "problem"}, of everybody who has nothing too."""
    found = catalogue.find(exercise or course.exercise)
    if found is None:
        raise Refused(_("the course has no current exercise: set one first, or name one"))
    existing = wall.existing_clusters_in(course)
    if clusters:
        return [_collected(found, owned) for owned in _named(existing, clusters)]
    mine: dict[int, list[Ownership]] = {}
    for owned in existing:
        mine.setdefault(owned.owner_id, []).append(owned)
    return [_of_student(found, student, mine.get(student.user_id, ())) for student in wall.students_in(course)]


def _named(existing: Sequence[Ownership], names: Collection[str]) -> list[Ownership]:
    by_name = {owned.cluster: owned for owned in existing}
    unknown = sorted(set(names) - set(by_name))
    if unknown:
        raise Refused(_("no student of this course has a cluster %(names)s") % {"names": ", ".join(unknown)})
    return [by_name[name] for name in dict.fromkeys(names)]


def _of_student(exercise: Exercise, student: Membership, owned: Sequence[Ownership]) -> Result:
    """`owned`: what they have, made last first."""
    begun = (each for each in owned if each.cluster.startswith(f"{exercise.name}-"))
    chosen = next(begun, owned[0] if owned else None)
    if chosen is None:
        return _result(student.user.get_username(), problem="has no cluster")
    return _collected(exercise, chosen)


def _collected(exercise: Exercise, owned: Ownership) -> Result:
    student = owned.owner.get_username()
    try:
        answer: Mapping[str, Any] = grading.live(owned.cluster)
    except ClusterUnknown:  # deleted while the others were collected
        return _result(student, owned.cluster, problem="is gone")
    made = grading.hand_in(exercise=exercise, answer=answer, student=student)
    grading.work_on(made, seconds=0)
    return _result(student, owned.cluster, submission=str(made.pk))


def _result(student: str, cluster: str = "", *, submission: str | None = None, problem: str = "") -> Result:
    return {"student": student, "cluster": cluster, "submission": submission, "problem": problem}
