"""A cluster's life: made and ready (durable), idle in memory, put away and woken."""

from __future__ import annotations

import gc
import tracemalloc
from statistics import median
from time import perf_counter
from typing import Any

from cluster_core.apiserver.request import ADMIN, ApiRequest

from .durable import durable_host, run

ROUNDS = 15
NODES = ApiRequest("GET", "/api/v1/nodes", (), {"accept": "application/json"}, b"", ADMIN)


async def make(host: Any, name: str) -> float:
    """Milliseconds until a 3-node cluster is ready and on disk."""
    begin = perf_counter()
    await host.command(name, "create", {"nodes": 3, "seed": 1})
    await host.command(name, "clock", {"action": "settle", "seconds": 60})
    answer = await host.request(name, NODES)
    ended = (perf_counter() - begin) * 1000
    ready = [node for node in answer.json()["items"] if _ready(node)]
    assert len(ready) >= 3, f"{len(ready)} nodes are ready"
    return ended


def _ready(node: dict[str, Any]) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in node["status"]["conditions"])


async def _creating() -> float:
    async with durable_host() as host:
        await make(host, "warm-up")
        return median([await make(host, f"c{number}") for number in range(ROUNDS)])


async def _idle() -> float:
    """KiB per idle cluster beyond the first, which pays for what all share."""
    async with durable_host() as host:
        for number in range(3):
            await make(host, f"first{number}")
        gc.collect()
        tracemalloc.start()
        for number in range(ROUNDS):
            await make(host, f"idle{number}")
        for resident in host.residents.values():  # five minutes on: history is compacted
            resident.forget_old(resident.last_used)
            resident.forget_old(resident.last_used + 301)
        gc.collect()
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return size / ROUNDS / 1024


async def _waking() -> float:
    async with durable_host() as host:
        await make(host, "sleeper")
    times = []
    for _ in range(ROUNDS):
        async with durable_host() as host:
            await host.committer.call(host.log.records)  # the connection is there already in a running worker
            begin = perf_counter()
            await host.request("sleeper", NODES)
            times.append((perf_counter() - begin) * 1000)
    return median(times)


def figures() -> dict[str, float]:
    return {"cluster_create_ms": run(_creating), "idle_cluster_kib": run(_idle), "wake_ms": run(_waking)}
