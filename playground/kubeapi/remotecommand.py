"""exec and attach over websockets: v5.channel.k8s.io and its forerunners, the channel in each frame's first byte.

Models kubelet/pkg/cri/streaming/remotecommand/websocket.go. The container's side is playground.containers.
"""

from __future__ import annotations

import asyncio
from typing import Any

import orjson

from cluster_core.apiserver.request import ApiRequest
from playground.engine.frames import pack_request
from playground.engine.port import Duplex, Engine, EngineError

from .socket import Socket

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
_PLAIN = "channel.k8s.io"
_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io", _PLAIN)


async def serve(engine: Engine, cluster: str, request: ApiRequest, socket: Socket) -> None:
    """Raises EngineError before the websocket is open."""
    protocol = await socket.choose(_PROTOCOLS)
    talk = await engine.stream(cluster, "container", {"request": pack_request(request), "half_close": protocol == _PROTOCOLS[0]})
    try:
        if not (await talk.receive() or {}).get("open"):
            raise EngineError("refused", 403)
        await socket.accept(protocol)
        await _both_ways(talk, socket, protocol)
    finally:
        await talk.aclose()


async def _both_ways(talk: Duplex, socket: Socket, protocol: str) -> None:
    sides = [asyncio.ensure_future(_incoming(talk, socket)), asyncio.ensure_future(_outgoing(talk, socket, protocol))]
    try:
        await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for side in sides:
            side.cancel()
        await asyncio.gather(*sides, return_exceptions=True)


async def _incoming(talk: Duplex, socket: Socket) -> None:
    while (data := await socket.read()) is not None:
        if data[:1] == bytes((STDIN,)):
            await talk.send({"stdin": data[1:]})
        elif data[:1] == bytes((CLOSE,)) and data[1:2] == bytes((STDIN,)):
            await talk.send({"eof": True})


async def _outgoing(talk: Duplex, socket: Socket, protocol: str) -> None:
    await socket.frame(STDOUT, b"")
    try:
        while (message := await talk.receive()) is not None:
            if "status" in message:
                await socket.frame(ERROR, _told(message["status"], protocol))
            else:
                await socket.frame(message["channel"], message["data"])
    except EngineError as error:
        failed = {"metadata": {}, "status": "Failure", "message": str(error), "reason": "InternalError", "code": 500}
        await socket.frame(ERROR, _told(failed, protocol))
    await socket.close()


def _told(status: dict[str, Any], protocol: str) -> bytes:
    """A Status, or with the oldest protocol what went wrong as text: nothing when all went well."""
    if protocol != _PLAIN:
        return orjson.dumps(status)
    return str(status.get("message", "")).encode() if status["status"] != "Success" else b""
