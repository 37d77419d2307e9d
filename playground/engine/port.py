"""What can be asked of whoever owns the clusters, and in which words.

Two adapters pass one contract suite (tests/playground/test_engine_contract.py): `playground.worker.host.Host` in
process, and `playground.engine.client.StreamEngine` over framed asyncio streams.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from cluster_core.apiserver.request import ApiRequest, ApiResponse


class EngineError(Exception):
    """What the port refuses; `code` is the HTTP status it amounts to."""

    code = 400

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        if code:
            self.code = code


class NoSuchCluster(EngineError):
    code = 404


class NameTaken(EngineError):
    code = 409


class Unavailable(EngineError):
    """No owner can be reached. `maybe_done`: the request was on its way, it may have been carried out."""

    code = 503

    def __init__(self, message: str, maybe_done: bool = False) -> None:
        super().__init__(message)
        self.maybe_done = maybe_done


class Elsewhere(Unavailable):
    """Another worker owns the cluster; nothing was done."""


@dataclass(slots=True)
class Stream:
    """An answer that goes on: `chunks` must be closed (`aclose`) by whoever stops listening."""

    status: int
    content_type: str
    chunks: AsyncGenerator[bytes, None]


class Duplex(Protocol):
    """A conversation of small messages (msgpack-able). Must be closed by whoever opened it."""

    async def send(self, message: Mapping[str, Any]) -> None:
        """Waits while the other side is behind. What is sent after the end is lost."""

    async def receive(self) -> dict[str, Any] | None:
        """The next message, None at the end. Raises EngineError when it ended with one."""

    async def aclose(self) -> None: ...


class Engine(Protocol):
    """All methods raise NoSuchCluster and Unavailable."""

    async def request(self, cluster: str, request: ApiRequest) -> ApiResponse:
        """A one-shot API request. What it wrote is durable when it is answered."""

    async def watch(self, cluster: str, request: ApiRequest) -> ApiResponse | Stream:
        """A watch: a Stream, or an ApiResponse when the API server refuses it."""

    async def command(self, cluster: str, name: str, args: Mapping[str, Any]) -> dict[str, Any]:
        """A named command to the simulation (add-node, clock...) or to its owner (create, delete). Raises EngineError."""

    def live(self, cluster: str) -> AsyncGenerator[dict[str, Any], None]:
        """The thinned objects: a snapshot, then deltas. Must be closed (`aclose`) by whoever stops listening."""

    async def stream(self, cluster: str, name: str, args: Mapping[str, Any]) -> Duplex:
        """Open a conversation by its name (etcd-watch, terminal...): see `playground.worker.streams`."""
