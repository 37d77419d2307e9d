"""Six virtual minutes in which a node with pods is lost, its pods are evicted and come up elsewhere."""

from __future__ import annotations

from statistics import median
from time import perf_counter
from typing import Any

from .durable import durable_host, run
from .rollout import PODS, deploy

ROUNDS = 5
REPLICAS = 10


async def lose(host: Any, name: str) -> float:
    """Milliseconds of wall time."""
    await host.command(name, "create", {"nodes": 3, "seed": 1})
    await deploy(host, name, REPLICAS)
    await host.command(name, "clock", {"action": "settle", "seconds": 120})
    pods = (await host.request(name, PODS)).json()["items"]
    victim = pods[0]["spec"]["nodeName"]
    begin = perf_counter()
    await host.command(name, "kill-node", {"node": victim})
    await host.command(name, "clock", {"action": "advance", "seconds": 360})
    ended = (perf_counter() - begin) * 1000
    pods = (await host.request(name, PODS)).json()["items"]
    well = [pod for pod in pods if pod["status"]["phase"] == "Running" and pod["spec"]["nodeName"] != victim]
    assert len(well) == REPLICAS, f"{len(well)} pods run elsewhere"
    return ended


async def _losing() -> float:
    async with durable_host() as host:
        return median([await lose(host, f"loss{number}") for number in range(ROUNDS)])


def figures() -> dict[str, float]:
    return {"node_loss_ms": run(_losing)}
