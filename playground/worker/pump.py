"""The loop that lets clusters work: a few milliseconds each in turn, so that a busy one starves nobody.

A cluster with nothing due is not in the queue; a timer brings it back when real time reaches its next agenda entry.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from .resident import Resident

logger = logging.getLogger(__name__)


class Pump:
    """`changed` is called after every slice."""

    def __init__(self, changed: Callable[[Resident], None]) -> None:
        self._changed = changed
        self._ready: deque[Resident] = deque()
        self._queued: set[Resident] = set()
        self._wake = asyncio.Event()

    def kick(self, resident: Resident) -> None:
        """It may have something to do."""
        if resident.gone or resident in self._queued:
            return
        self._queued.add(resident)
        self._ready.append(resident)
        self._wake.set()

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            while self._ready:
                resident = self._ready.popleft()
                self._queued.discard(resident)
                if not resident.gone:
                    self._turn(resident)
                await asyncio.sleep(0)
            self._wake.clear()

    def _turn(self, resident: Resident) -> None:
        if resident.timer:
            resident.timer.cancel()
            resident.timer = None
        try:
            more = resident.slice()
        except Exception:
            logger.exception("cluster %s: a part failed", resident.name)
            more = True
        self._changed(resident)
        if more:
            self.kick(resident)
        else:
            self._sleep(resident)
            if resident.users:
                resident.publish()  # perhaps it has become stable

    def _sleep(self, resident: Resident) -> None:
        when = resident.next_wakeup()
        if when is not None:
            resident.timer = asyncio.get_running_loop().call_at(when, self.kick, resident)
