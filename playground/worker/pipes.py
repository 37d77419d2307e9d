"""Two ends of a conversation inside one process: bounded, so that a slow reader holds the writer up."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Mapping
from typing import Any

from playground.engine.port import EngineError

Message = dict[str, Any]
_MOST_WAITING = 64


class Pipe:
    """One direction."""

    def __init__(self) -> None:
        self._items: deque[Message] = deque()
        self._changed = asyncio.Condition()
        self._closed = False
        self._error: EngineError | None = None

    async def put(self, message: Message) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self._closed or len(self._items) < _MOST_WAITING)
            if not self._closed:
                self._items.append(message)
                self._changed.notify_all()

    async def take(self) -> Message | None:
        """None at the end. Raises the error it was closed with."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._closed or bool(self._items))
            self._changed.notify_all()
            if self._items:
                return self._items.popleft()
            if self._error is not None:
                raise self._error
            return None

    async def close(self, error: EngineError | None = None) -> None:
        async with self._changed:
            self._closed, self._error = True, error
            self._changed.notify_all()


class End:
    """What one side holds: see `playground.engine.port.Duplex`."""

    def __init__(self, incoming: Pipe, outgoing: Pipe) -> None:
        self.incoming, self.outgoing = incoming, outgoing
        self._work: asyncio.Task[None] | None = None

    async def send(self, message: Mapping[str, Any]) -> None:
        await self.outgoing.put(dict(message))

    async def receive(self) -> Message | None:
        return await self.incoming.take()

    async def aclose(self) -> None:
        await self.outgoing.close()
        await self.incoming.close()
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """The task at the other end; it dies when this end is closed."""
        self._work = asyncio.ensure_future(work)


def ends() -> tuple[End, End]:
    """(ours, theirs)"""
    there, back = Pipe(), Pipe()
    return End(back, there), End(there, back)
