"""Following a presenter: unguessable, revocable, read-only links to one cluster, and the view that is shown to them.

A presenter's view (what is selected, where the camera stands, the caption) is small and only the newest counts, so it
is kept nowhere: it goes through the channel layer to whoever follows, and a late comer asks the presenter for it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import orjson
from channels.layers import get_channel_layer

from playground import clusters
from playground.engine.port import EngineError, NoSuchCluster

from .feedsession import session_of
from .models import FollowLink

MOST_VIEW_BYTES = 32 * 1024
MOST_LINKS = 50
_FIELDS: Mapping[str, type | tuple[type, ...]] = {
    "selected": (str, type(None)),
    "tab": str,
    "frame": (dict, type(None)),
    "layers": dict,
    "presenter": bool,
    "caption": str,
    "trace": (dict, type(None)),
    "past": (int, type(None)),
}
"""What a view may hold, all of it optional."""
View = dict[str, Any]


class BadView(EngineError):
    """Not a view."""


def begin(*, cluster: str) -> FollowLink:
    """Make a link to the cluster. Raises NoSuchCluster, and EngineError when there are too many already."""
    history = _history(cluster)
    if history is None:
        raise NoSuchCluster(f'cluster "{cluster}" not found')
    if FollowLink.objects.filter(cluster=cluster).count() >= MOST_LINKS:
        raise EngineError(f"there are {MOST_LINKS} links to this cluster; end some first", 409)
    return FollowLink.objects.create(token=secrets.token_urlsafe(24), cluster=cluster, history=history)


def links(*, cluster: str) -> list[FollowLink]:
    """The links that work, oldest first."""
    return list(FollowLink.objects.filter(cluster=cluster, history=_history(cluster)))


def end(*, cluster: str, token: str) -> bool:
    """Revoke a link; False when there is none. Who follows must still be told: `tell_ended`."""
    count, _ = FollowLink.objects.filter(cluster=cluster, token=token).delete()
    return bool(count)


def cluster_of(*, token: str) -> str | None:
    """The cluster a link shows; None when it was revoked, never was, or the cluster is another one by now."""
    link = FollowLink.objects.filter(token=token).first()
    if link is None or link.history != _history(link.cluster):
        return None
    return str(link.cluster)


def _history(cluster: str) -> str | None:
    token = clusters.token_of(name=cluster)
    return session_of(token) if token else None


def checked(raw: Any) -> View:
    """The view a presenter sent, without what no follower would understand. Raises BadView."""
    if not isinstance(raw, dict):
        raise BadView("view: an object is required")
    for name, kind in _FIELDS.items():
        if name in raw and not isinstance(raw[name], kind):
            raise BadView(f"view: {name} is not what it should be")
    view = {name: raw[name] for name in _FIELDS if name in raw}
    if len(orjson.dumps(view)) > MOST_VIEW_BYTES:
        raise BadView(f"view: at most {MOST_VIEW_BYTES} bytes")
    return view


def followers(token: str) -> str:
    """The channel group of those who follow."""
    return f"follow.{token}"


def presenters(token: str) -> str:
    """The channel group of those who present: usually one."""
    return f"present.{token}"


async def show(*, token: str, view: View) -> None:
    """Let all who follow see this."""
    await get_channel_layer().group_send(followers(token), {"type": "follow.view", "view": view})


async def tell_ended(*, token: str) -> None:
    """The link was revoked: who follows it is let go."""
    for group in (followers(token), presenters(token)):
        await get_channel_layer().group_send(group, {"type": "follow.end"})
