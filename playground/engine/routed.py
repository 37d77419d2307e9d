"""The Engine when there are several workers: each call goes to the one that owns the cluster.

Who that is comes from a `Directory`. A call that meets a dying owner waits for the next one, as long as it is certain that
nothing of it has been carried out; a write that may have been is reported as such.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any, Protocol, TypeVar

from cluster_core.apiserver.request import ApiRequest, ApiResponse

from .address import Tls
from .client import StreamEngine
from .port import Duplex, Elsewhere, Stream, Unavailable

_PAUSE_SECONDS = 0.1
T = TypeVar("T")


class Directory(Protocol):
    """Knows the workers."""

    async def find(self, cluster: str) -> str:
        """The address of the cluster's owner, or of the worker that should become it. Raises Unavailable without workers."""

    def mistaken(self, cluster: str, address: str, unreachable: bool) -> None:
        """That was wrong: look again; `unreachable`: nobody answers at this address."""


class RoutedEngine:
    """See `port.Engine`."""

    def __init__(self, directory: Directory, *, tls: Tls | None = None, wait: float = 5.0) -> None:
        self._directory, self._tls, self._wait = directory, tls, wait
        self._engines: dict[str, StreamEngine] = {}

    # ------------------------------------------------------------------------------------------------ the port

    async def request(self, cluster: str, request: ApiRequest) -> ApiResponse:
        return await self._at_owner(cluster, lambda engine: engine.request(cluster, request))

    async def command(self, cluster: str, name: str, args: Mapping[str, Any]) -> dict[str, Any]:
        return await self._at_owner(cluster, lambda engine: engine.command(cluster, name, args))

    async def watch(self, cluster: str, request: ApiRequest) -> ApiResponse | Stream:
        return await self._at_owner(cluster, lambda engine: engine.watch(cluster, request))

    async def live(self, cluster: str) -> AsyncGenerator[dict[str, Any], None]:
        first, updates = await self._at_owner(cluster, lambda engine: _begun(engine, cluster))
        async with aclosing(updates):
            if first is not None:
                yield first
            async for update in updates:
                yield update

    async def stream(self, cluster: str, name: str, args: Mapping[str, Any]) -> Duplex:
        return await self._at_owner(cluster, lambda engine: engine.stream(cluster, name, args))

    async def close(self) -> None:
        for engine in self._engines.values():
            await engine.close()

    # ------------------------------------------------------------------------------------------------ routing

    async def _at_owner(self, cluster: str, ask: Callable[[StreamEngine], Awaitable[T]]) -> T:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._wait
        while True:
            try:
                return await self._once(cluster, ask)
            except Unavailable as error:
                if error.maybe_done or loop.time() + _PAUSE_SECONDS > deadline:
                    raise
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _once(self, cluster: str, ask: Callable[[StreamEngine], Awaitable[T]]) -> T:
        address = await self._directory.find(cluster)
        engine = self._engines.get(address)
        if engine is None:
            engine = self._engines[address] = StreamEngine(address, tls=self._tls, wait=0.0)
        try:
            return await ask(engine)
        except Unavailable as error:
            self._directory.mistaken(cluster, address, not isinstance(error, Elsewhere))
            raise


async def _begun(engine: StreamEngine, cluster: str) -> tuple[dict[str, Any] | None, AsyncGenerator[dict[str, Any], None]]:
    """(the first update, the rest): whoever answers has been found then."""
    updates = engine.live(cluster)
    return await anext(updates, None), updates
