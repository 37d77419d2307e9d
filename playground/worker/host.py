"""The owner of clusters, and the Engine port in process.

A cluster comes into memory with its first request (lease, load), works there in turn with the others, and leaves when
nobody has used it for a while. Nothing is answered or published before it is committed (decision 2 of the design).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from cluster_core.apiserver.request import ApiRequest, ApiResponse
from cluster_core.persistence.log import ClusterUnknown, Lease, LeaseHeld, Log, Stored, Write
from playground.engine.port import Duplex, Elsewhere, NoSuchCluster, Stream

from . import commands, streams, watching
from .committer import Committer
from .feed import Feed, updates
from .limiting import slow_down
from .pace import Pace
from .pump import Pump
from .resident import Resident
from .simulated import Simulated

logger = logging.getLogger(__name__)


class Builder(Protocol):
    """Makes simulations: `binding` for the real ones."""

    def create(self, spec: Mapping[str, Any]) -> Simulated: ...

    def load(self, stored: Stored) -> Simulated: ...


@dataclass(frozen=True, slots=True)
class Limits:
    lease_seconds: float = 10.0
    hibernate_seconds: float = 600.0
    history_revisions: int = 10_000


class Host:
    """See `playground.engine.port.Engine`. Used from one event loop only."""

    def __init__(
        self, log: Log, builder: Builder, owner: str, *, address: str = "", limits: Limits | None = None
    ) -> None:
        self.log, self.builder, self.owner, self.address = log, builder, owner, address
        self.limits = limits or Limits()
        self.residents: dict[str, Resident] = {}
        self.committer = Committer(log, self.drop, self.limits.history_revisions)
        self.pump = Pump(self.changed)
        self._feeds: dict[Resident, Feed] = {}
        self._loading: dict[str, asyncio.Lock] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self.broken = asyncio.Event()

    async def start(self) -> None:
        self._tasks = [asyncio.create_task(work()) for work in (self.pump.run, self.committer.run, self._housekeep)]
        for task in self._tasks:
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """None of the loops ends by itself: a worker without one of them is better started anew."""
        if not task.cancelled():
            logger.critical("the worker cannot go on", exc_info=task.exception())
            self.broken.set()

    async def stop(self) -> None:
        """Commit what there is and give the clusters up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for resident in list(self.residents.values()):
            await self._put_away(resident, "the worker is stopping; try again in a moment")
        self.committer.close()

    # ------------------------------------------------------------------------------------------------ the port

    async def request(self, cluster: str, request: ApiRequest) -> ApiResponse:
        resident = await self.resident(cluster)
        with resident.in_use():
            resident.catch_up()
            try:
                response = resident.engine.submit(request)
            finally:
                self.touched(resident)
            refused = response.status >= 400  # what it was refused for must be as durable as an answer
            await self.durable(resident, resident.engine.revision if refused else response.revision)
            return response

    async def watch(self, cluster: str, request: ApiRequest) -> ApiResponse | Stream:
        resident = await self.resident(cluster)
        resident.catch_up()
        watch = resident.engine.watch(request)
        if isinstance(watch, ApiResponse):
            await self.durable(resident, watch.revision)
            return watch
        self.touched(resident)
        return Stream(200, "application/json", watching.chunks(resident, watch, request))

    async def command(self, cluster: str, name: str, args: Mapping[str, Any]) -> dict[str, Any]:
        return await commands.run(self, cluster, name, args)

    async def live(self, cluster: str) -> AsyncGenerator[dict[str, Any], None]:
        resident = await self.resident(cluster)
        feed = self._feeds.get(resident)
        if feed is None:
            feed = self._feeds[resident] = Feed(resident)
        with resident.in_use():
            async for update in updates(feed):
                yield update

    async def stream(self, cluster: str, name: str, args: Mapping[str, Any]) -> Duplex:
        return streams.begin(self, await self.resident(cluster), name, args)

    # ------------------------------------------------------------------------------------------------ residents

    async def resident(self, name: str) -> Resident:
        """The cluster, brought into memory if need be. Raises NoSuchCluster, Unavailable."""
        resident = self.residents.get(name)
        if resident is None:
            async with self._loading.setdefault(name, asyncio.Lock()):
                if name not in self.residents:
                    await self._wake(name)
                resident = self.residents[name]
        resident.last_used = asyncio.get_running_loop().time()
        return resident

    async def _wake(self, name: str) -> None:
        try:
            alive_until, lease = await self.committer.call(self._acquire, name)
            stored = await self.committer.call(self.log.load, name)
        except ClusterUnknown:
            self._loading.pop(name, None)
            raise NoSuchCluster(f'cluster "{name}" not found') from None
        except LeaseHeld as held:
            raise Elsewhere(f"the cluster is {held}; try again in a moment") from None
        self.settle_in(stored, self.builder.load(stored), lease, alive_until)

    def _acquire(self, name: str) -> tuple[float, Lease]:
        """(until when a former owner that did not give it up is known to have lived, else 0; our lease)."""
        before = self.log.owner(name)
        alive_until = min(before.expires, time.time()) if before else 0.0
        return alive_until, self.log.acquire(name, self.owner, time.time(), self.limits.lease_seconds, self.address)

    def settle_in(self, stored: Stored, engine: Simulated, lease: Lease, alive_until: float = 0.0) -> None:
        """A cluster, just made or loaded, begins to live here."""
        loop = asyncio.get_running_loop()
        settings = orjson.loads(stored.record.settings)
        pace = Pace.of(settings)
        resident = Resident(
            stored.record, engine, lease, pace, stored.revision, stored.compacted, last_used=loop.time()
        )
        resident.anchor(loop.time(), max(engine.now, pace.resumed(settings, alive_until) if alive_until else 0))
        self.residents[resident.name] = resident
        slow_down(resident)
        self.touched(resident)

    def touched(self, resident: Resident) -> None:
        """Something was asked of it: it may have work and something to commit."""
        self.pump.kick(resident)
        self.changed(resident)

    def changed(self, resident: Resident) -> None:
        if resident.dirty and not resident.gone:
            self.committer.kick(resident, urgent=resident.waited_for)

    async def durable(self, resident: Resident, revision: int) -> None:
        if resident.committed < revision:
            self.committer.kick(resident, urgent=True)
            await resident.durable(revision)

    def drop(self, resident: Resident, reason: str) -> None:
        """Forget the memory; what is committed stays."""
        logger.warning("dropping cluster %s: %s", resident.name, reason)
        self.forget(resident, reason)

    def forget(self, resident: Resident, reason: str) -> None:
        """Let go of the memory without a word to the database."""
        resident.drop(reason)
        self._feeds.pop(resident, None)
        if self.residents.get(resident.name) is resident:
            del self.residents[resident.name]

    # ------------------------------------------------------------------------------------------------ upkeep

    async def _housekeep(self) -> None:
        """Renew the leases in time; put away who has not been used for long."""
        while True:
            await asyncio.sleep(min(self.limits.lease_seconds / 3, self.limits.hibernate_seconds / 2))
            await self._renew()
            now = asyncio.get_running_loop().time()
            for resident in list(self.residents.values()):
                resident.forget_old(now)
                if resident.idle and resident.last_used < now - self.limits.hibernate_seconds:
                    await self._put_away(resident, "hibernated")

    async def _renew(self) -> None:
        residents = {resident.name: resident for resident in self.residents.values()}
        leases = [resident.lease for resident in residents.values()]
        seconds = self.limits.lease_seconds
        try:
            lost = await self.committer.call(self.log.renew, self.owner, leases, time.time(), seconds)
        except Exception:
            logger.exception("renewing the leases failed")
            return
        for name in lost:
            self.drop(residents[name], "another worker owns it now")

    async def _put_away(self, resident: Resident, reason: str) -> None:
        """Save the clock and everything, let the memory go."""
        async with self._loading.setdefault(resident.name, asyncio.Lock()):
            if resident.gone:
                return
            write = resident.everything()
            self.forget(resident, reason)
            try:
                await self.committer.call(self._save_and_release, write, resident.lease)
            except Exception:
                logger.exception("cluster %s: what it did last is not saved", resident.name)

    def _save_and_release(self, write: Write, lease: Lease) -> None:
        if not self.log.append_all([write]):
            self.log.release(lease)
