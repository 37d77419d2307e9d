"""Serve an open watch: frames as they become durable, bookmarks, an end. Models apiserver/pkg/endpoints/handlers/watch.go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable

from cluster_core.apiserver.request import ApiRequest

from .resident import Resident
from .simulated import Watching

_DEFAULT_SECONDS = 1800.0
_BOOKMARK_SECONDS = 60.0
_CHUNK_BYTES = 256 * 1024


def _timeout(request: ApiRequest) -> float:
    given = request.parameter("timeoutSeconds")
    return float(given) if given.isdigit() and int(given) else _DEFAULT_SECONDS


async def chunks(resident: Resident, watch: Watching, request: ApiRequest) -> AsyncGenerator[bytes, None]:
    """The body of the answer, in pieces."""
    now = asyncio.get_running_loop().time
    end, bookmark = now() + _timeout(request), now() + _BOOKMARK_SECONDS
    bookmarks = request.parameter("allowWatchBookmarks") in ("true", "1")
    with resident.in_use():
        await resident.durable(watch.revision)
        while not resident.gone:
            for chunk in _joined(watch.read(resident.committed)):
                yield chunk
            if watch.ended or now() >= end:
                break
            if bookmarks and now() >= bookmark:
                bookmark = now() + _BOOKMARK_SECONDS
                yield watch.bookmark() or b""
            if watch.revision >= resident.committed and not resident.gone:
                await resident.publication(min(end, bookmark) - now())
        if bookmarks and not resident.gone:
            yield watch.bookmark() or b""


def _joined(frames: Iterable[bytes]) -> Iterable[bytes]:
    """Many small frames in few pieces."""
    piece: list[bytes] = []
    size = 0
    for frame in frames:
        piece.append(frame)
        size += len(frame)
        if size > _CHUNK_BYTES:
            yield b"".join(piece)
            piece, size = [], 0
    if piece:
        yield b"".join(piece)
