"""A Log in memory: for tests and for clusters that need not outlive the process."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from .log import ClusterExists, ClusterUnknown, Lease, LeaseHeld, Record, Row, Span, StaleEpoch, Stored, Write


@dataclass
class _Cluster:
    record: Record
    state: bytes
    revision: int
    lease: Lease
    compacted: int = 0
    rows: list[Row] = field(default_factory=list)


class MemoryLog:
    """See `log.Log`."""

    def __init__(self) -> None:
        self._clusters: dict[str, _Cluster] = {}

    def create(self, record: Record, first: Write, lease: Lease) -> None:
        if record.name in self._clusters:
            raise ClusterExists(record.name)
        self._clusters[record.name] = _Cluster(record, first.state, first.revision, lease, rows=list(first.rows))

    def append(self, cluster: str, epoch: int, write: Write) -> None:
        if self.append_all([replace(write, cluster=cluster, epoch=epoch)]):
            raise StaleEpoch(cluster)

    def append_all(self, writes: Sequence[Write]) -> Collection[str]:
        return {write.cluster for write in writes if not self._append(write)}

    def _append(self, write: Write) -> bool:
        cluster = self._clusters.get(write.cluster)
        if cluster is None or cluster.lease.epoch != write.epoch or write.after not in (None, cluster.revision):
            return False
        cluster.rows.extend(write.rows)
        cluster.state, cluster.revision = write.state, write.revision
        if write.settings is not None:
            cluster.record = replace(cluster.record, settings=write.settings)
        return True

    def load(self, cluster: str) -> Stored:
        found = self._find(cluster)
        newest = {row.key: row for row in found.rows}
        living = sorted((row for row in newest.values() if row.value is not None), key=lambda row: row.key)
        return Stored(found.record, found.revision, found.compacted, found.state, living)

    def compacted(self, cluster: str) -> int:
        return self._find(cluster).compacted

    def newest(self, cluster: str, span: Span, most: int) -> list[Row]:
        found = [row for row in self._find(cluster).rows if span.holds(row)]
        return [row for row in found if row.revision >= found[-most:][0].revision]

    def revisions(self, cluster: str, span: Span) -> list[int]:
        return sorted({row.revision for row in self._find(cluster).rows if span.holds(row)})

    def of_keys(self, cluster: str, keys: Collection[str]) -> list[Row]:
        return [row for row in self._find(cluster).rows if row.key in keys]

    def as_of(self, cluster: str, revision: int) -> list[Row]:
        newest = {row.key: row for row in self._find(cluster).rows if row.revision <= revision}
        return sorted(row for row in newest.values() if row.value is not None)

    def records(self) -> list[Record]:
        return [self._clusters[name].record for name in sorted(self._clusters)]

    def delete(self, cluster: str, epoch: int) -> None:
        self._owned(cluster, epoch)
        del self._clusters[cluster]

    def compact(self, cluster: str, epoch: int, revision: int) -> int:
        found = self._owned(cluster, epoch)
        newest = {row.key: row for row in found.rows if row.revision <= revision}
        kept = [
            row for row in found.rows if row.revision > revision or (newest[row.key] is row and row.value is not None)
        ]
        dropped = len(found.rows) - len(kept)
        found.rows, found.compacted = kept, max(found.compacted, revision)
        return dropped

    def acquire(self, cluster: str, owner: str, now: float, seconds: float, address: str = "") -> Lease:
        found = self._find(cluster)
        old = found.lease
        if old.owner not in (owner, "") and old.expires > now:
            raise LeaseHeld(old.owner, old.address)
        found.lease = Lease(cluster, owner, old.epoch + 1, now + seconds, address)
        return found.lease

    def renew(self, owner: str, leases: Sequence[Lease], now: float, seconds: float) -> Collection[str]:
        lost = set()
        for lease in leases:
            found = self._clusters.get(lease.cluster)
            if found is None or found.lease.epoch != lease.epoch:
                lost.add(lease.cluster)
            else:
                found.lease = replace(found.lease, expires=now + seconds)
        return lost

    def release(self, lease: Lease) -> None:
        found = self._clusters.get(lease.cluster)
        if found is not None and found.lease.epoch == lease.epoch:
            found.lease = replace(found.lease, owner="", expires=0.0)

    def owner(self, cluster: str) -> Lease | None:
        lease = self._find(cluster).lease
        return lease if lease.owner else None

    def _find(self, cluster: str) -> _Cluster:
        try:
            return self._clusters[cluster]
        except KeyError:
            raise ClusterUnknown(cluster) from None

    def _owned(self, cluster: str, epoch: int) -> _Cluster:
        found = self._find(cluster)
        if found.lease.epoch != epoch:
            raise StaleEpoch(cluster)
        return found
