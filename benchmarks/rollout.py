"""Deployments until all their pods run, committed to SQLite, as fast as it goes: plain ones on 100 and on 1,000 nodes, with
topology spread and with required anti-affinity, and how the time per pod grows with the cluster."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import orjson

from cluster_core.apiserver.request import ADMIN, ApiRequest

from .durable import durable_host, run

PODS = ApiRequest("GET", "/api/v1/namespaces/default/pods", (), {"accept": "application/json"}, b"", ADMIN)
LABELS = {"app": "web"}
SPREAD = {
    "topologySpreadConstraints": [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": LABELS},
        }
    ]
}
APART = {
    "affinity": {
        "podAntiAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": [
                {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": LABELS}}
            ]
        }
    }
}


def deployment(replicas: int, **more: Any) -> bytes:
    """A Deployment named web; `more` goes into the pods' spec."""
    container = {"name": "web", "image": "nginx:1.27", "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}}}
    return orjson.dumps(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web"},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": LABELS},
                "template": {"metadata": {"labels": LABELS}, "spec": {"containers": [container], **more}},
            },
        }
    )


async def deploy(host: Any, cluster: str, replicas: int, **more: Any) -> None:
    headers = {"content-type": "application/json"}
    path = "/apis/apps/v1/namespaces/default/deployments"
    body = deployment(replicas, **more)
    answer = await host.request(cluster, ApiRequest("POST", path, (), headers, body, ADMIN))
    assert answer.status == 201, answer.body


async def on_disk(host: Any, cluster: str) -> None:
    """Making the nodes must not count: what is answered comes after all that was before it is committed."""
    headers = {"content-type": "application/json"}
    body = orjson.dumps({"metadata": {"name": "made"}})
    answer = await host.request(cluster, ApiRequest("POST", "/api/v1/namespaces/default/configmaps", (), headers, body, ADMIN))
    assert answer.status == 201, answer.body


async def running(host: Any, cluster: str) -> int:
    pods = (await host.request(cluster, PODS)).json()["items"]
    return sum(1 for pod in pods if pod["status"].get("phase") == "Running")


async def _grow(host: Any, name: str, nodes: int) -> None:
    """A cluster of so many nodes, made in steps of at most a thousand."""
    size = {"cpu": "8", "memory": "16Gi"}
    await host.command(name, "create", {"nodes": min(nodes, STEP), "seed": 1, **size})
    for begun in range(STEP, nodes, STEP):
        await host.command(name, "add-node", {"count": min(STEP, nodes - begun) - (begun + STEP >= MOST), **size})


STEP, MOST = 1000, 5000
"""Nodes made at once; nodes of a cluster, the control plane's among them."""


async def _rollout(replicas: int, nodes: int, **more: Any) -> float:
    """Pods per second from the Deployment's creation until all run and are committed."""
    name = f"c{replicas}-{nodes}-{'-'.join(more).lower()}".rstrip("-")
    async with durable_host() as host:
        await _grow(host, name, nodes)
        await host.command(name, "clock", {"action": "settle", "seconds": 60})
        await on_disk(host, name)
        begin = perf_counter()
        await deploy(host, name, replicas, **more)
        await host.command(name, "clock", {"action": "settle", "seconds": 600})
        seconds = perf_counter() - begin
        count = await running(host, name)
        assert count == replicas, f"{count} pods run"
        await host.command(name, "delete", {})
        return replicas / seconds


def measure(replicas: int, nodes: int, **more: Any) -> float:
    """The same on a database of its own."""
    return run(lambda: _rollout(replicas, nodes, **more))


def figures() -> dict[str, float]:
    small = measure(1000, 100)
    return {
        "rollout_1000_pods_100_nodes_per_s": small,
        "rollout_5000_pods_1000_nodes_per_s": measure(5000, 1000),
        "rollout_spread_per_s": measure(1000, 1000, **SPREAD),
        "rollout_antiaffinity_per_s": measure(1000, 1000, **APART),
        "rollout_growth_5000_over_100": small / measure(1000, 5000),
    }
