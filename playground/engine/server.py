"""Serve an Engine over framed streams: one call at a time per connection; a stream ends with its connection."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Any

import msgpack

from cluster_core.apiserver.request import ApiResponse

from . import frames
from .address import Tls, listen
from .frames import Header
from .port import Duplex, Engine, EngineError

logger = logging.getLogger(__name__)

Operation = Callable[[Header, bytes], Awaitable[None]]


async def serve(engine: Engine, url: str, tls: Tls | None = None) -> EngineServer:
    """Listen at `url` until `close`."""
    server = EngineServer(engine)
    server.listener = await listen(url, server.connected, tls)
    return server


class EngineServer:
    """Hands the calls that arrive to the engine."""

    listener: asyncio.Server

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tasks: set[asyncio.Task[Any]] = set()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await _Session(self._engine, reader, writer).run()
        except asyncio.CancelledError:
            logger.debug("connection ended by us")
        finally:
            self._tasks.discard(task)
            writer.close()

    async def close(self) -> None:
        self.listener.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class _Session:
    """One connection."""

    def __init__(self, engine: Engine, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._engine, self._reader, self._writer = engine, reader, writer
        self._operations: dict[str, Operation] = {
            "request": self._request,
            "watch": self._watch,
            "command": self._command,
            "live": self._live,
            "stream": self._stream,
        }

    async def run(self) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):  # the other side went away
            while True:
                header, body = await frames.read(self._reader, frames.MAX_REQUEST_BODY)
                await self._answer(header, body)

    async def _answer(self, header: Header, body: bytes) -> None:
        try:
            await self._operations[header["op"]](header, body)
        except EngineError as error:
            await self._send(frames.pack_error(error))
        except (ConnectionError, asyncio.IncompleteReadError):
            raise
        except Exception:
            logger.exception("%s %s failed", header.get("op"), header.get("path", header.get("name", "")))
            await self._send(frames.pack_error(EngineError("the cluster's engine failed on this; see the log", 500)))

    async def _send(self, header: Header, body: bytes = b"") -> None:
        self._writer.write(frames.encode(header, body))
        await self._writer.drain()

    async def _request(self, header: Header, body: bytes) -> None:
        response = await self._engine.request(header["cluster"], frames.unpack_request(header, body))
        await self._send(frames.pack_response(response), response.body)

    async def _command(self, header: Header, body: bytes) -> None:
        answer = await self._engine.command(header["cluster"], header["name"], msgpack.unpackb(body))
        await self._send({}, msgpack.packb(answer))

    async def _watch(self, header: Header, body: bytes) -> None:
        answer = await self._engine.watch(header["cluster"], frames.unpack_request(header, body))
        if isinstance(answer, ApiResponse):
            await self._send(frames.pack_response(answer), answer.body)
            return
        await self._send({"status": answer.status, "type": answer.content_type, "stream": True})
        await self._pump(answer.chunks)

    async def _live(self, header: Header, _: bytes) -> None:
        async def encoded() -> AsyncGenerator[bytes, None]:
            async with aclosing(self._engine.live(header["cluster"])) as updates:
                async for update in updates:
                    yield msgpack.packb(update)

        await self._pump(encoded())

    async def _stream(self, header: Header, body: bytes) -> None:
        talk = await self._engine.stream(header["cluster"], header["name"], msgpack.unpackb(body))
        try:
            await self._send({"stream": True})
            await self._converse(talk)
        finally:
            await talk.aclose()
        raise ConnectionResetError("a conversation ends with its connection")

    async def _converse(self, talk: Duplex) -> None:
        """Both ways until the conversation ends or the other side hangs up."""
        sides = {asyncio.ensure_future(each(talk)) for each in (self._listen, self._speak)}
        try:
            done, _ = await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
            for side in done:
                side.result()
        finally:
            for side in sides:
                side.cancel()
            await asyncio.gather(*sides, return_exceptions=True)

    async def _listen(self, talk: Duplex) -> None:
        while True:
            _, body = await frames.read(self._reader, frames.MAX_REQUEST_BODY)
            await talk.send(msgpack.unpackb(body, strict_map_key=False))

    async def _speak(self, talk: Duplex) -> None:
        try:
            while (message := await talk.receive()) is not None:
                await self._send({}, msgpack.packb(message))
            await self._send({"end": True})
        except EngineError as error:
            await self._send(frames.pack_error(error))

    async def _pump(self, chunks: AsyncGenerator[bytes, None]) -> None:
        """Send until the stream ends or the other side hangs up."""
        sending = asyncio.ensure_future(self._send_all(chunks))
        hanging_up = asyncio.ensure_future(self._reader.read(1))
        try:
            await asyncio.wait((sending, hanging_up), return_when=asyncio.FIRST_COMPLETED)
            if not sending.done():
                raise ConnectionResetError("the listener hung up")
            sending.result()
        finally:
            for task in (sending, hanging_up):
                task.cancel()
            await asyncio.gather(sending, hanging_up, return_exceptions=True)
            await chunks.aclose()
        await self._send({"end": True})

    async def _send_all(self, chunks: AsyncGenerator[bytes, None]) -> None:
        async for chunk in chunks:
            await self._send({}, chunk)
