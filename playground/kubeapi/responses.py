"""From an ApiResponse or a stream to ASGI messages. Models apiserver/pkg/endpoints/handlers/responsewriters."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterable

import orjson

from cluster_core.apiserver.request import ApiResponse
from cluster_core.machinery.errors import ApiError
from playground.asgitypes import Receive, Send
from playground.engine.port import EngineError, NoSuchCluster, Stream, Unavailable

from .status import status_body

_GZIP_FROM = 128 * 1024
Pairs = list[tuple[bytes, bytes]]
_CACHE = (b"cache-control", b"no-cache, private")


async def send_response(send: Send, response: ApiResponse, accept_encoding: str) -> None:
    body = response.body
    headers: Pairs = [_CACHE, (b"content-type", response.content_type.encode())]
    headers += [(name.lower().encode(), _text(value)) for name, value in response.headers]
    headers += [(b"warning", _text(warning_header(text))) for text in response.warnings]
    if len(body) > _GZIP_FROM and "gzip" in accept_encoding:
        body = await asyncio.to_thread(gzip.compress, body, 1)
        headers += [(b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding")]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def warning_header(text: str) -> str:
    """RFC 7234 with code 299 and an unknown agent, as apimachinery's net.NewWarningHeader writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'299 - "{"".join(char for char in escaped if char.isprintable())}"'


def _text(value: str) -> bytes:
    return value.encode("utf-8", "replace")


async def send_stream(receive: Receive, send: Send, stream: Stream) -> None:
    """Chunk by chunk until the stream ends or the client hangs up."""
    headers: Pairs = [_CACHE, (b"content-type", stream.content_type.encode())]
    await send({"type": "http.response.start", "status": stream.status, "headers": headers})
    sending = asyncio.ensure_future(_send_chunks(send, stream))
    hanging_up = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait((sending, hanging_up), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, hanging_up):
            task.cancel()
        await asyncio.gather(sending, hanging_up, return_exceptions=True)
        await stream.chunks.aclose()


async def _send_chunks(send: Send, stream: Stream) -> None:
    await send({"type": "http.response.body", "body": b"", "more_body": True})  # the headers leave at once
    try:
        async for chunk in stream.chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    except EngineError:
        # The worker went away in mid-stream: end it, and the client watches again from where it was.
        await stream.chunks.aclose()
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def send_error(send: Send, error: ApiError | EngineError) -> None:
    """What kept a request from its cluster, as a Status."""
    code, body, extra = _refusal(error)
    headers: Pairs = [
        _CACHE,
        (b"content-type", b"application/json"),
        *extra,
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": code, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _refusal(error: ApiError | EngineError) -> tuple[int, bytes, Iterable[tuple[bytes, bytes]]]:
    if isinstance(error, ApiError):
        return error.code, orjson.dumps(error.status()), ()
    if isinstance(error, Unavailable) and error.maybe_done:
        return 504, status_body(504, f"{error}: it may still be processing the request"), ()
    if isinstance(error, Unavailable):
        body = status_body(503, str(error), details={"retryAfterSeconds": 1})
        return 503, body, ((b"retry-after", b"1"),)
    if isinstance(error, NoSuchCluster):
        return 404, status_body(404, str(error)), ()
    return error.code, status_body(error.code, str(error)), ()
