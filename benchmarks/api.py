"""Requests through the web process on 8 connections: GET a pod, durable creates, and how long the slow ones take."""

from __future__ import annotations

import asyncio
from itertools import count
from time import perf_counter

import orjson

from .client import Connection, timed
from .durable import percentile
from .served import Served, playground

CONNECTIONS = 8
SECONDS = 4.0
CONFIGMAPS = "/api/v1/namespaces/default/configmaps"


def pod() -> bytes:
    container = {"name": "web", "image": "nginx:1.27"}
    return orjson.dumps(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [container]}}
    )


def configmap(number: int) -> bytes:
    return orjson.dumps(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{number}"}, "data": {"a": "b"}}
    )


async def _load(served: Served, creating: bool) -> list[float]:
    """Milliseconds of every request within SECONDS."""
    numbers, times = count(), []
    end = perf_counter() + SECONDS

    async def one() -> None:
        connection = await Connection("127.0.0.1", served.port).open()
        while perf_counter() < end:
            if creating:
                request = ("POST", served.prefix + CONFIGMAPS, configmap(next(numbers)))
            else:
                request = ("GET", f"{served.prefix}/api/v1/namespaces/default/pods/web", b"")
            times.append(await timed(connection, request, 201 if creating else 200))
        connection.close()

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return times


async def _measure(served: Served) -> dict[str, float]:
    connection = await Connection("127.0.0.1", served.port).open()
    await timed(connection, ("POST", f"{served.prefix}/api/v1/namespaces/default/pods", pod()), 201)
    connection.close()
    await asyncio.sleep(3)  # the pod comes up
    reads = await _load(served, creating=False)
    writes = await _load(served, creating=True)
    slow = max(percentile(reads, 0.99), percentile(writes, 0.99))
    return {"api_get_per_s": len(reads) / SECONDS, "api_create_per_s": len(writes) / SECONDS, "api_p99_ms": slow}


def figures() -> dict[str, float]:
    with playground() as served:
        return asyncio.run(_measure(served))
