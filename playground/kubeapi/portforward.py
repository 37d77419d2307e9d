"""port-forward over websockets, in both forms clients speak: a tunnel of SPDY/3.1, and two channels for each port.

Models client-go/tools/portforward and kubelet/pkg/cri/streaming/portforward. The pod's side is
playground.containers.forwarding.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from cluster_core.apiserver.request import ApiRequest
from playground.engine.frames import pack_request
from playground.engine.port import Duplex, Engine, EngineError

from .channelports import Channels
from .socket import Socket
from .spdytunnel import Tunnel

TUNNEL, CHANNELS = "SPDY/3.1+portforward.k8s.io", "v4.channel.k8s.io"


class Form(Protocol):
    """One way of carrying connections in a websocket."""

    async def begin(self) -> None: ...

    async def take(self, data: bytes) -> None:
        """What the client has sent. Raises ValueError for what makes no sense."""

    async def tell(self, message: Mapping[str, Any]) -> None:
        """What the pod's side says."""


async def serve(engine: Engine, cluster: str, request: ApiRequest, socket: Socket) -> None:
    """Raises EngineError before the websocket is open."""
    protocol = await socket.choose((TUNNEL, CHANNELS))
    ports = _ports(request) if protocol == CHANNELS else []
    talk = await engine.stream(cluster, "port-forward", {"request": pack_request(request)})
    try:
        if not (await talk.receive() or {}).get("open"):
            raise EngineError("refused", 403)
        await socket.accept(protocol)
        form: Form = Tunnel(talk, socket) if protocol == TUNNEL else Channels(talk, socket, ports)
        await form.begin()
        await _both_ways(form, talk, socket)
        await socket.close()
    finally:
        await talk.aclose()


def _ports(request: ApiRequest) -> list[int]:
    """Models NewV4Options. Raises EngineError."""
    found = [text for value in request.parameters("ports") for text in value.split(",")]
    if not found:
        raise EngineError('query parameter "port" is required', 400)
    for text in found:
        if not text.isdigit() or not 0 < int(text) < 2**16:
            raise EngineError(f'unable to parse "{text}" as a port', 400)
    return [int(text) for text in found]


async def _both_ways(form: Form, talk: Duplex, socket: Socket) -> None:
    sides = [asyncio.ensure_future(_incoming(form, socket)), asyncio.ensure_future(_outgoing(form, talk))]
    try:
        done, _ = await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
        for side in done:
            side.result()
    except (ValueError, EngineError):
        return  # the client makes no sense, or the cluster is gone: the connection ends
    finally:
        for side in sides:
            side.cancel()
        await asyncio.gather(*sides, return_exceptions=True)


async def _incoming(form: Form, socket: Socket) -> None:
    while (data := await socket.read()) is not None:
        await form.take(data)


async def _outgoing(form: Form, talk: Duplex) -> None:
    while (message := await talk.receive()) is not None:
        await form.tell(message)
