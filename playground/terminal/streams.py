"""Input that is wanted whole, and output that has an end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from . import kubectl

Sink = Callable[[bytes], Awaitable[None]]


def counted(sink: Sink, most: int, stop: Callable[[], object]) -> Sink:
    """The sink, until more than so many bytes are said."""
    left = [most]

    async def counting(data: bytes) -> None:
        left[0] -= len(data)
        if left[0] > 0:
            await sink(data)
        else:
            stop()

    return counting


async def all_of(source: Any) -> bytes:
    found: list[bytes] = []
    size = 0
    while (piece := await source.read_chunk()) is not None:
        size += len(piece)
        if size > kubectl.MOST_STDIN:
            break
        found.append(bytes(piece))
    return b"".join(found)
