"""The websocket of one terminal: JSON text frames to and from the worker's session. ?session=ID comes back, ?node=NAME chooses."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import parse_qsl

from channels.generic.websocket import AsyncWebsocketConsumer

from playground.classroom.access import Action
from playground.classroom.door import may, who
from playground.clusters import engine
from playground.engine.port import Duplex, EngineError

_KINDS = frozenset(("input", "resize", "save"))


class TerminalConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    _talk: Duplex | None = None
    _reading: asyncio.Task[None] | None = None
    _parted = False

    async def connect(self) -> None:
        query = dict(parse_qsl(self.scope["query_string"].decode("latin-1")))
        await self.accept()
        if not await self._may_work():
            return
        user = (await who(self.scope)).user or 0
        args = {"session": query.get("session", ""), "node": query.get("node", ""), "user": user}
        try:
            self._talk = await engine().stream(self._cluster, "terminal", args)
        except EngineError as error:
            await self._refuse(error)
            return
        self._reading = asyncio.create_task(self._read(self._talk))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        message = _decoded(text_data)
        if self._talk is not None and message.get("type") in _KINDS and await self._may_work():
            try:
                await self._talk.send(message)
            except EngineError as error:
                await self._refuse(error)

    @property
    def _cluster(self) -> str:
        return str(self.scope["url_route"]["kwargs"]["name"])

    async def _may_work(self) -> bool:
        """Asked with each key: a share may be withdrawn, a class frozen."""
        decision = await may(self.scope, Action.EDIT, self._cluster)
        if not decision:
            await self._refuse(EngineError(decision.reason, decision.status))
        return bool(decision)

    async def disconnect(self, code: int) -> None:
        if self._reading is not None:
            self._reading.cancel()
        if self._talk is not None:
            await self._talk.aclose()

    async def _read(self, talk: Duplex) -> None:
        try:
            while (message := await talk.receive()) is not None:
                await self._tell(message)
            await self.close(1000)
        except EngineError as error:
            await self._refuse(error)

    async def _refuse(self, error: EngineError) -> None:
        if self._parted:
            return
        self._parted = True
        await self._tell({"type": "exit", "message": str(error)})
        await self.close(4000 + error.code)

    async def _tell(self, message: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(message))


def _decoded(text: str | None) -> dict[str, Any]:
    try:
        message = json.loads(text or "")
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}
