"""The websocket of one member on one course. In: nothing that counts. Out: the course's state whenever it changes, hints
and take-overs for this person; for teachers also the wall, whenever something on it has changed.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.conf import settings

from playground.engine.port import EngineError
from playground.live.consumer import report

from . import door, news, wall
from .access import Action
from .models import Course

WALL_SECONDS = 1.5
logger = logging.getLogger(__name__)


class CourseConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]
    _walls: asyncio.Task[None] | None = None
    _groups: tuple[str, ...] = ()

    async def connect(self) -> None:
        await self.accept()
        self._slug = self.scope["url_route"]["kwargs"]["course"]
        decision = await door.may_in(self.scope, Action.STUDY, self._slug)
        if settings.LOCAL_MODE or not decision:
            await self._part(decision.reason or "in local mode there are no courses", decision.status if not decision else 404)
            return
        self._course = await self._load()
        who = await door.who(self.scope)
        self._groups = (news.class_group(self._course.pk), news.person_group(who.user or 0))
        for group in self._groups:
            await self.channel_layer.group_add(group, self.channel_name)
        await self.send_json(news.state(self._course))
        if await door.may_in(self.scope, Action.TEACH, self._slug):
            self._walls = asyncio.create_task(self._show_walls())
            self._walls.add_done_callback(report)

    @database_sync_to_async
    def _load(self) -> Course:
        return Course.objects.get(slug=self._slug)

    async def disconnect(self, code: int) -> None:
        if self._walls is not None:
            self._walls.cancel()
        for group in self._groups:
            await self.channel_layer.group_discard(group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        """Pages may say anything, JSON or not, to keep the connection open."""

    async def news(self, event: dict[str, Any]) -> None:
        """From the channel layer. Who has left the course hears no more of it."""
        decision = await door.may_in(self.scope, Action.STUDY, self._slug)
        if decision:
            await self.send_json(event["news"])
        else:
            await self._part(decision.reason, decision.status)

    async def _show_walls(self) -> None:
        shown: dict[str, Any] | None = None
        while await door.may_in(self.scope, Action.TEACH, self._slug):
            now = await self._wall_or(shown)
            if now != shown and now is not None:
                shown = now
                await self.send_json({"type": "wall", **now})
            await asyncio.sleep(WALL_SECONDS)
        await self._part("you do not teach this course any more", 403)

    async def _wall_or(self, shown: dict[str, Any] | None) -> dict[str, Any] | None:
        """The wall; while a worker is away, what is shown already."""
        try:
            return await self._wall()
        except EngineError as error:
            logger.warning("the wall of %s waits: %s", self._slug, error)
            return shown

    @database_sync_to_async
    def _wall(self) -> dict[str, Any]:
        return wall.wall(course=Course.objects.get(slug=self._slug))

    async def _part(self, reason: str, status: int) -> None:
        await self.send_json({"type": "gone", "reason": reason})
        await self.close(4000 + status)
