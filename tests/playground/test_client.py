"""The stream engine when its worker is away, dies in between, or is cut off."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from playground.engine import address, frames
from playground.engine.client import StreamEngine
from playground.engine.port import Unavailable
from playground.engine.server import serve
from playground.worker.host import Host

from .builders import CONFIGMAPS, configmap, get, post


async def test_nobody_listening_is_reported_after_the_wait(tmp_path: Path) -> None:
    engine = StreamEngine(f"unix:{tmp_path}/none.sock", wait=0.2)
    begin = time.monotonic()
    with pytest.raises(Unavailable) as missing:
        await engine.request("demo", get("/version"))
    assert time.monotonic() - begin > 0.1
    assert not missing.value.maybe_done


async def test_a_worker_that_comes_back_in_time_is_waited_for(tmp_path: Path, host: Host) -> None:
    url = f"unix:{tmp_path}/worker.sock"
    await host.command("demo", "create", {"nodes": 0})
    engine = StreamEngine(url, wait=5)
    waiting = asyncio.create_task(engine.request("demo", post(CONFIGMAPS, configmap("a"))))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    server = await serve(host, url)
    assert (await waiting).status == 201
    await server.close()
    again = asyncio.create_task(engine.request("demo", get(f"{CONFIGMAPS}/a")))
    await asyncio.sleep(0.1)
    server = await serve(host, url)
    assert (await again).status == 200
    await engine.close()
    await server.close()


async def cut_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A worker that dies with the request in hand."""
    await frames.read(reader, frames.MAX_REQUEST_BODY)
    writer.close()


async def test_a_write_that_may_have_been_carried_out_is_not_repeated(tmp_path: Path) -> None:
    url = f"unix:{tmp_path}/worker.sock"
    listener = await address.listen(url, cut_off)
    engine = StreamEngine(url, wait=0.3)
    with pytest.raises(Unavailable) as lost:
        await engine.request("demo", post(CONFIGMAPS, configmap("a")))
    assert lost.value.maybe_done
    with pytest.raises(Unavailable) as read:
        await engine.request("demo", get("/version"))
    assert not read.value.maybe_done
    listener.close()


async def test_a_caller_who_gives_up_spoils_no_connection(tmp_path: Path, host: Host) -> None:
    url = f"unix:{tmp_path}/worker.sock"
    await host.command("demo", "create", {"nodes": 0})
    server = await serve(host, url)
    engine = StreamEngine(url)
    for _ in range(20):
        task = asyncio.create_task(engine.request("demo", post(CONFIGMAPS, configmap("a"))))
        await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        answer = await engine.request("demo", get("/version"))
        assert answer.json()["major"] == "1"
    await engine.close()
    await server.close()


async def test_socket_paths_may_be_long(tmp_path: Path, host: Host) -> None:
    url = f"unix:{tmp_path}/{'d' * 60}/{'e' * 60}/worker.sock"
    server = await serve(host, url)
    engine = StreamEngine(url, wait=1)
    assert (await engine.command("demo", "create", {"nodes": 0}))["name"] == "demo"
    await engine.close()
    await server.close()


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", b"\0" * 100, b"\xff" * 100, b"\0\0\0\1\0\0\0\0\xc1"])
async def test_what_is_no_frame_ends_the_connection_and_nothing_else(tmp_path: Path, host: Host, data: bytes) -> None:
    url = f"unix:{tmp_path}/worker.sock"
    server = await serve(host, url)
    reader, writer = await address.connect(url)
    writer.write(data)
    writer.write_eof()
    async with asyncio.timeout(5):
        await reader.read()
    writer.close()
    engine = StreamEngine(url)
    answer: dict[str, Any] = await engine.command("demo", "create", {"nodes": 0})
    assert answer["name"] == "demo"
    await engine.close()
    await server.close()
