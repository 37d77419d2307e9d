"""Shells: what 200 open ones cost in memory, and how long 40 people wait who run kubectl in the same second."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import time
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks.served import playground
from benchmarks.websocket import Socket

SHELLS, PEOPLE, ROOMS = 200, 40, 4
_PROMPT = "# "


def resident_mib() -> float:
    """What this process holds in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


async def _shells() -> float:
    """MiB that the shells add, each on a machine of the cluster and used once."""
    from cluster_core.persistence.memory import MemoryLog
    from playground.terminal.shell import Shell
    from playground.worker.binding import Builder
    from playground.worker.host import Host

    host = Host(MemoryLog(), Builder(), "benchmark")
    await host.start()
    await host.command("demo", "create", {"seed": 1, "nodes": 3, "paused": True})

    async def ask(command: str, **args: Any) -> dict[str, Any]:
        return await host.command("demo", command, args)

    async def nowhere(*given: Any) -> None:
        """Nobody reads."""

    async def opened(number: int) -> Shell:
        shell = Shell(("control-plane", "node-1", "node-2", "node-3")[number % 4], ask, "", nowhere)
        await shell.open()
        await shell.run("ls /etc/kubernetes > /root/list; x=1", nowhere)
        return shell

    first = await opened(0)
    gc.collect()
    before = resident_mib()
    shells = [await opened(number) for number in range(SHELLS)]
    gc.collect()
    added = resident_mib() - before
    assert len(shells) == SHELLS and first.node
    await host.stop()
    return added


async def _people(port: int) -> float:
    """Seconds until the last of them sees the prompt again."""
    names = [f"room-{number}" for number in range(ROOMS)]
    for name in names:
        await asyncio.to_thread(_create, port, name)
    sockets = [await Socket.open(port, f"/ws/clusters/{names[number % ROOMS]}/terminal/") for number in range(PEOPLE)]
    await asyncio.gather(*(_until(socket) for socket in sockets))
    began = time.perf_counter()
    waits = await asyncio.gather(*(_asks(socket, began) for socket in sockets))
    for socket in sockets:
        socket.close()
    return max(waits)


def _create(port: int, name: str) -> None:
    body = json.dumps({"name": name, "nodes": 3}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1/clusters/", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 201


async def _asks(socket: Socket, began: float) -> float:
    socket.send(json.dumps({"type": "input", "data": "kubectl get pods -A\r"}))
    seen = await _until(socket, "NAMESPACE")
    assert "coredns" in seen, seen
    return time.perf_counter() - began


async def _until(socket: Socket, mark: str = "") -> str:
    """Read on until the output ends with a prompt, the mark before it."""
    seen = ""
    async with asyncio.timeout(60):
        while not (seen.endswith(_PROMPT) and mark in seen):
            message = json.loads(await socket.receive())
            seen += message.get("data", "")
    return seen


def figures() -> dict[str, float]:
    with playground() as served:
        slowest = asyncio.run(_people(served.port))
    return {"kubectl_40_max_s": slowest, "shells_200_mib": asyncio.run(_shells())}
