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

from playground.classroom.access import Action
from playground.classroom.door import LOOK_AGAIN_SECONDS, may, wait_for
from playground.clusters import engine

from .frame import Frame
from .hub import Hub, Room, Socket

logger = logging.getLogger(__name__)


@lru_cache(1)
def hub() -> Hub:
    """The hub of this process."""
    return Hub(engine())


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """One connection. In: hello {resume, session, small}, resync. Out: snapshot, delta, clock, gone, error."""

    room: Room | None = None
    _sending: asyncio.Task[None] | None = None
    parted = False

    async def connect(self) -> None:
        self.begin(self.scope["url_route"]["kwargs"]["name"])
        await self.accept()
        await self.may_look()

    def begin(self, cluster: str) -> None:
        self.cluster = cluster
        self.socket = Socket()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.parted:
            return  # it was on its way when we closed
        message = decoded(text_data)
        kind = message.get("type")
        if kind == "hello" and self.room is None and await self.may_look():
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
        socket.small = hello.get("small") is True
        missed = room.since(hello.get("session"), hello.get("resume"))
        socket.behind = missed is None and not room.gone
        socket.queue.extend(missed or ())
        socket.started = True
        if room.gone:
            await self.part(room.gone)
            return
        socket.ready.set()
        while not room.gone or socket.queue:
            await wait_for(socket.ready, LOOK_AGAIN_SECONDS)
            socket.ready.clear()
            if not await self.may_look():
                return
            await self._drain(room, socket)
        await self.close(4404)

    async def _drain(self, room: Room, socket: Socket) -> None:
        while socket.behind or socket.queue:
            if socket.behind:
                socket.behind = False
                socket.queue.clear()
                await self._pass_on(room.snapshot())
            else:
                await self._pass_on(socket.queue.popleft())

    async def _pass_on(self, frame: Frame) -> None:
        data = frame.small if self.socket.small else frame.plain
        if data.startswith(b"{"):
            await self.send(text_data=data.decode())
        else:
            await self.send(bytes_data=data)

    async def may_look(self) -> bool:
        """Asked again and again: a share may be withdrawn, a session end. Who may not is told why and parted from."""
        decision = await may(self.scope, Action.VIEW, self.cluster)
        if not decision:
            await self.part(decision.reason, decision.status)
        return bool(decision)

    async def part(self, reason: str, status: int = 404) -> None:
        self.parted = True
        await self.tell({"type": "gone", "reason": reason})
        await self.close(4000 + status)

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
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}
