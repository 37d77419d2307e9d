"""An MVCC key-value store with etcd's rules: one revision counter, versions per key, history, compaction, transactions.

Models etcd's server/storage/mvcc and the KV service of api/etcdserverpb. Synchronous and in memory; persistence reads
`events_after`. A value may carry the decoded object it encodes, so that nobody decodes what was just encoded.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sortedcontainers import SortedDict


class KeyValue(NamedTuple):
    """One version of a key. `obj` is what `value` encodes, when the writer had it at hand."""

    key: str
    value: bytes
    create_revision: int
    mod_revision: int
    version: int
    lease: int = 0
    obj: Any = None


class StoreEvent(NamedTuple):
    """A change of one key: `new` is None for a deletion, `old` is None for a creation."""

    revision: int
    key: str
    new: KeyValue | None
    old: KeyValue | None


_LAST = chr(sys.maxunicode)
_FIRST_SURROGATE, _AFTER_SURROGATES = 0xD800, 0xE000
"""No text has these in UTF-8, so no key ends in one."""


class CompactedError(Exception):
    """The revision asked for has been compacted."""

    def __init__(self, compact_revision: int) -> None:
        super().__init__("etcdserver: mvcc: required revision has been compacted")
        self.compact_revision = compact_revision


class FutureRevisionError(Exception):
    """The revision asked for has not been reached."""

    def __init__(self) -> None:
        super().__init__("etcdserver: mvcc: required revision is a future revision")


def prefix_end(prefix: str) -> str:
    """The smallest key that is greater than every key with `prefix`; when there is none, etcd's word for no end."""
    kept = prefix.rstrip(_LAST)
    if not kept:
        return "\0"
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(_AFTER_SURROGATES if following == _FIRST_SURROGATE else following)


class Store:
    """The keys of one cluster. `revision` is that of the last change; etcd starts at 1."""

    def __init__(self) -> None:
        self.revision = 1
        self.compact_revision = 0
        self._keys: SortedDict[str, KeyValue] = SortedDict()
        self._events: list[StoreEvent] = []
        self._observers: list[Callable[[StoreEvent], None]] = []
        self.unsaved_after: int | None = None
        """Changes after this revision are kept for persistence even when compacted; None: nobody persists."""
        self._together = 0
        """The revision all writes of the transaction under way share; -1: it has not written yet, 0: none is."""

    def observe(self, callback: Callable[[StoreEvent], None]) -> None:
        """Call back at once for every change, in order."""
        self._observers.append(callback)

    # ------------------------------------------------------------------------------------------------ reading

    def get(self, key: str, revision: int = 0) -> KeyValue | None:
        """The value of `key` now, or as of `revision`."""
        found: KeyValue | None = self._keys.get(key)
        if not revision or revision == self.revision:
            return found
        self._check(revision)
        for event in self._events[self._index_after(revision) :]:
            if event.key == key:
                return event.old
        return found

    def range(self, start: str, end: str = "", revision: int = 0) -> list[KeyValue]:
        """The keys in [start, end) in order; without `end` just `start`; "\\0" as end means to the last key."""
        if not end:
            found = self.get(start, revision)
            return [found] if found else []
        if revision and revision != self.revision:
            return self._range_before(start, end, revision)
        keys = self._keys
        return [keys[key] for key in self._span(start, end)]

    def _span(self, start: str, end: str) -> Iterator[str]:
        maximum = None if end == "\0" else end
        keys: Iterator[str] = self._keys.irange(start, maximum, inclusive=(True, False))
        return keys

    def _range_before(self, start: str, end: str, revision: int) -> list[KeyValue]:
        """Undo the changes after `revision`, newest first."""
        self._check(revision)
        state = {key: self._keys[key] for key in self._span(start, end)}
        for event in reversed(self._events[self._index_after(revision) :]):
            if event.key < start or (end != "\0" and event.key >= end):
                continue
            if event.old is None:
                state.pop(event.key, None)
            else:
                state[event.key] = event.old
        return [state[key] for key in sorted(state)]

    def _check(self, revision: int) -> None:
        if revision > self.revision:
            raise FutureRevisionError
        if revision < self.compact_revision:
            raise CompactedError(self.compact_revision)

    def _index_after(self, revision: int) -> int:
        return bisect_right(self._events, revision, key=lambda event: event.revision)

    def events_after(self, revision: int, until: int | None = None) -> list[StoreEvent]:
        """The changes with revisions in (revision, until]. Raises CompactedError when some are gone."""
        if revision < self.compact_revision:
            raise CompactedError(self.compact_revision)
        return self.unsaved(revision, until)

    def unsaved(self, revision: int, until: int | None = None) -> list[StoreEvent]:
        """The same for persistence, whom compaction does not concern: see `unsaved_after`."""
        begin = self._index_after(revision)
        return self._events[begin:] if until is None else self._events[begin : self._index_after(until)]

    def __len__(self) -> int:
        return len(self._keys)

    # ------------------------------------------------------------------------------------------------ writing

    def put(self, key: str, value: bytes, *, lease: int = 0, obj: Any = None) -> KeyValue:
        """Write one key at the next revision."""
        self._advance()
        return self._write(key, value, lease, obj)

    @contextmanager
    def together(self) -> Iterator[None]:
        """All writes inside share one revision, as those of one transaction."""
        self._together = -1
        try:
            yield
        finally:
            self._together = 0

    def _advance(self) -> None:
        if self._together <= 0:
            self.revision += 1
        if self._together:
            self._together = self.revision

    def delete(self, key: str) -> KeyValue | None:
        """Delete one key at the next revision; answers what was there, or None (and no new revision)."""
        if key not in self._keys:
            return None
        self._advance()
        return self._remove(key)

    def delete_range(self, start: str, end: str) -> list[KeyValue]:
        """Delete all keys in [start, end) in one revision."""
        doomed = list(self._span(start, end)) if end else [key for key in (start,) if key in self._keys]
        if doomed:
            self._advance()
        return [self._remove(key) for key in doomed]

    def _write(self, key: str, value: bytes, lease: int, obj: Any) -> KeyValue:
        old = self._keys.get(key)
        revision = self.revision
        if old is None:
            new = KeyValue(key, value, revision, revision, 1, lease, obj)
        else:
            new = KeyValue(key, value, old.create_revision, revision, old.version + 1, lease, obj)
        self._keys[key] = new
        self._publish(StoreEvent(revision, key, new, old))
        return new

    def _remove(self, key: str) -> KeyValue:
        old: KeyValue = self._keys.pop(key)
        self._publish(StoreEvent(self.revision, key, None, old))
        return old

    def _publish(self, event: StoreEvent) -> None:
        self._events.append(event)
        for callback in self._observers:
            callback(event)

    # ------------------------------------------------------------------------------------------------ upkeep

    def compact(self, revision: int) -> None:
        """Forget history up to and including `revision`; current values stay."""
        self._check(revision)
        kept = revision if self.unsaved_after is None else min(revision, self.unsaved_after)
        del self._events[: self._index_after(kept)]
        self.compact_revision = revision

    def load(self, values: list[KeyValue], revision: int) -> None:
        """Take over a saved state. History before `revision` is compacted; observers hear of every key as new."""
        self.revision = self.compact_revision = revision
        for value in sorted(values, key=lambda value: value.create_revision):
            self._keys[value.key] = value
        for value in sorted(values, key=lambda value: value.create_revision):
            for callback in self._observers:
                callback(StoreEvent(value.mod_revision, value.key, value, None))
