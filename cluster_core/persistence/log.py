"""The Log port: what a durable home of clusters must do, and the words it uses.

One owner at a time may write to a cluster: `acquire` gives an epoch, every `append` names it, and a writer whose epoch
has been superseded gets StaleEpoch and has written nothing. Adapters: `memory`, `orm`; both pass tests/persistence.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cluster_core.simulation.saved import Row

__all__ = [
    "ClusterExists",
    "ClusterUnknown",
    "Lease",
    "LeaseHeld",
    "Log",
    "Record",
    "Row",
    "Span",
    "StaleEpoch",
    "Stored",
    "Write",
]


class LogError(Exception):
    """What a Log refuses to do."""


class ClusterExists(LogError):
    """The name is taken."""


class ClusterUnknown(LogError):
    """There is no such cluster."""


class StaleEpoch(LogError):
    """Somebody else owns the cluster by now; nothing was written."""


class LeaseHeld(LogError):
    """Another worker's lease has not run out."""

    def __init__(self, owner: str, address: str) -> None:
        super().__init__(f"owned by {owner}")
        self.owner, self.address = owner, address


@dataclass(frozen=True, slots=True)
class Record:
    """A cluster beside its revisions. `spec` and `settings` are JSON texts; `created` is real time in seconds."""

    name: str
    token: str
    spec: str
    seed: int
    created: float
    settings: str = "{}"


@dataclass(frozen=True, slots=True)
class Write:
    """What one cluster commits: changes in the order of their revisions, and the engine's state after the last one.

    `after` is the revision it builds on: when that is not the newest one stored, something is missing in between and
    the write is refused like a stale one. None: not checked.
    """

    cluster: str
    epoch: int
    revision: int
    rows: Sequence[Row]
    state: bytes
    settings: str | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    cluster: str
    owner: str
    epoch: int
    expires: float
    address: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """A cluster as loaded: the newest row of every living key, by key."""

    record: Record
    revision: int
    compacted: int
    state: bytes
    rows: Sequence[Row] = field(default=())


@dataclass(frozen=True, slots=True)
class Span:
    """Which changes are meant: of keys that begin with `within` and with none of `without`, after one revision and,
    when it is given, before another."""

    within: str = ""
    without: tuple[str, ...] = ()
    after: int = 0
    before: int | None = None

    def holds(self, row: Row) -> bool:
        begun = row.revision > self.after and (self.before is None or row.revision < self.before)
        return begun and row.key.startswith(self.within) and not row.key.startswith(self.without)


class Log(Protocol):
    """Where clusters live. Times are handed in as seconds since the Unix epoch."""

    def create(self, record: Record, first: Write, lease: Lease) -> None:
        """Add a cluster, its first revisions and its owner, all or nothing. Raises ClusterExists."""

    def append(self, cluster: str, epoch: int, write: Write) -> None:
        """Add revisions. Raises StaleEpoch."""

    def append_all(self, writes: Sequence[Write]) -> Collection[str]:
        """Add the revisions of many clusters in one transaction; answers the clusters refused as stale."""

    def load(self, cluster: str) -> Stored:
        """Raises ClusterUnknown."""

    def compacted(self, cluster: str) -> int:
        """Up to which revision what was superseded is gone; 0: nothing is."""

    def newest(self, cluster: str, span: Span, most: int) -> list[Row]:
        """The last `most` of these changes, in order; more where a revision would be told by half."""

    def revisions(self, cluster: str, span: Span) -> list[int]:
        """At which revisions these changes are, in order, without reading what they say."""

    def of_keys(self, cluster: str, keys: Collection[str]) -> list[Row]:
        """All changes of these keys, in order."""

    def as_of(self, cluster: str, revision: int) -> list[Row]:
        """The living value of every key as of a revision, in the order they came about."""

    def records(self) -> list[Record]:
        """All clusters by name."""

    def delete(self, cluster: str, epoch: int) -> None:
        """Forget a cluster altogether. Raises StaleEpoch, ClusterUnknown."""

    def compact(self, cluster: str, epoch: int, revision: int) -> int:
        """Drop what was superseded or deleted up to `revision`; answers how many rows. Raises StaleEpoch."""

    def acquire(self, cluster: str, owner: str, now: float, seconds: float, address: str = "") -> Lease:
        """Become the owner: a new epoch, unless it is ours already. Raises LeaseHeld, ClusterUnknown."""

    def renew(self, owner: str, leases: Sequence[Lease], now: float, seconds: float) -> Collection[str]:
        """Prolong; answers the clusters that are ours no longer."""

    def release(self, lease: Lease) -> None:
        """Give up ownership, if it is still ours."""

    def owner(self, cluster: str) -> Lease | None:
        """Whose it is (perhaps expired). Raises ClusterUnknown."""
