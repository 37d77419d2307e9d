"""Webhooks: a submission's verdict sent to the address its sender named, once it is graded.

Outside of any request, by the clerk (`clerk`), from rows in the database: what is not delivered yet survives a restart.
A delivery may come twice (a receiver knows it by its Webhook-Id), and is tried again with growing pauses before it is
given up. Its body is signed by the same key as verdicts: see `signing.sign_delivery`.
"""

from __future__ import annotations

import http.client
import logging
import socket
import ssl
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta

import orjson
from django.db import close_old_connections
from django.utils import timezone

from . import showing, signing
from .destinations import Destination, WebhookRefused, resolve
from .models import Delivery, Submission

log = logging.getLogger(__name__)
TIMEOUT, DEADLINE = 10.0, 20.0
"""Seconds for each single operation on the connection, and for the whole of it."""
PAUSES = (10, 60, 300, 1800, 7200, 21600)
"""Seconds before each further attempt."""
MOST_PAUSE = 86400
_AT_ONCE = 4
_IDLE = 60.0
_CLAIM = timedelta(seconds=2 * DEADLINE)
GONE = 410


class NotDelivered(Exception):
    """The receiver did not take it; `after`: seconds it asks to wait, `final`: it wants no more."""

    def __init__(self, message: str, after: float = 0, final: bool = False) -> None:
        super().__init__(message)
        self.after, self.final = after, final


def deliver_due() -> float:
    """Deliver what is due; answers in how many seconds there may be more."""
    now = timezone.now()
    waiting = Delivery.objects.filter(state=Delivery.WAITING).exclude(submission__state=Submission.QUEUED)
    mine = [each for each in waiting.filter(due__lte=now).order_by("due")[:100] if _claim(each, now)]
    if len(mine) == 1:
        attempt(mine[0])
    elif mine:
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="webhook") as several:
            list(several.map(_attempt_in_thread, mine))
    due = waiting.order_by("due").values_list("due", flat=True).first()
    return _IDLE if due is None else min(_IDLE, max(0.0, (due - timezone.now()).total_seconds()))


def _claim(delivery: Delivery, now: datetime) -> bool:
    """No other process tries the same one while this one does."""
    return bool(Delivery.objects.filter(pk=delivery.pk, due=delivery.due).update(due=now + _CLAIM))


def _attempt_in_thread(delivery: Delivery) -> None:
    try:
        attempt(delivery)
    finally:
        close_old_connections()


def attempt(delivery: Delivery) -> None:
    """Try once, and write down what came of it."""
    delivery.attempts += 1
    try:
        send(delivery)
    except (NotDelivered, WebhookRefused, OSError, http.client.HTTPException) as error:
        _not_delivered(delivery, error)
    else:
        delivery.state, delivery.problem = Delivery.DELIVERED, ""
    delivery.save(update_fields=["state", "attempts", "due", "problem"])


def _not_delivered(delivery: Delivery, error: Exception) -> None:
    delivery.problem = (str(error) or type(error).__name__)[:500]
    final = isinstance(error, WebhookRefused) or getattr(error, "final", False)
    if final or delivery.attempts > len(PAUSES):
        delivery.state = Delivery.GIVEN_UP
        log.warning("webhook of submission %s given up: %s", delivery.submission_id, delivery.problem)
        return
    pause = max(PAUSES[delivery.attempts - 1], min(getattr(error, "after", 0), MOST_PAUSE))
    delivery.due = timezone.now() + timedelta(seconds=pause)


def body_of(delivery: Delivery) -> bytes:
    """What is sent: the submission as its student sees it, and the signed verdict."""
    submission = delivery.submission
    token = signing.sign(submission) if submission.verdict is not None else None
    told = {"event": "submission.graded", "submission": showing.submission(submission), "token": token}
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS)


def send(delivery: Delivery) -> None:
    """Raises NotDelivered, WebhookRefused, OSError and HTTPException."""
    body = body_of(delivery)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "cluster-playground",
        "Webhook-Id": str(delivery.pk),
        "Webhook-Signature": signing.sign_delivery(delivery, body),
        "Connection": "close",
    }
    post(resolve(delivery.url), body, headers)


def post(where: Destination, body: bytes, headers: Mapping[str, str]) -> None:
    """POST to the address that was checked; redirections are not followed. Raises as `send` does."""
    connection = _Pinned(where)
    end = threading.Timer(DEADLINE, connection.abort)
    end.daemon = True
    end.start()
    try:
        connection.request("POST", where.target, body, dict(headers))
        answer = connection.getresponse()
        if not 200 <= answer.status < 300:
            after = answer.headers.get("Retry-After", "")
            raise NotDelivered(
                f"answered {answer.status}", float(after) if after.isdecimal() else 0, answer.status == GONE
            )
    finally:
        end.cancel()
        connection.close()


class _Pinned(http.client.HTTPConnection):
    """Connects to the destination's address, whatever its name may mean by now."""

    def __init__(self, where: Destination) -> None:
        super().__init__(where.host, where.port, timeout=TIMEOUT)
        self._where = where
        if where.is_secure:
            self.default_port = 443

    def connect(self) -> None:
        raw = socket.create_connection((self._where.address, self._where.port), TIMEOUT)
        if self._where.is_secure:
            self.sock = ssl.create_default_context().wrap_socket(raw, server_hostname=self._where.host)
        else:
            self.sock = raw

    def abort(self) -> None:
        """The time for the whole is up: whatever it is waiting for ends now."""
        with suppress(OSError):  # it has ended by itself
            if self.sock is not None:
                self.sock.shutdown(socket.SHUT_RDWR)
