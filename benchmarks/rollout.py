"""A Deployment of 1,000 replicas on 100 nodes, committed to SQLite, until all pods run, as fast as it goes."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import orjson

from cluster_core.apiserver.request import ADMIN, ApiRequest

from .durable import durable_host, run

REPLICAS, NODES = 1000, 100
PODS = ApiRequest("GET", "/api/v1/namespaces/default/pods", (), {"accept": "application/json"}, b"", ADMIN)


def deployment(replicas: int) -> bytes:
    container = {"name": "web", "image": "nginx:1.27", "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}}}
    return orjson.dumps(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web"},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"app": "web"}},
                "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}},
            },
        }
    )


async def deploy(host: Any, cluster: str, replicas: int) -> None:
    headers = {"content-type": "application/json"}
    path = "/apis/apps/v1/namespaces/default/deployments"
    answer = await host.request(cluster, ApiRequest("POST", path, (), headers, deployment(replicas), ADMIN))
    assert answer.status == 201, answer.body


async def running(host: Any, cluster: str) -> int:
    pods = (await host.request(cluster, PODS)).json()["items"]
    return sum(1 for pod in pods if pod["status"].get("phase") == "Running")


async def _rollout() -> float:
    async with durable_host() as host:
        await host.command("large", "create", {"nodes": NODES, "seed": 1, "cpu": "8", "memory": "16Gi"})
        await host.command("large", "clock", {"action": "settle", "seconds": 60})
        begin = perf_counter()
        await deploy(host, "large", REPLICAS)
        await host.command("large", "clock", {"action": "settle", "seconds": 600})
        seconds = perf_counter() - begin
        count = await running(host, "large")
        assert count == REPLICAS, f"{count} pods run"
        return REPLICAS / seconds


def figures() -> dict[str, float]:
    return {"rollout_1000_pods_100_nodes_per_s": run(_rollout)}
