"""The Engine over framed streams: pooled connections, one call at a time on each, a connection of its own per stream.

While no worker listens (it is being restarted) calls wait up to `wait` seconds. A call that was lost on its way is
repeated only when it reads; a write that may have been carried out is reported as such.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import msgpack

from cluster_core.apiserver.request import ApiRequest, ApiResponse

from . import frames
from .address import Connection, Tls, connect
from .frames import Header
from .port import Duplex, EngineError, Stream, Unavailable

_RETRY_SECONDS = 0.05
_MAX_IDLE = 64
_LOST = (ConnectionError, asyncio.IncompleteReadError, BrokenPipeError)
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_READ_COMMANDS = frozenset({"state", "state-hash", "clock-state", "list", "scheduling", "glance"})


class StreamEngine:
    """See `port.Engine`. Connections belong to the event loop that opened them."""

    def __init__(self, url: str, *, tls: Tls | None = None, wait: float = 5.0) -> None:
        self._url, self._tls, self._wait = url, tls, wait
        self._idle: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, list[Connection]] = weakref.WeakKeyDictionary()

    # ------------------------------------------------------------------------------------------------ the port

    async def request(self, cluster: str, request: ApiRequest) -> ApiResponse:
        header = {"op": "request", "cluster": cluster, **frames.pack_request(request)}
        answer, body = await self._call(header, request.body, request.method in _READS)
        return frames.unpack_response(answer, body)

    async def command(self, cluster: str, name: str, args: Mapping[str, Any]) -> dict[str, Any]:
        header = {"op": "command", "cluster": cluster, "name": name}
        _, body = await self._call(header, _packed(args), name in _READ_COMMANDS)
        answer: dict[str, Any] = msgpack.unpackb(body, strict_map_key=False)
        return answer

    async def watch(self, cluster: str, request: ApiRequest) -> ApiResponse | Stream:
        header = {"op": "watch", "cluster": cluster, **frames.pack_request(request)}
        answer, body, connection = await self._open(header, request.body)
        if not answer.get("stream"):
            self._give_back(connection)
            return frames.unpack_response(answer, body)
        return Stream(answer["status"], answer["type"], _chunks(connection))

    async def live(self, cluster: str) -> AsyncGenerator[dict[str, Any], None]:
        first, body, connection = await self._open({"op": "live", "cluster": cluster}, b"")
        chunks = _chunks(connection)
        try:
            if not first.get("end"):
                yield msgpack.unpackb(body, strict_map_key=False)
                async for chunk in chunks:
                    yield msgpack.unpackb(chunk, strict_map_key=False)
        finally:
            await chunks.aclose()
            connection[1].close()

    async def stream(self, cluster: str, name: str, args: Mapping[str, Any]) -> Duplex:
        header = {"op": "stream", "cluster": cluster, "name": name}
        _, _, connection = await self._open(header, _packed(args))
        return _Conversation(connection)

    async def close(self) -> None:
        for _, writer in self._idle.pop(asyncio.get_running_loop(), []):
            writer.close()

    # ------------------------------------------------------------------------------------------------ connections

    async def _call(self, header: Header, body: bytes, reads: bool) -> tuple[Header, bytes]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._wait
        while True:
            connection = await self._connection(deadline)
            try:
                answer, data = await _exchange(connection, header, body)
            except _LOST as error:
                if not reads or loop.time() > deadline:
                    lost = "the worker went away; the request may have been carried out"
                    raise Unavailable(lost, maybe_done=not reads) from error
                continue
            self._give_back(connection)
            if "error" in answer:
                raise frames.unpack_error(answer)
            return answer, data

    async def _open(self, header: Header, body: bytes) -> tuple[Header, bytes, Connection]:
        """Start a stream; its first frame and the connection that carries the others."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._wait
        while True:
            connection = await self._connection(deadline)
            try:
                answer, data = await _exchange(connection, header, body)
            except _LOST as error:
                if loop.time() > deadline:
                    raise Unavailable("the worker went away") from error
                continue
            if "error" in answer:
                self._give_back(connection)
                raise frames.unpack_error(answer)
            return answer, data, connection

    async def _connection(self, deadline: float) -> Connection:
        loop = asyncio.get_running_loop()
        idle = self._idle.setdefault(loop, [])
        while idle:
            reader, writer = idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        while True:
            try:
                return await connect(self._url, self._tls)
            except OSError as error:
                if loop.time() + _RETRY_SECONDS > deadline:
                    raise Unavailable("no worker answers; try again in a moment") from error
                await asyncio.sleep(_RETRY_SECONDS)

    def _give_back(self, connection: Connection) -> None:
        idle = self._idle.setdefault(asyncio.get_running_loop(), [])
        if len(idle) < _MAX_IDLE:
            idle.append(connection)
        else:
            connection[1].close()


def _packed(args: Mapping[str, Any]) -> bytes:
    """What clients may give as arguments goes to the worker: numbers without bounds and endless nesting do not."""
    try:
        packed: bytes = msgpack.packb(dict(args))
    except (OverflowError, ValueError) as error:
        raise EngineError(f"the arguments cannot be passed on: {error}") from error
    return packed


async def _exchange(connection: Connection, header: Header, body: bytes) -> tuple[Header, bytes]:
    """One call. Whatever interrupts it leaves the connection unusable, so closes it."""
    reader, writer = connection
    try:
        writer.write(frames.encode(header, body))
        return await frames.read(reader, frames.MAX_REPLY_BODY)
    except BaseException:
        writer.close()
        raise


class _Conversation:
    """See `port.Duplex`: one connection, a frame per message."""

    def __init__(self, connection: Connection) -> None:
        self._reader, self._writer = connection
        self._chunks = _chunks(connection)

    async def send(self, message: Mapping[str, Any]) -> None:
        if self._writer.is_closing():
            return
        try:
            self._writer.write(frames.encode({}, msgpack.packb(dict(message))))
            await self._writer.drain()
        except _LOST as error:
            raise Unavailable("the worker went away") from error

    async def receive(self) -> dict[str, Any] | None:
        async for chunk in self._chunks:
            message: dict[str, Any] = msgpack.unpackb(chunk, strict_map_key=False)
            return message
        return None

    async def aclose(self) -> None:
        self._writer.close()


async def _chunks(connection: Connection) -> AsyncGenerator[bytes, None]:
    reader, writer = connection
    try:
        while True:
            header, chunk = await frames.read(reader, frames.MAX_REPLY_BODY)
            if "error" in header:
                raise frames.unpack_error(header)
            if header.get("end"):
                return
            yield chunk
    except _LOST as error:
        raise Unavailable("the worker went away") from error
    finally:
        writer.close()
