"""A websocket as ASGI has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from playground.asgitypes import Receive, Scope, Send
from playground.engine.port import EngineError


@dataclass(slots=True)
class Socket:
    scope: Scope
    receive: Receive
    send: Send

    async def choose(self, protocols: Sequence[str]) -> str:
        """The first of ours that the client offers. Raises EngineError when there is none."""
        await self.receive()
        offered = self.scope.get("subprotocols", ())
        found = next((name for name in protocols if name in offered), None)
        if found is None:
            raise EngineError("no protocol in common", 403)
        return found

    async def accept(self, protocol: str) -> None:
        await self.send({"type": "websocket.accept", "subprotocol": protocol})

    async def read(self) -> bytes | None:
        """The next message; None when the client has gone."""
        message = await self.receive()
        if message["type"] == "websocket.disconnect":
            return None
        data: bytes = message.get("bytes") or (message.get("text") or "").encode("latin-1", "replace")
        return data

    async def write(self, data: bytes) -> None:
        await self.send({"type": "websocket.send", "bytes": data})

    async def frame(self, channel: int, data: bytes) -> None:
        await self.write(bytes((channel,)) + data)

    async def close(self) -> None:
        await self.send({"type": "websocket.close", "code": 1000})
