"""Group commit: what has piled up in all clusters goes into one transaction, written by one thread.

While one transaction is on its way to the disk the clusters go on, and what they do meanwhile is the next one.
Somebody waiting is served at once; else a few milliseconds' changes are collected.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from typing import Any, TypeVar

from cluster_core.persistence.log import Log, StaleEpoch, Write

from .resident import Resident

logger = logging.getLogger(__name__)
_LEAST_COLLECT_SECONDS, _MOST_COLLECT_SECONDS = 0.02, 0.25
_COLLECT_PER_TAKE = 8
"""Taking what is uncommitted costs (the state is encoded whole): this many times as long passes between two takes."""
T = TypeVar("T")


@dataclass
class Committer:
    """`lost` is called for clusters whose commit was refused or failed: what they hold in memory is void."""

    log: Log
    lost: Callable[[Resident, str], None]
    history: int

    def __post_init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "log")
        self._dirty: dict[Resident, None] = {}
        self._wake = asyncio.Event()
        self._urgent = asyncio.Event()
        self._pause = _LEAST_COLLECT_SECONDS

    async def call(self, function: Callable[..., T], *args: Any) -> T:
        """Run something of the Log in its thread, in turn."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *args)

    def kick(self, resident: Resident, urgent: bool) -> None:
        """There is something to commit; `urgent`: somebody waits for it."""
        self._dirty[resident] = None
        self._wake.set()
        if urgent:
            self._urgent.set()

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            await self._collect()
            await self.commit()

    async def _collect(self) -> None:
        if not self._urgent.is_set():
            waiting = asyncio.ensure_future(self._urgent.wait())
            await asyncio.wait((waiting,), timeout=self._pause)
            waiting.cancel()

    async def commit(self) -> None:
        """One transaction with everything uncommitted."""
        self._wake.clear()
        self._urgent.clear()
        writes = self._take()
        refused = await self._write([write for write in writes.values() if write is not None])
        for resident, write in writes.items():
            if write is not None and write.cluster in refused:
                self.lost(resident, refused[write.cluster])
            elif write is not None:
                resident.committed_to(write.revision)
        await self._compact([resident for resident, write in writes.items() if write is not None])

    def _take(self) -> dict[Resident, Write | None]:
        begin = perf_counter()
        residents, self._dirty = [resident for resident in self._dirty if not resident.gone], {}
        writes = {resident: self._take_one(resident) for resident in residents}
        pause = (perf_counter() - begin) * _COLLECT_PER_TAKE
        self._pause = min(max(pause, _LEAST_COLLECT_SECONDS), _MOST_COLLECT_SECONDS)
        return writes

    def _take_one(self, resident: Resident) -> Write | None:
        try:
            return resident.take()
        except Exception:
            logger.exception("cluster %s cannot be saved", resident.name)
            self.lost(resident, "its state cannot be saved")
            return None

    async def _write(self, writes: Sequence[Write]) -> dict[str, str]:
        """Cluster -> why it was refused."""
        if not writes:
            return {}
        try:
            refused: Collection[str] = await self.call(self.log.append_all, writes)
        except Exception:
            logger.exception("commit failed; dropping %d clusters from memory", len(writes))
            return {write.cluster: "the database refused the commit" for write in writes}
        return dict.fromkeys(refused, "another worker owns it now")

    async def _compact(self, residents: Sequence[Resident]) -> None:
        for resident in residents:
            keep_after = resident.committed - self.history
            if keep_after - resident.compacted > self.history // 2 and not resident.gone:
                resident.compacted = keep_after
                await self._compact_one(resident, keep_after)

    async def _compact_one(self, resident: Resident, revision: int) -> None:
        try:
            await self.call(self.log.compact, resident.name, resident.lease.epoch, revision)
        except StaleEpoch:
            self.lost(resident, "another worker owns it now")
        except Exception:
            logger.exception("compacting %s failed; it is tried again later", resident.name)

    def close(self) -> None:
        self._thread.shutdown()
