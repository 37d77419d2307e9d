"""What a request to hand in says: the answer in any of its forms, whose it is, and where the verdict is to be sent."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from django.http import Http404
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from cluster_core.persistence.log import ClusterUnknown
from playground.api.strict import checked
from playground.classroom import allowed
from playground.classroom.access import Action

from . import access, handin, serializers, services
from .exercise import Answer
from .models import ApiToken, Submission

AT_ONCE, MOST_WAIT = 2.0, 30.0
"""Seconds a hand-in waits for its verdict before it is answered with 202."""


class Asked(NamedTuple):
    """`answer` as submissions keep it; `seed` None: the exercise's own."""

    answer: dict[str, Any]
    student: str
    seed: int | None


def hand_in(request: Request) -> Asked:
    """Raises ValidationError, Http404, and what is not allowed."""
    student = request.query_params.get("student", "")[: services.MOST_NAME]
    try:
        if isinstance(request.data, bytes):
            return Asked(services.encode(handin.of_files(handin.unzip(request.data))), student, None)
        if isinstance(request.data, str):
            return Asked(services.encode(handin.of_text(request.data)), student, None)
    except handin.HandInError as error:
        raise ValidationError({"archive": [str(error)]}) from error
    data = checked(serializers.SubmissionWanted, request)
    return Asked(_answer(data, request), data["student"] or student, data.get("seed"))


def _answer(data: dict[str, Any], request: Request) -> dict[str, Any]:
    if "cluster" in data:
        return _live(data["cluster"], request)
    if "manifests" in data:
        given = handin.of_text(data["manifests"])
    elif "commands" in data:
        given = Answer(files=data.get("files", {}))
    else:
        given = _of_files(data["files"])
    commands = data.get("commands")
    return services.encode(given) | ({"commands": commands, "form": "commands"} if commands is not None else {})


def _of_files(files: dict[str, str]) -> Answer:
    """As if they had come in an archive."""
    try:
        return handin.of_files(files)
    except handin.HandInError as error:
        raise ValidationError({"files": [str(error)]}) from error


def _live(cluster: str, request: Request) -> dict[str, Any]:
    allowed.require(request, Action.EDIT, cluster)  # who only watches it may not hand it in
    try:
        return services.live(cluster)
    except ClusterUnknown as error:
        raise Http404(f'there is no cluster "{cluster}"') from error


def webhook(request: Request) -> str:
    """Where the verdict is to be sent, "" nowhere: in the address, or in a JSON body."""
    inside = request.data.get("webhook", "") if isinstance(request.data, dict) else ""
    return str(request.query_params.get("webhook", "") or inside)


def wait(request: Request) -> float:
    """Seconds. Raises ValidationError."""
    try:
        seconds = float(request.query_params.get("wait", AT_ONCE))
    except ValueError:
        seconds = math.nan
    if math.isnan(seconds):
        raise ValidationError({"wait": ["must be a number of seconds"]})
    return min(MOST_WAIT, max(0.0, seconds))


def sender(request: Request) -> str:
    """Whose idempotency keys these are: a token's, a person's, or, where nobody logs in, everybody's."""
    if isinstance(request.auth, ApiToken):
        return Submission.sender_of(token=request.auth.pk)
    return Submission.sender_of(user=access.who_of(request).user)
