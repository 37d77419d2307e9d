"""Clusters in memory, owned by a host in the test's own event loop, and the two ways to reach them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cluster_core.persistence.memory import MemoryLog
from playground.engine.client import StreamEngine
from playground.engine.port import Engine
from playground.engine.server import serve
from playground.worker.binding import Builder
from playground.worker.host import Host, Limits


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
async def host(log: MemoryLog) -> AsyncIterator[Host]:
    host = Host(log, Builder(), "worker-a", limits=Limits())
    await host.start()
    yield host
    await host.stop()


@pytest.fixture(params=["in-process", "streams"])
async def engine(request: pytest.FixtureRequest, host: Host, tmp_path: Path) -> AsyncIterator[Engine]:
    """Every adapter of the Engine port."""
    if request.param == "in-process":
        yield host
        return
    url = f"unix:{tmp_path}/worker.sock"
    server = await serve(host, url)
    client = StreamEngine(url, wait=2.0)
    yield client
    await client.close()
    await server.close()
