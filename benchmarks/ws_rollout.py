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


def _post(served: Served, path: str, body: dict[str, Any], media: str = "application/json") -> None:
    url = f"http://127.0.0.1:{served.port}/api/v1/clusters/{path}"
    request = urllib.request.Request(url, orjson.dumps(body), {"Content-Type": media})
    urllib.request.urlopen(request).close()


def _running(frame: dict[str, Any], seen: set[str]) -> None:
    for change in frame.get("changes", ()):
        kind, uid, fields = (change[1]["k"], change[1]["uid"], change[1]) if change[0] == "put" else (*change[1:3], change[-1])
        if kind == "Pod" and change[0] != "del" and fields.get("phase") == "Running":
            seen.add(uid)


async def _measure(served: Served) -> dict[str, float]:
    socket = await Socket.open(served.port, f"/ws/clusters/{CLUSTER}/")
    socket.send('{"type":"hello","resume":null,"session":null,"small":true}')
    while b'"snapshot"' not in await socket.receive():
        pass
    before = socket.received
    await asyncio.to_thread(_post, served, f"{CLUSTER}/apply/", deployment(), "application/yaml")
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
        _post(served, "", {"name": CLUSTER, "nodes": NODES, "seed": 1})
        return asyncio.run(_measure(served))
