"""The way in for what runs in front of Django: the Kubernetes API and the websockets.

Decisions are remembered for a moment, since kubectl and browsers ask often; what was withdrawn is refused after at most
REMEMBER_SECONDS, also to websockets that are open.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import TypeVar, cast

from channels.db import database_sync_to_async
from django.conf import settings

from playground import clusters
from playground.asgitypes import Scope

from . import access, identity
from .access import LOCAL, Action, Decision, Who
from .models import Ownership

REMEMBER_SECONDS = 2.0
LOOK_AGAIN_SECONDS = 15.0
"""How often a websocket on which nothing happens asks again."""
_MOST_REMEMBERED = 20_000
_known: dict[Hashable, tuple[object, float]] = {}
T = TypeVar("T")


def forget() -> None:
    """Something has changed that decisions depend on."""
    _known.clear()


async def _remembered(key: Hashable, find: Callable[[], T]) -> T:
    found = _known.get(key)
    if found is not None and found[1] > time.monotonic():
        return cast(T, found[0])
    answer = await database_sync_to_async(find)()
    if len(_known) >= _MOST_REMEMBERED:
        _known.clear()
    _known[key] = answer, time.monotonic() + REMEMBER_SECONDS
    return answer


async def who(scope: Scope) -> Who:
    """Who opened this connection or sent this request."""
    if settings.LOCAL_MODE:
        return LOCAL
    cookie, secret = identity.credentials(scope)
    return await _remembered(("who", cookie, secret), lambda: identity.of_credentials(cookie, secret))


async def may(scope: Scope, action: Action, cluster: str) -> Decision:
    """See access.may."""
    return access.YES if settings.LOCAL_MODE else await may_who(await who(scope), action, cluster)


async def may_who(asking: Who, action: Action, cluster: str) -> Decision:
    """The same, when it is known who asks."""
    return await _remembered((asking, action, cluster), lambda: access.may(asking, action, cluster))


async def person(user: int) -> Who:
    """Somebody by their number; nobody when the account is closed."""
    return await _remembered(("person", user), lambda: identity.of_person(user))


async def wait_for(event: asyncio.Event, seconds: float) -> None:
    """Until the event, or at most so long."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)


async def may_in(scope: Scope, action: Action, course: str) -> Decision:
    """See access.may_in."""
    asking = await who(scope)
    return await _remembered((asking, action, "course", course), lambda: access.may_in(asking, action, course))


async def at_network(address: str) -> str | None:
    """The cluster with this network address; None: there is none."""
    name = address.partition(".")[0]
    token = await _remembered(("token", name), lambda: clusters.token_of(name=name))
    known = token is not None and secrets.compare_digest(clusters.network_address(name=name, token=token), address)
    return name if known else None


async def frozen(cluster: str) -> bool:
    """Whether nobody may change the cluster now, not even with its own token."""
    return not settings.LOCAL_MODE and await _remembered(("frozen", cluster), lambda: _frozen(cluster))


def _frozen(cluster: str) -> bool:
    return access.is_frozen(Ownership.objects.select_related("course").filter(cluster=cluster).first())
