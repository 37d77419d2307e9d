"""The pods that wait: those to be tried now, those backing off, those that do not fit, those held by a gate.

Models pkg/scheduler/backend/queue. A pod that was rejected waits until something happens that one of the plugins that
rejected it cares for; then it backs off (1 s doubling to 10 s, counted from the failure), unless the queue is otherwise
empty: then it is tried at once.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

from cluster_core.machinery.clock import SECOND, Clock
from cluster_core.scheduler.happenings import Happening
from cluster_core.scheduler.views import PodView

LONGEST_WAIT = 300 * SECOND
"""A pod that nothing has moved for so long is tried anyway."""

ACTIVE, BACKOFF, PARKED, GATED, FLYING = "active", "backoff", "parked", "gated", "flying"
HeapEntry = tuple[tuple[int, ...], int, "Waiting"]


class Waiting:
    """One pod in the queue and what has been tried."""

    __slots__ = ("attempts", "errors", "expires", "failures", "gate", "place", "plugins", "since", "ticket", "view")

    def __init__(self, view: PodView, since: int) -> None:
        self.view = view
        self.since = since
        self.attempts = 0
        self.failures = 0
        self.errors = 0
        self.expires = 0
        self.plugins: frozenset[str] = frozenset()
        self.gate = ""
        self.place = ""
        self.ticket = 0

    @property
    def held_by(self) -> Held:
        """Whose word it waits for: schedulerName and plugins."""
        return self.view.shape.scheduler, frozenset((self.gate,)) if self.gate else self.plugins


Held = tuple[str, frozenset[str]]
Cares = Callable[[Held, Happening], bool]
Helps = Callable[[Waiting, Happening, Any, Any], bool]
Gate = Callable[[PodView], str]


class Queue:
    """`cares` says whether plugins look at such an event at all, `helps` whether this one may help a pod they rejected;
    `gate` names the plugin that holds a pod back, "" if none."""

    def __init__(self, clock: Clock, cares: Cares, helps: Helps, gate: Gate) -> None:
        self.first_backoff = SECOND
        self.longest_backoff = 10 * SECOND
        self._clock = clock
        self._cares = cares
        self._helps = helps
        self._gate = gate
        self._pods: dict[str, Waiting] = {}
        self._active: list[HeapEntry] = []
        self._backoff: list[HeapEntry] = []
        self._tickets = 0
        self._resting: dict[str, Waiting] = {}
        self._held: dict[Held, int] = {}

    def __contains__(self, uid: str) -> bool:
        return uid in self._pods

    @property
    def busy(self) -> bool:
        """Whether there may be a pod to try now."""
        return bool(self._active or self._backoff)

    def get(self, uid: str) -> Waiting | None:
        return self._pods.get(uid)

    # ------------------------------------------------------------------------------------------------ in and out

    def add(self, view: PodView) -> None:
        waiting = self._pods[view.uid] = Waiting(view, self._clock.now)
        self._activate(waiting)

    def in_order(self) -> list[Waiting]:
        """Those to be tried in the order they came, then the resting ones."""
        moving = [waiting for uid, waiting in self._pods.items() if uid not in self._resting]
        return [*sorted(moving, key=lambda waiting: waiting.ticket), *self._resting.values()]

    def restore(self, waiting: Waiting, place: str) -> None:
        """Take up a pod as `in_order` gave it, in the same order."""
        self._pods[waiting.view.uid] = waiting
        if place == PARKED:
            self._rest(waiting)
        elif place == BACKOFF:
            self._after_backoff(waiting)
        else:
            self._activate(waiting)

    def readmit(self, waiting: Waiting) -> None:
        """Take back a pod that had left to be bound; park it next."""
        waiting.place = FLYING
        self._pods[waiting.view.uid] = waiting

    def update(self, old: PodView, view: PodView, happenings: list[Happening]) -> None:
        waiting = self._pods.get(view.uid)
        if waiting is None:
            self.add(view)
            return
        waiting.view = view
        if waiting.place in (PARKED, GATED):
            for happening in happenings:
                if self._consider(waiting, happening, old, view):
                    return

    def delete(self, uid: str) -> None:
        waiting = self._pods.pop(uid, None)
        if waiting is not None:
            self._rise(waiting)
            waiting.place = ""

    def pop(self) -> Waiting | None:
        """The next pod to try. It stays known to the queue until it is parked or deleted."""
        waiting = self._take(self._active, ACTIVE) or self._take(self._backoff, BACKOFF, patient=False)
        if waiting is not None:
            waiting.place = FLYING
            waiting.attempts += 1
        return waiting

    def _take(self, heap: list[HeapEntry], place: str, patient: bool = True) -> Waiting | None:
        kept: list[HeapEntry] = []
        found = None
        while heap and found is None:
            entry = heapq.heappop(heap)
            waiting = entry[2]
            if waiting.place != place or waiting.ticket != entry[1]:
                continue
            if not patient and waiting.errors and self._backs_off(waiting):
                kept.append(entry)
                continue
            found = waiting
        for entry in kept:
            heapq.heappush(heap, entry)
        return found

    def park(self, waiting: Waiting, plugins: frozenset[str]) -> None:
        """The pod did not fit because of `plugins`; none of them means something went wrong and it is tried again."""
        if self._pods.get(waiting.view.uid) is not waiting:
            return
        waiting.plugins = plugins
        waiting.since = self._clock.now
        waiting.expires = 0
        if plugins:
            waiting.failures += 1
            waiting.errors = 0
            self._rest(waiting)
        else:
            waiting.errors += 1
            self._after_backoff(waiting)

    # ------------------------------------------------------------------------------------------------ moving

    def happened(self, happening: Happening, old: Any, new: Any, most: int | None = None) -> bool:
        """Move the pods for which this may make a difference, of priority `most` at most. Returns whether any moved."""
        caring = {held for held in self._held if self._cares(held, happening)}
        if not caring:
            return False
        moved = False
        for waiting in [waiting for waiting in self._resting.values() if waiting.held_by in caring]:
            if most is None or waiting.view.shape.priority <= most:
                moved = self._consider(waiting, happening, old, new) or moved
        return moved

    def _consider(self, waiting: Waiting, happening: Happening, old: Any, new: Any) -> bool:
        if not self._helps(waiting, happening, old, new):
            return False
        self._after_backoff(waiting)
        return waiting.place in (ACTIVE, BACKOFF)

    def flush(self) -> None:
        """Try the pods that have rested for too long."""
        limit = self._clock.now - LONGEST_WAIT
        for waiting in list(self._resting.values()):
            if waiting.place == PARKED and waiting.since <= limit:
                self._after_backoff(waiting)

    def next_flush(self) -> int | None:
        parked = [waiting.since for waiting in self._resting.values() if waiting.place == PARKED]
        return min(parked) + LONGEST_WAIT if parked else None

    def next_retry(self) -> int | None:
        """When the first pod that backs off after an error may be tried again."""
        live = [w for _, ticket, w in self._backoff if w.place == BACKOFF and w.ticket == ticket and w.errors]
        return min((self._expiry(waiting) // SECOND + 1) * SECOND for waiting in live) if live else None

    def _rest(self, waiting: Waiting) -> None:
        self._rise(waiting)
        waiting.place = GATED if waiting.gate else PARKED
        self._resting[waiting.view.uid] = waiting
        self._held[waiting.held_by] = self._held.get(waiting.held_by, 0) + 1

    def _rise(self, waiting: Waiting) -> None:
        """Let it rest no longer, if it does. To be called before what it is held by changes."""
        if self._resting.pop(waiting.view.uid, None) is None:
            return
        held = waiting.held_by
        self._held[held] -= 1
        if not self._held[held]:
            del self._held[held]

    def _stopped(self, waiting: Waiting) -> bool:
        gate = self._gate(waiting.view)
        self._rise(waiting)
        waiting.gate = gate
        if gate:
            self._rest(waiting)
        return bool(gate)

    def _activate(self, waiting: Waiting) -> None:
        if not self._stopped(waiting):
            self._enter(self._active, ACTIVE, waiting, ())

    def _after_backoff(self, waiting: Waiting) -> None:
        if not self._backs_off(waiting):
            self._activate(waiting)
        elif not self._stopped(waiting):
            self._enter(self._backoff, BACKOFF, waiting, (self._expiry(waiting),))

    def _enter(self, heap: list[HeapEntry], place: str, waiting: Waiting, first: tuple[int, ...]) -> None:
        self._tickets += 1
        waiting.place, waiting.ticket = place, self._tickets
        order = (*first, -waiting.view.shape.priority, waiting.since)
        heapq.heappush(heap, (order, waiting.ticket, waiting))

    def _expiry(self, waiting: Waiting) -> int:
        """When its backoff ends, in whole seconds: pods that end together are ordered by priority."""
        count = waiting.errors or waiting.failures
        if not count:
            return 0
        if not waiting.expires:
            wait = min(self.first_backoff << min(count - 1, 16), self.longest_backoff)
            waiting.expires = (waiting.since + wait) // SECOND * SECOND
        return waiting.expires

    def _backs_off(self, waiting: Waiting) -> bool:
        return self._expiry(waiting) >= self._clock.now // SECOND * SECOND
