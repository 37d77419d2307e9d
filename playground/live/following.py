"""The websockets of a presenter and of those who follow. See `follow` for what travels between them.

Presenter: in {"type": "view", "view": {...}}; out {"type": "followers", "count"}, "end", "error".
Follower: as `consumer`, and besides {"type": "view", "view"} and, before a view that is of the past, {"type": "past"} with
the picture of then; it can say nothing that changes anything.
"""

from __future__ import annotations

import json
import logging
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from playground.classroom import door
from playground.classroom.access import Action
from playground.engine.port import EngineError

from . import follow
from .consumer import LiveConsumer, decoded
from .past import pictures

logger = logging.getLogger(__name__)
ENDED = 4410
"""Close code: the link was revoked."""
Event = dict[str, Any]


class PresentConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """One presenter's browser."""

    async def connect(self) -> None:
        route = self.scope["url_route"]["kwargs"]
        self.token, self.view = route["token"], follow.View()
        self.seen: set[str] = set()
        shown = await database_sync_to_async(follow.cluster_of)(token=self.token)
        await self.accept()
        decision = await door.may(self.scope, Action.SHARE, route["name"])
        if not decision:
            await self.close(4000 + decision.status)
            return
        if shown != route["name"]:
            await self.follow_end({})
            return
        await self.channel_layer.group_add(follow.presenters(self.token), self.channel_name)
        await self.channel_layer.group_send(follow.followers(self.token), {"type": "follow.roll", "to": self.channel_name})

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(follow.presenters(self.token), self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        message = decoded(text_data)
        try:
            if message.get("type") != "view":
                raise follow.BadView("expected a view")
            self.view = follow.checked(message.get("view"))
        except follow.BadView as error:
            await self._tell({"type": "error", "message": str(error)})
            return
        await follow.show(token=self.token, view=self.view)

    async def follow_joined(self, event: Event) -> None:
        """Somebody follows: show it to them, and count them."""
        self.seen.add(event["channel"])
        await self._tell({"type": "followers", "count": len(self.seen)})
        if self.view:
            await self.channel_layer.send(event["channel"], {"type": "follow.view", "view": self.view})

    async def follow_left(self, event: Event) -> None:
        self.seen.discard(event["channel"])
        await self._tell({"type": "followers", "count": len(self.seen)})

    async def follow_end(self, event: Event) -> None:
        await self._tell({"type": "end"})
        await self.close(ENDED)

    async def _tell(self, message: Event) -> None:
        await self.send(text_data=json.dumps(message))


class FollowConsumer(LiveConsumer):
    """One follower's browser: the cluster's picture, and what the presenter shows of it."""

    past: int | None = None
    """The revision whose picture was sent last, while the presenter shows the past."""

    async def connect(self) -> None:
        self.token = self.scope["url_route"]["kwargs"]["token"]
        cluster = await database_sync_to_async(follow.cluster_of)(token=self.token)
        if cluster is None:
            await self.accept()
            await self.follow_end({})
            return
        self.begin(cluster)
        await self.channel_layer.group_add(follow.followers(self.token), self.channel_name)
        await self.accept()
        await self._say("follow.joined")

    async def may_look(self) -> bool:
        """Whoever has the link may, until it is revoked: then `follow_end` comes."""
        return True

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(follow.followers(self.token), self.channel_name)
        await self._say("follow.left")
        await super().disconnect(code)

    async def follow_roll(self, event: Event) -> None:
        """A presenter came, perhaps back."""
        await self.channel_layer.send(event["to"], {"type": "follow.joined", "channel": self.channel_name})

    async def follow_view(self, event: Event) -> None:
        view = event["view"]
        if view.get("past") != self.past:
            view = await self._go_to(view)
        await self.tell({"type": "view", "view": view})

    async def _go_to(self, view: follow.View) -> follow.View:
        """Send the picture of another time. One that cannot be had is not told of: this page stays where it is."""
        wanted = view.get("past")
        try:
            if wanted is not None:
                await self._pass_on(await pictures().of(token=self.token, cluster=self.cluster, revision=wanted))
        except EngineError as error:
            logger.info("cluster %s at revision %s: %s", self.cluster, wanted, error)
            return {**view, "past": self.past}
        self.past = wanted
        return view

    async def follow_end(self, event: Event) -> None:
        await self.tell({"type": "gone", "reason": "", "ended": True})
        await self.close(ENDED)

    async def _say(self, what: str) -> None:
        await self.channel_layer.group_send(follow.presenters(self.token), {"type": what, "channel": self.channel_name})
