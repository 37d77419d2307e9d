"""A picture may be large: the websocket must carry it whole."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from autobahn.asyncio.websocket import WebSocketClientFactory, WebSocketClientProtocol

from .processes import Playground

pytestmark = pytest.mark.slow


async def first_frame(port: int, cluster: str) -> dict[str, Any]:
    """What the server sends first after hello."""
    received: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    class Client(WebSocketClientProtocol):  # type: ignore[misc]
        def onOpen(self) -> None:
            self.sendMessage(json.dumps({"type": "hello", "resume": None, "session": None}).encode())

        def onMessage(self, payload: bytes, isBinary: bool) -> None:
            if not received.done():
                received.set_result(json.loads(payload))

    factory = WebSocketClientFactory(f"ws://127.0.0.1:{port}/ws/clusters/{cluster}/", origin=f"http://127.0.0.1:{port}")
    factory.protocol = Client
    transport, _ = await asyncio.get_running_loop().create_connection(factory, "127.0.0.1", port)
    try:
        return await asyncio.wait_for(received, 30)
    finally:
        transport.close()


async def test_a_snapshot_of_more_than_64_kib_arrives(product: Playground) -> None:
    with product.client() as client:
        made = client.post("/api/v1/clusters/", json={"name": "wide", "nodes": 200, "seed": 1})
        assert made.status_code == 201, made.text
    frame = await first_frame(product.port, "wide")
    assert frame["type"] == "snapshot"
    assert sum(1 for entry in frame["objects"] if entry["k"] == "Node") == 201
    assert len(json.dumps(frame)) > 64 * 1024
