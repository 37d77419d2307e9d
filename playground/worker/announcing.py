"""Making a worker known to web processes, for as long as it lives."""

from __future__ import annotations

import asyncio
import logging

from playground.workers import Worker, announce, withdraw

from .host import Host

logger = logging.getLogger(__name__)


class Announcer:
    """Renews the worker's entry as often as its leases; `stop` takes it out."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._worker = Worker(host.owner, host.address)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._announce()
        self._task = asyncio.create_task(self._run())

    async def _announce(self) -> None:
        await self._host.committer.call(lambda: announce(worker=self._worker, seconds=self._host.limits.lease_seconds))

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._host.limits.lease_seconds / 3)
            try:
                await self._announce()
            except Exception:
                logger.exception("the worker cannot make itself known; it is tried again")

    async def stop(self) -> None:
        """New clusters go elsewhere from now on."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        try:
            await self._host.committer.call(lambda: withdraw(name=self._worker.name))
        except Exception:
            logger.exception("the worker's entry stays until it runs out")
