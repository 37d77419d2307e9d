"""pods/log where it goes on: followed over HTTP, or read over a websocket of binary.k8s.io.

Models apiserver/pkg/registry/generic/rest/streamer.go and apiserver/pkg/util/wsstream (Reader).
"""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator

from cluster_core.apiserver.request import ApiRequest, ApiResponse, parse_path
from playground.engine.frames import pack_request
from playground.engine.port import Engine, EngineError, Stream

from .socket import Socket

_PLAIN, _BASE64 = "binary.k8s.io", "base64.binary.k8s.io"
_FALSE = ("", "0", "false", "False", "f", "F")


def is_followed(request: ApiRequest) -> bool:
    """Whether the request is for a log that goes on."""
    if request.parameter("follow") in _FALSE or request.method != "GET":
        return False
    info = parse_path(request.path, "GET")
    return info is not None and (info.resource, info.subresource) == ("pods", "log") and request.parameter("previous") in _FALSE


async def follow(engine: Engine, cluster: str, request: ApiRequest) -> ApiResponse | Stream:
    """The log from its beginning until the container ends, or why it cannot be read."""
    answer = await engine.request(cluster, request)
    if answer.status != 200:
        return answer
    return Stream(200, answer.content_type, _chunks(engine, cluster, request))


async def _chunks(engine: Engine, cluster: str, request: ApiRequest) -> AsyncGenerator[bytes, None]:
    talk = await engine.stream(cluster, "log", {"request": pack_request(request)})
    try:
        while (message := await talk.receive()) is not None:
            yield message["data"]
    finally:
        await talk.aclose()


async def serve(engine: Engine, cluster: str, request: ApiRequest, socket: Socket) -> None:
    """Raises EngineError before the websocket is open."""
    protocol = await socket.choose((_PLAIN, _BASE64))
    answer = await (follow if is_followed(request) else _whole)(engine, cluster, request)
    if isinstance(answer, ApiResponse) and answer.status != 200:
        raise EngineError("the log cannot be read", answer.status)
    await socket.accept(protocol)
    if isinstance(answer, ApiResponse):
        await _tell(socket, protocol, answer.body)
    else:
        async for chunk in answer.chunks:
            await _tell(socket, protocol, chunk)
    await socket.close()


async def _whole(engine: Engine, cluster: str, request: ApiRequest) -> ApiResponse:
    return await engine.request(cluster, request)


async def _tell(socket: Socket, protocol: str, data: bytes) -> None:
    await socket.write(base64.b64encode(data) if protocol == _BASE64 else data)
