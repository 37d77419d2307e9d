"""One cluster's etcd served on a free port, and the real etcdctl to talk to it."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from cluster_core.persistence.memory import MemoryLog
from playground.etcdapi.server import EtcdServer
from playground.worker.binding import Builder
from playground.worker.host import Host

ETCDCTL = shutil.which("etcdctl")


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    host = Host(MemoryLog(), Builder(), "tests")
    await host.start()
    await host.command("demo", "create", {"seed": 1, "nodes": 0})
    await host.command("demo", "clock", {"action": "settle"})
    yield host
    await host.stop()


@pytest.fixture
async def server(host: Host) -> AsyncIterator[EtcdServer]:
    server = EtcdServer(host, "demo", port=0)
    await server.start()
    yield server
    await server.stop()


Ctl = Callable[..., Awaitable[Ran]]


async def run(server: EtcdServer, version: int, words: tuple[str, ...], stdin: bytes, cwd: Path) -> Ran:
    assert ETCDCTL, "install Debian's etcd-client: apt-get install etcd-client"
    environment = {"PATH": os.environ["PATH"], "ETCDCTL_API": str(version), "HOME": str(cwd)}
    process = await asyncio.create_subprocess_exec(
        ETCDCTL,
        f"--endpoints={server.url}",
        *words,
        env=environment,
        cwd=cwd,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(stdin), 20)
    return Ran(process.returncode or 0, out.decode(), err.decode())


@pytest.fixture
def v3(server: EtcdServer, tmp_path: Path) -> Ctl:
    async def ctl(*words: str, stdin: bytes = b"") -> Ran:
        return await run(server, 3, words, stdin, tmp_path)

    return ctl


@pytest.fixture
def v2(server: EtcdServer, tmp_path: Path) -> Ctl:
    async def ctl(*words: str, stdin: bytes = b"") -> Ran:
        return await run(server, 2, words, stdin, tmp_path)

    return ctl
