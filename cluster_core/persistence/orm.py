"""The Log on Django's ORM: SQLite (WAL, BEGIN IMMEDIATE, synchronous=FULL) or PostgreSQL.

The epoch is checked in the transaction that writes: the UPDATE of the cluster's row names it, so that on PostgreSQL
too a stale writer waits for, and then loses against, the change of owner.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import IntegrityError, connection, transaction
from django.db.models import BooleanField, ExpressionWrapper, F, Q, QuerySet

from ..models import Cluster, ClusterLease, Revision
from .log import ClusterExists, ClusterUnknown, Lease, LeaseHeld, Record, Row, Span, StaleEpoch, Stored, Write

_COLUMNS = "cluster_id, revision, sub, key, value, create_revision, version, lease"
_INSERT = f"INSERT INTO {Revision._meta.db_table} ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
_DELETE_CHUNK = _READ_CHUNK = 500
P = ParamSpec("P")
T = TypeVar("T")


def _fresh(method: Callable[P, T]) -> Callable[P, T]:
    """Begin with a connection that works: after an error the old one is tried and, if need be, replaced."""

    @wraps(method)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        return method(*args, **kwargs)

    return wrapper


class OrmLog:
    """See `log.Log`."""

    @_fresh
    def create(self, record: Record, first: Write, lease: Lease) -> None:
        try:
            with transaction.atomic():
                cluster = Cluster.objects.create(**_record_columns(record), revision=first.revision, state=first.state)
                ClusterLease.objects.create(cluster=cluster, **_lease_columns(lease))
                _insert(cluster.pk, first.rows)
        except IntegrityError:
            raise ClusterExists(record.name) from None

    def append(self, cluster: str, epoch: int, write: Write) -> None:
        if self.append_all([replace(write, cluster=cluster, epoch=epoch)]):
            raise StaleEpoch(cluster)

    @_fresh
    def append_all(self, writes: Sequence[Write]) -> Collection[str]:
        with transaction.atomic():
            return {write.cluster for write in sorted(writes, key=_by_name) if not self._append(write)}

    def _append(self, write: Write) -> bool:
        pk = _locked(write.cluster, write.epoch)
        if pk is None:
            return False
        columns: dict[str, object] = {"state": write.state, "revision": write.revision}
        if write.settings is not None:
            columns["settings"] = write.settings
        found = Cluster.objects.filter(pk=pk)
        if not (found if write.after is None else found.filter(revision=write.after)).update(**columns):
            return False
        _insert(pk, write.rows)
        return True

    @_fresh
    def load(self, cluster: str) -> Stored:
        with transaction.atomic():
            found = _find(cluster)
            newest: dict[str, Row] = {}
            for row in _read(Revision.objects.filter(cluster_id=found.pk)):
                newest[row.key] = row
        living = sorted((row for row in newest.values() if row.value is not None), key=lambda row: row.key)
        return Stored(_record(found), found.revision, found.compacted, bytes(found.state), living)

    @_fresh
    def compacted(self, cluster: str) -> int:
        return int(_find(cluster).compacted)

    @_fresh
    def newest(self, cluster: str, span: Span, most: int) -> list[Row]:
        found = _spanned(_find(cluster).pk, span)
        last = list(found.order_by("-revision", "-sub").values_list("revision", flat=True)[:most])
        return list(_read(found.filter(revision__gte=last[-1]))) if last else []

    @_fresh
    def revisions(self, cluster: str, span: Span) -> list[int]:
        return list(_spanned(_find(cluster).pk, span).order_by("revision").values_list("revision", flat=True).distinct())

    @_fresh
    def of_keys(self, cluster: str, keys: Collection[str]) -> list[Row]:
        return list(_read(Revision.objects.filter(cluster_id=_find(cluster).pk, key__in=list(keys))))

    @_fresh
    def as_of(self, cluster: str, revision: int) -> list[Row]:
        with transaction.atomic():
            newest = _newest(_find(cluster).pk, revision)
            living = [row for row, deleted in newest.values() if not deleted]
            chunks = (living[start : start + _READ_CHUNK] for start in range(0, len(living), _READ_CHUNK))
            return sorted(row for chunk in chunks for row in _read(Revision.objects.filter(pk__in=chunk)))

    @_fresh
    def records(self) -> list[Record]:
        return [_record(cluster) for cluster in Cluster.objects.defer("state").order_by("name")]

    @_fresh
    def delete(self, cluster: str, epoch: int) -> None:
        with transaction.atomic():
            pk = _owned(cluster, epoch)
            Revision.objects.filter(cluster_id=pk).delete()
            Cluster.objects.filter(pk=pk).delete()

    @_fresh
    def compact(self, cluster: str, epoch: int, revision: int) -> int:
        with transaction.atomic():
            pk = _owned(cluster, epoch)
            doomed = _superseded(pk, revision)
            for start in range(0, len(doomed), _DELETE_CHUNK):
                Revision.objects.filter(pk__in=doomed[start : start + _DELETE_CHUNK]).delete()
            Cluster.objects.filter(pk=pk, compacted__lt=revision).update(compacted=revision)
        return len(doomed)

    @_fresh
    def acquire(self, cluster: str, owner: str, now: float, seconds: float, address: str = "") -> Lease:
        with transaction.atomic():
            pk = _find(cluster).pk
            lease = ClusterLease.objects.select_for_update().get(cluster_id=pk)
            if lease.owner not in (owner, "") and lease.expires > now:
                raise LeaseHeld(lease.owner, lease.address)
            lease.owner, lease.address, lease.epoch, lease.expires = owner, address, lease.epoch + 1, now + seconds
            lease.save()
        return Lease(cluster, owner, lease.epoch, lease.expires, address)

    @_fresh
    def renew(self, owner: str, leases: Sequence[Lease], now: float, seconds: float) -> Collection[str]:
        with transaction.atomic():
            return {lease.cluster for lease in sorted(leases, key=_by_name) if not _renew(lease, now + seconds)}

    @_fresh
    def release(self, lease: Lease) -> None:
        _lease(lease.cluster, lease.epoch).update(owner="", expires=0.0)

    @_fresh
    def owner(self, cluster: str) -> Lease | None:
        lease = ClusterLease.objects.get(cluster_id=_find(cluster).pk)
        return Lease(cluster, lease.owner, lease.epoch, lease.expires, lease.address) if lease.owner else None


def _by_name(item: Write | Lease) -> str:
    """Locks are taken in one order, so that two workers never wait for each other in a circle."""
    return item.cluster


def _find(name: str) -> Cluster:
    try:
        found: Cluster = Cluster.objects.get(name=name)
        return found
    except Cluster.DoesNotExist:
        raise ClusterUnknown(name) from None


def _lease(name: str, epoch: int) -> QuerySet[ClusterLease]:
    """The lease of this epoch, by its row's own columns only.

    PostgreSQL looks again at a row that somebody else has changed meanwhile, but not at what a joined table or subquery
    said: a condition on the cluster's name would let a stale epoch pass.
    """
    pk = Cluster.objects.filter(name=name).values_list("pk", flat=True).first()
    return ClusterLease.objects.filter(cluster_id=pk, epoch=epoch)


def _locked(name: str, epoch: int) -> int | None:
    """The cluster's primary key if `epoch` is its current one; until the transaction ends nobody can change that."""
    held = _lease(name, epoch)
    if not held.update(epoch=F("epoch")):
        return None
    return int(held.values_list("cluster_id", flat=True).get())


def _owned(name: str, epoch: int) -> int:
    pk = _locked(name, epoch)
    if pk is None:
        _find(name)
        raise StaleEpoch(name)
    return pk


def _renew(lease: Lease, expires: float) -> bool:
    return bool(_lease(lease.cluster, lease.epoch).update(expires=expires))


def _insert(pk: int, rows: Sequence[Row]) -> None:
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_INSERT, list(_numbered(pk, rows)))


def _numbered(pk: int, rows: Iterable[Row]) -> Iterable[tuple[object, ...]]:
    """Columns in the order of _COLUMNS; rows of one revision are numbered from 0."""
    previous, sub = 0, 0
    for row in rows:
        sub = sub + 1 if row.revision == previous else 0
        previous = row.revision
        yield pk, row.revision, sub, row.key, row.value, row.create_revision, row.version, row.lease


def _read(found: QuerySet[Revision]) -> Iterable[Row]:
    columns = ("revision", "key", "value", "create_revision", "version", "lease")
    ordered = found.order_by("revision", "sub").values_list(*columns)
    for revision, key, value, *rest in ordered.iterator(chunk_size=2000):
        yield Row(revision, key, None if value is None else bytes(value), *rest)


def _spanned(pk: int, span: Span) -> QuerySet[Revision]:
    found = Revision.objects.filter(cluster_id=pk, revision__gt=span.after, key__startswith=span.within)
    if span.before is not None:
        found = found.filter(revision__lt=span.before)
    for prefix in span.without:
        found = found.exclude(key__startswith=prefix)
    return found


def _superseded(pk: int, revision: int) -> list[int]:
    """Primary keys of the rows up to `revision` that are neither the newest of their key nor a living value."""
    newest = _newest(pk, revision)
    rows = Revision.objects.filter(cluster_id=pk, revision__lte=revision).order_by("revision", "sub")
    return [row for row, key in rows.values_list("pk", "key") if newest[key] != (row, False)]


def _newest(pk: int, revision: int) -> dict[str, tuple[int, bool]]:
    """By key: the primary key of its newest row up to `revision`, and whether that is a deletion."""
    found = Revision.objects.filter(cluster_id=pk, revision__lte=revision).order_by("revision", "sub")
    gone = ExpressionWrapper(Q(value__isnull=True), output_field=BooleanField())
    return {key: (row, deleted) for row, key, deleted in found.annotate(gone=gone).values_list("pk", "key", "gone")}


def _record(cluster: Cluster) -> Record:
    return Record(cluster.name, cluster.token, cluster.spec, cluster.seed, cluster.created, cluster.settings)


def _record_columns(record: Record) -> dict[str, object]:
    return {name: getattr(record, name) for name in ("name", "token", "spec", "seed", "created", "settings")}


def _lease_columns(lease: Lease) -> dict[str, object]:
    return {name: getattr(lease, name) for name in ("owner", "address", "epoch", "expires")}
