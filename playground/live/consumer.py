"""The websocket of one browser on one cluster.

The browser says hello, perhaps with the revision it has; it gets a snapshot or what it missed, then deltas.
"""

from __future__ import annotations

import asyncio
import json
import logging
from functools import lru_cache
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer

from playground.clusters import engine

from .hub import Hub, Room, Socket

logger = logging.getLogger(__name__)


@lru_cache(1)
def hub() -> Hub:
    """The hub of this process."""
    return Hub(engine())


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """One connection. In: hello {resume, session}, resync. Out: snapshot, delta, clock, gone, error."""

    room: Room | None = None
    _sending: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        self.begin(self.scope["url_route"]["kwargs"]["name"])
        await self.accept()

    def begin(self, cluster: str) -> None:
        self.cluster = cluster
        self.socket = Socket()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        message = decoded(text_data)
        kind = message.get("type")
        if kind == "hello" and self.room is None:
            self.room = hub().join(self.cluster, self.socket)
            self._sending = asyncio.create_task(self._send(message))
            self._sending.add_done_callback(report)
        elif kind == "resync" and self.room is not None:
            self.socket.behind = True
            self.socket.ready.set()
        else:
            await self.tell({"type": "error", "message": "expected hello once, then resync"})

    async def disconnect(self, code: int) -> None:
        if self._sending is not None:
            self._sending.cancel()
            hub().leave(self.cluster, self.socket)

    async def _send(self, hello: dict[str, Any]) -> None:
        room, socket = self.room, self.socket
        assert room is not None
        await room.begun.wait()
        missed = room.since(hello.get("session"), hello.get("resume"))
        socket.behind = missed is None and not room.gone
        socket.queue.extend(missed or ())
        socket.started = True
        if room.gone:
            await self._part(room)
            return
        socket.ready.set()
        while not room.gone or socket.queue:
            await socket.ready.wait()
            socket.ready.clear()
            await self._drain(room, socket)
        await self.close(4404)

    async def _drain(self, room: Room, socket: Socket) -> None:
        while socket.behind or socket.queue:
            if socket.behind:
                socket.behind = False
                socket.queue.clear()
                await self.send(text_data=room.snapshot().decode())
            else:
                await self.send(text_data=socket.queue.popleft().decode())

    async def _part(self, room: Room) -> None:
        await self.tell({"type": "gone", "reason": room.gone})
        await self.close(4404)

    async def tell(self, message: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(message))


def report(task: asyncio.Task[None]) -> None:
    """A task nobody waits for must not fail in silence."""
    if not task.cancelled() and task.exception() is not None:
        logger.error("a websocket's task failed", exc_info=task.exception())


def decoded(text: str | None) -> dict[str, Any]:
    """What a browser sent; {} when it is no JSON object."""
    try:
        message = json.loads(text or "")
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}
