"""port-forward as v4.channel.k8s.io: for the n-th port channel 2n carries bytes, 2n+1 its error; one connection for each.

Models kubelet/pkg/cri/streaming/portforward/websocket.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from playground.engine.port import Duplex

from .socket import Socket


class Channels:
    """See `portforward.Form`."""

    def __init__(self, talk: Duplex, socket: Socket, ports: Sequence[int]) -> None:
        self._talk, self._socket, self._ports = talk, socket, ports

    async def begin(self) -> None:
        for number, port in enumerate(self._ports):
            for channel in (2 * number, 2 * number + 1):
                await self._socket.frame(channel, port.to_bytes(2, "little"))
            await self._talk.send({"id": number, "port": port})

    async def take(self, data: bytes) -> None:
        if data and data[0] % 2 == 0 and len(data) > 1:
            await self._talk.send({"id": data[0] // 2, "data": data[1:]})

    async def tell(self, message: Mapping[str, Any]) -> None:
        channel = 2 * message["id"]
        if "error" in message:
            await self._socket.frame(channel + 1, message["error"].encode())
        elif "data" in message:
            await self._socket.frame(channel, message["data"])
        elif len(self._ports) == 1:
            await self._talk.aclose()
