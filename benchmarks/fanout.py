"""One change to 50 open browser sockets: from sending the request that makes it until the last socket has it."""

from __future__ import annotations

import asyncio
from time import perf_counter

import orjson

from .client import Connection, timed
from .durable import percentile
from .served import Served, playground
from .websocket import Socket

SOCKETS = 50
CHANGES = 20


def namespace(number: int) -> bytes:
    return orjson.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"fan{number}"}})


async def _heard(socket: Socket, name: bytes, begin: float) -> float:
    while name not in await socket.receive():
        pass
    return (perf_counter() - begin) * 1000


async def _measure(served: Served) -> float:
    sockets = [await Socket.open(served.port, "/ws/clusters/demo/") for _ in range(SOCKETS)]
    for socket in sockets:
        socket.send('{"type":"hello","resume":null,"session":null}')
    for socket in sockets:
        assert b'"snapshot"' in await socket.receive()
    connection = await Connection("127.0.0.1", served.port).open()
    times: list[float] = []
    for number in range(CHANGES):
        begin = perf_counter()
        hearing = [asyncio.create_task(_heard(socket, b'"fan%d"' % number, begin)) for socket in sockets]
        await timed(connection, ("POST", f"{served.prefix}/api/v1/namespaces", namespace(number)), 201)
        times += await asyncio.gather(*hearing)
        await asyncio.sleep(0.2)
    for socket in sockets:
        socket.close()
    return percentile(times, 0.99)


def figures() -> dict[str, float]:
    with playground() as served:
        return {"fanout_50_p99_ms": asyncio.run(_measure(served))}
