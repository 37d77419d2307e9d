"""One cluster in the worker's memory: its simulation, who may commit it, how far it is durable, who waits for that."""

from __future__ import annotations

import asyncio
import heapq
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import orjson

from cluster_core.persistence.log import Lease, Record, Write
from playground.engine.port import Unavailable

from .pace import Pace
from .simulated import Simulated

logger = logging.getLogger(__name__)
HISTORY_SECONDS = 300.0
"""DefaultCompactInterval of apiserver/pkg/storage/storagebackend, in real time here: watchers live in it."""
_SLICE_SECONDS = 0.004
_SLICE_ENTRIES = 5


@dataclass(slots=True)
class Goal:
    """Where somebody wants the virtual time to go at full speed: to `until`, or before that until `reached`."""

    action: str
    begun: int
    until: int
    reached: Callable[[Simulated], bool]
    done: asyncio.Future[bool]

    def told(self) -> dict[str, Any]:
        """What is shown of it while it lasts."""
        return {"action": self.action, "begun": self.begun, "until": self.until}


@dataclass(eq=False, slots=True, weakref_slot=True)
class Resident:
    """See the module. `gone` tells why the memory is void; everybody still holding on must let go."""

    record: Record
    engine: Simulated
    lease: Lease
    pace: Pace
    committed: int
    compacted: int = 0
    gone: str = ""
    last_used: float = 0.0
    users: int = 0
    goal: Goal | None = None
    goals: asyncio.Lock = field(default_factory=asyncio.Lock)
    settings_changed: bool = False
    memory_changed: bool = False
    """What the engine remembers beside the store did: worth a commit, though no revision was made."""
    timer: asyncio.TimerHandle | None = None
    publications: int = 0
    _waiters: list[tuple[int, int, asyncio.Future[None]]] = field(default_factory=list)
    _sequence: int = 0
    _marks: deque[tuple[float, int]] = field(default_factory=deque)
    _published: asyncio.Event = field(default_factory=asyncio.Event)
    _taken: int = 0

    def __post_init__(self) -> None:
        self._taken = self.committed

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def idle(self) -> bool:
        return not (self.users or self.goal or self._waiters or self.engine.revision > self.committed)

    @property
    def waited_for(self) -> bool:
        return bool(self._waiters)

    @property
    def dirty(self) -> bool:
        return self.engine.revision > self._taken or self.settings_changed or self.memory_changed

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keeps it from hibernation."""
        self.users += 1
        try:
            yield
        finally:
            self.users -= 1
            self.last_used = asyncio.get_running_loop().time()

    # ------------------------------------------------------------------------------------------------ time

    def slice(self) -> bool:
        """Work for a few milliseconds; True: there is more to do right now."""
        wall = asyncio.get_running_loop().time()
        until = self.goal.until if self.goal else max(self.pace.target(wall), self.engine.now)
        end = perf_counter() + _SLICE_SECONDS
        while not self._at_goal() and self.engine.run(until, _SLICE_ENTRIES):
            if perf_counter() > end:
                self._keep_up(wall)
                return True
        self._reach_goal(wall)
        return False

    def anchor(self, wall: float, now: int) -> None:
        """From here on time passes as set; persisted with the next commit."""
        self.pace.anchor(wall, now)
        self.settings_changed = True

    def _keep_up(self, wall: float) -> None:
        """When the machine cannot keep the speed, time runs slower instead of piling up work."""
        if not self.goal and self.pace.lags(wall, self.engine.now):
            self.anchor(wall, self.engine.now)

    def _at_goal(self) -> bool:
        return self.goal is not None and self.goal.reached(self.engine)

    def _reach_goal(self, wall: float) -> None:
        goal, self.goal = self.goal, None
        if goal:
            self.anchor(wall, self.engine.now)
            if not goal.done.done():
                goal.done.set_result(goal.reached(self.engine))

    def give_up_goal(self) -> bool:
        """Let time pass as set again, from where it has got to; False when it goes nowhere in particular."""
        goal, self.goal = self.goal, None
        if goal is None:
            return False
        self.anchor(asyncio.get_running_loop().time(), self.engine.now)
        if not goal.done.done():
            goal.done.cancel()
        return True

    def catch_up(self) -> None:
        """Let the clock show the present before a request looks at it, if that costs nothing."""
        due = self.engine.next_due()
        target = self.pace.target(asyncio.get_running_loop().time())
        if self.goal is None and target > self.engine.now and (due is None or due > target):
            self.engine.run(target, 1)

    def next_wakeup(self) -> float | None:
        """When (event loop time) there will be something to do; None: not by itself."""
        due = self.engine.next_due()
        return None if due is None else self.pace.wall_of(due)

    def forget_old(self, wall: float) -> None:
        """Let history go that is older than the API server's compaction interval, so that memory stays bounded."""
        self._marks.append((wall, self.committed))
        while self._marks[0][0] < wall - HISTORY_SECONDS:
            _, revision = self._marks.popleft()
            self.engine.forget(revision)

    # ------------------------------------------------------------------------------------------------ durability

    def take(self) -> Write | None:
        """What is to be committed now."""
        if not self.dirty:
            return None
        return self.everything()

    def everything(self) -> Write:
        """What has not been taken yet, and the state of now."""
        settings = None
        if self.settings_changed:
            settings = orjson.dumps(self.pace.saved(asyncio.get_running_loop().time(), time.time())).decode()
            self.settings_changed = False
        self.memory_changed = False
        rows, revision, state = self.engine.take_uncommitted()
        after, self._taken = self._taken, revision
        return Write(self.name, self.lease.epoch, revision, rows, state, settings, after)

    async def durable(self, revision: int) -> None:
        """Return when `revision` is on disk. Raises Unavailable when it was lost."""
        if self.committed >= revision:
            return
        if self.gone:
            raise Unavailable(self.gone, maybe_done=True)
        future = asyncio.get_running_loop().create_future()
        self._sequence += 1
        heapq.heappush(self._waiters, (revision, self._sequence, future))
        await future

    def committed_to(self, revision: int) -> None:
        """Acknowledge and publish."""
        self.committed = max(self.committed, revision)
        while self._waiters and self._waiters[0][0] <= revision:
            _, _, future = heapq.heappop(self._waiters)
            if not future.done():
                future.set_result(None)
        self.publish()

    async def publication(self, timeout: float) -> None:
        """Return when more has been published, at the latest after `timeout` seconds."""
        waiting = asyncio.ensure_future(self._published.wait())
        try:
            await asyncio.wait((waiting,), timeout=max(timeout, 0))
        finally:
            waiting.cancel()

    def publish(self) -> None:
        """Something outside may want to look."""
        self.publications += 1
        self._published.set()
        self._published = asyncio.Event()

    def drop(self, reason: str) -> None:
        """The memory is void: whoever waits hears it."""
        self.gone = reason
        if self.timer:
            self.timer.cancel()
        if self.goal and not self.goal.done.done():
            self.goal.done.set_exception(Unavailable(reason, maybe_done=True))
        for _, _, future in self._waiters:
            if not future.done():
                future.set_exception(Unavailable(reason, maybe_done=True))
        self._waiters.clear()
        self.publish()
