"""The worker as a process: serves its host until told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys

from django.conf import settings

from cluster_core.persistence.orm import OrmLog
from playground import collector
from playground.engine.address import Tls
from playground.engine.server import serve

from .announcing import Announcer
from .binding import Builder
from .host import Host, Limits

logger = logging.getLogger(__name__)


async def run(*, url: str, with_parent: bool) -> None:
    """Until SIGTERM, SIGINT or (with_parent) the end of standard input, which is the death of who started us."""
    collector.spare()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if with_parent:
        loop.add_reader(sys.stdin.fileno(), stop.set)
    limits = Limits(settings.LEASE_SECONDS, settings.HIBERNATE_SECONDS, settings.HISTORY_REVISIONS)
    host = Host(OrmLog(), Builder(), owner=f"{socket.gethostname()} {url}", address=_address(url), limits=limits)
    await host.start()
    server = await serve(host, url, Tls.of(settings.WORKER_TLS))
    announcer = Announcer(host)
    if settings.SCALED:
        await announcer.start()
    logger.info("worker listens at %s", url)
    await asyncio.wait(
        [asyncio.ensure_future(event.wait()) for event in (stop, host.broken)], return_when="FIRST_COMPLETED"
    )
    if settings.SCALED:
        await announcer.stop()
    await server.close()
    if host.broken.is_set():
        raise SystemExit(1)
    await host.stop()
    logger.info("worker stopped")


def _address(url: str) -> str:
    """What others are told: WORKER_ADVERTISE, unless this worker was started for another URL than the settings'."""
    return str(settings.WORKER_ADVERTISE) if url == settings.WORKER_URL else url
