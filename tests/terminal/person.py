"""A person at a terminal: types lines, reads what comes."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from playground.engine.port import Duplex
from playground.worker.host import Host


class Terminal:
    """A person at the page."""

    def __init__(self, talk: Duplex) -> None:
        self.talk, self.seen, self.messages = talk, "", []

    async def until(self, mark: str, seconds: float = 10.0) -> str:
        """Read on until the output has the mark; answers what came."""
        begin = len(self.seen)
        async with asyncio.timeout(seconds):
            while not re.search(mark, self.seen[begin:]):
                message = await self.talk.receive()
                assert message is not None, self.seen
                self.messages.append(message)
                self.seen += message.get("data", "") if message["type"] == "output" else ""
        return self.seen[begin:]

    async def run(self, line: str, seconds: float = 10.0) -> str:
        """Type a line and wait for the next prompt."""
        await self.type(line + "\r")
        text = await self.until(r"\r\n[^\r\n]*root@[^\r\n]*# $", seconds)
        return text.partition("\r\n")[2].rpartition("root@")[0].replace("\r\n", "\n")

    async def type(self, data: str) -> None:
        await self.talk.send({"type": "input", "data": data})

    async def wait_for(self, kind: str) -> dict[str, Any]:
        async with asyncio.timeout(10):
            while True:
                message = await self.talk.receive()
                assert message is not None
                if message["type"] == kind:
                    return message


async def opened(host: Host, **args: str) -> Terminal:
    terminal = Terminal(await host.stream("demo", "terminal", args))
    await terminal.until("# $")
    return terminal
