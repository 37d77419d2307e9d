"""Virtual time and the agenda: everything that will happen, as data.

An agenda entry names a part and a key instead of holding a closure, so that the agenda can be saved, loaded and hashed.
Entries run in the order (due, sequence); the sequence makes the order total and therefore repeatable.
"""

from __future__ import annotations

import heapq
from typing import NamedTuple

from cluster_core.machinery.timestamps import microtime, timestamp

SECOND = 1_000_000

class Clock:
    """The cluster's time: `now` in microseconds since the Unix epoch. Only the simulation moves it."""

    __slots__ = ("_second", "_text", "now", "start")

    def __init__(self, start: int) -> None:
        self.start = start
        self.now = start
        self._second = -1
        self._text = ""

    def timestamp(self) -> str:
        """`now` as metav1.Time. Remembered within a second, for most objects of a busy instant share it."""
        second = self.now // SECOND
        if second != self._second:
            self._second, self._text = second, timestamp(self.now)
        return self._text

    def microtime(self) -> str:
        return microtime(self.now)

    @property
    def since_start(self) -> int:
        """Microseconds since the cluster was made: what names of random streams may hold, as `now` may not."""
        return self.now - self.start

    @property
    def elapsed(self) -> float:
        """Seconds since the cluster was made."""
        return (self.now - self.start) / SECOND


class Entry(NamedTuple):
    due: int
    sequence: int
    target: str
    key: str


CHORE = "~"
"""Keys that begin so are periodic chores: a cluster with nothing else planned is stable."""


class Agenda:
    """Who is to run when. At most one entry per (target, key): asking again can only bring it forward."""

    __slots__ = ("_clock", "_due", "_heap", "_pressing", "_sequence")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[Entry] = []
        self._due: dict[tuple[str, str], Entry] = {}
        self._sequence = 0
        self._pressing = 0
        """Entries that are no chores."""

    def soon(self, target: str, key: str, delay: float = 0.0) -> None:
        """Run `target` with `key` in `delay` seconds, or earlier if that was already planned."""
        self.at(self._clock.now + round(delay * SECOND), target, key)

    def at(self, due: int, target: str, key: str) -> None:
        """Run `target` with `key` at the time `due` (microseconds), or earlier if that was already planned."""
        planned = self._due.get((target, key))
        if planned is not None and planned.due <= due:
            return
        if planned is None:
            self._pressing += not key.startswith(CHORE)
        self._sequence += 1
        entry = Entry(due, self._sequence, target, key)
        self._due[target, key] = entry
        heapq.heappush(self._heap, entry)

    def reschedule(self, due: int, target: str, key: str) -> None:
        """Run at `due` and at no other time."""
        self.cancel(target, key)
        self.at(due, target, key)

    def cancel(self, target: str, key: str) -> None:
        if self._due.pop((target, key), None) is not None:
            self._pressing -= not key.startswith(CHORE)

    def cancel_all(self, target: str) -> None:
        """Forget everything planned for `target`: its process has died."""
        for pair in [pair for pair in self._due if pair[0] == target]:
            self.cancel(*pair)

    def clear(self) -> None:
        self._due.clear()
        self._heap.clear()
        self._pressing = 0

    def planned(self, target: str, key: str) -> int | None:
        """When the entry is due, None when there is none."""
        entry = self._due.get((target, key))
        return entry.due if entry else None

    def next_due(self) -> int | None:
        """The time of the next entry, None when nothing will happen by itself."""
        self._drop_cancelled()
        return self._heap[0].due if self._heap else None

    def pop(self, until: int) -> Entry | None:
        """Take the next entry due at or before `until`."""
        self._drop_cancelled()
        if not self._heap or self._heap[0].due > until:
            return None
        entry = heapq.heappop(self._heap)
        self.cancel(entry.target, entry.key)
        return entry

    def _drop_cancelled(self) -> None:
        heap, due = self._heap, self._due
        while heap and due.get((heap[0].target, heap[0].key)) is not heap[0]:
            heapq.heappop(heap)

    def stable(self) -> bool:
        """Whether nothing but chores is planned."""
        return not self._pressing

    def __len__(self) -> int:
        return len(self._due)

    def dump(self) -> list[tuple[int, str, str]]:
        """The entries in running order, without their sequence numbers."""
        return [(entry.due, entry.target, entry.key) for entry in sorted(self._due.values())]

    def load(self, entries: list[tuple[int, str, str]]) -> None:
        for due, target, key in entries:
            self.at(due, target, key)
