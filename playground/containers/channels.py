"""The standard streams of what runs in a container, as its client has opened them."""

from __future__ import annotations

import asyncio

from cluster_core.apiserver.request import ApiRequest
from playground.worker.pipes import End

STDOUT, STDERR = 1, 2
_PATIENCE = 1.0
"""Seconds without input after which a command is taken not to wait for any."""
_PIECE = 32 * 1024
_MOST_INPUT = 16 * 1024 * 1024


class Channels:
    """`tty`: output has carriage returns, and errors are in it."""

    def __init__(self, end: End, request: ApiRequest, half_close: bool) -> None:
        self._end, self._half_close = end, half_close
        self.stdin = request.parameter("stdin") in ("true", "1")
        self.tty = request.parameter("tty") in ("true", "1")
        self._open = {
            STDOUT: request.parameter("stdout") in ("true", "1"),
            STDERR: request.parameter("stderr") in ("true", "1"),
        }

    async def out(self, data: bytes, channel: int = STDOUT) -> None:
        if self.tty:
            data, channel = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), STDOUT
        if self._open[channel]:
            for begin in range(0, len(data), _PIECE):
                await self._end.send({"channel": channel, "data": data[begin : begin + _PIECE]})

    async def both(self, out: str, err: str) -> None:
        await self.out(out.encode())
        await self.out(err.encode(), STDERR)

    async def read(self) -> bytes | None:
        """Some input; None at its end."""
        message = await self._end.receive()
        return None if message is None or "eof" in message else message["stdin"]

    async def all(self) -> bytes:
        """All input. A terminal that nobody types at, or a protocol that cannot tell the end, is not waited for."""
        data = b""
        while len(data) < _MOST_INPUT:
            patience = None if data and self._half_close else _PATIENCE
            try:
                piece = await asyncio.wait_for(self.read(), patience)
            except TimeoutError:
                break
            if piece is None:
                break
            data += piece
        return data
