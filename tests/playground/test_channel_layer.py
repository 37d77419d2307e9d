"""What one web process tells a group reaches the others: through Redis, Debian's, started for the test."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from channels.layers import ChannelLayerManager
from django.test import override_settings

from playground.database import channel_layers_from_url

from .processes import free_port


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("no Redis is installed")
    port = free_port()
    command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            _await(port)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()


def _await(port: int) -> None:
    end = time.monotonic() + 30
    with redis.Redis(port=port) as client:
        while True:
            try:
                client.ping()
                return
            except redis.ConnectionError:
                assert time.monotonic() < end
                time.sleep(0.02)


async def heard(url: str) -> object:
    """What the second of two processes' layers receives when the first speaks to a group."""
    with override_settings(CHANNEL_LAYERS=channel_layers_from_url(url)):
        here, there = ChannelLayerManager()["default"], ChannelLayerManager()["default"]
        channel = await there.new_channel()
        await there.group_add("class", channel)
        await here.group_send("class", {"type": "news", "text": "hello"})
        try:
            return await asyncio.wait_for(there.receive(channel), 5 if url else 0.2)
        except TimeoutError:
            return None
        finally:
            if url:
                await asyncio.gather(here.close_pools(), there.close_pools())


@pytest.mark.slow
async def test_groups_reach_across_processes_by_redis(url: str) -> None:
    assert await heard(url) == {"type": "news", "text": "hello"}


async def test_without_redis_they_stay_within_one() -> None:
    assert await heard("") is None
