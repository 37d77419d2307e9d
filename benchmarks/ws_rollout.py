"""What one browser is sent while a Deployment of 1,000 pods rolls out over 100 nodes: bytes on the wire, and frames a second."""

from __future__ import annotations

import asyncio
import urllib.request
from collections import Counter
from time import perf_counter
from typing import Any

import orjson

from .served import Served, playground
from .websocket import Socket

PODS, NODES = 1000, 100
CLUSTER = "big"
LONGEST_SECONDS = 240


def deployment() -> dict[str, Any]:
    labels = {"app": "web"}
    container = {"name": "web", "image": "nginx:1.27"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": PODS, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def _post(served: Served, path: str, body: dict[str, Any]) -> None:
    url = f"http://127.0.0.1:{served.port}{path}"
    request = urllib.request.Request(url, orjson.dumps(body), {"Content-Type": "application/json"})
    urllib.request.urlopen(request).close()


def _running(frame: dict[str, Any], seen: set[str]) -> None:
    for change in frame.get("changes", ()):
        if change[0] == "put" and change[1]["k"] == "Pod" and change[1].get("phase") == "Running":
            seen.add(change[1]["uid"])


async def _measure(served: Served) -> dict[str, float]:
    socket = await Socket.open(served.port, f"/ws/clusters/{CLUSTER}/")
    socket.send('{"type":"hello","resume":null,"session":null}')
    while b'"snapshot"' not in await socket.receive():
        pass
    before = socket.received
    await asyncio.to_thread(_post, served, f"/clusters/{CLUSTER}/k8s/apis/apps/v1/namespaces/default/deployments", deployment())
    seen: set[str] = set()
    seconds: Counter[int] = Counter()
    begin = perf_counter()
    async with asyncio.timeout(LONGEST_SECONDS):
        while len(seen) < PODS:
            _running(orjson.loads(await socket.receive()), seen)
            seconds[int(perf_counter() - begin)] += 1
    socket.close()
    return {"rollout_1000_ws_kib": (socket.received - before) / 1024, "ws_frames_per_s": float(max(seconds.values()))}


def figures() -> dict[str, float]:
    with playground() as served:
        _post(served, "/api/v1/clusters/", {"name": CLUSTER, "nodes": NODES, "seed": 1})
        return asyncio.run(_measure(served))
