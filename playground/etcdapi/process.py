"""The etcd endpoint as a process: serves until told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys

from playground.clusters import engine

from .server import EtcdServer

logger = logging.getLogger(__name__)


async def run(*, cluster: str, port: int, with_parent: bool) -> None:
    """Until SIGTERM, SIGINT or (with_parent) the end of standard input, which is the death of who started us."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if with_parent:
        loop.add_reader(sys.stdin.fileno(), stop.set)
    server = EtcdServer(engine(), cluster, port=port)
    await server.start()
    logger.info("etcd of cluster %s at %s", cluster, server.url)
    await stop.wait()
    await server.stop()
