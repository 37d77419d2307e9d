"""What every Log adapter promises. A new adapter is added to `log` and must pass all of it."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cluster_core.persistence.log import (
    ClusterExists,
    ClusterUnknown,
    Lease,
    LeaseHeld,
    Log,
    Record,
    Row,
    Span,
    StaleEpoch,
    Write,
)
from cluster_core.persistence.memory import MemoryLog
from cluster_core.persistence.orm import OrmLog

NOW = 1_000_000.0


@pytest.fixture(params=["memory", pytest.param("orm", marks=pytest.mark.django_db(transaction=True))])
def log(request: pytest.FixtureRequest) -> Log:
    return MemoryLog() if request.param == "memory" else OrmLog()


def record(name: str = "demo") -> Record:
    return Record(name, f"token-{name}", "{}", 7, NOW)


def write(*rows: Row, name: str = "demo", epoch: int = 1, revision: int = 0, state: bytes = b"state") -> Write:
    return Write(name, epoch, revision or max((row.revision for row in rows), default=1), rows, state)


def changes_after(log: Log, revision: int) -> list[Row]:
    return log.newest("demo", Span(after=revision), 10**6)


def create(log: Log, name: str = "demo", *rows: Row) -> None:
    log.create(record(name), write(*rows, name=name), Lease(name, "worker-a", 1, NOW + 10, "unix:/a"))


def test_a_created_cluster_can_be_loaded(log: Log) -> None:
    create(log, "demo", Row(2, "/a", b"1", 2, 1), Row(3, "/b", b"\x00\xff", 3, 1))
    stored = log.load("demo")
    assert stored.record == record()
    assert (stored.revision, stored.compacted, stored.state) == (3, 0, b"state")
    assert list(stored.rows) == [Row(2, "/a", b"1", 2, 1), Row(3, "/b", b"\x00\xff", 3, 1)]


def test_a_name_can_be_taken_once(log: Log) -> None:
    create(log)
    with pytest.raises(ClusterExists):
        create(log)
    assert [found.name for found in log.records()] == ["demo"]


def test_load_gives_the_newest_value_of_every_living_key(log: Log) -> None:
    create(log, "demo", Row(2, "/a", b"1"), Row(3, "/b", b"1"))
    log.append("demo", 1, write(Row(4, "/a", b"2"), Row(5, "/b", None), state=b"later"))
    stored = log.load("demo")
    assert [(row.key, row.value) for row in stored.rows] == [("/a", b"2")]
    assert (stored.revision, stored.state) == (5, b"later")


def test_one_transaction_may_change_several_keys_at_one_revision(log: Log) -> None:
    create(log, "demo", Row(2, "/a", b"1"), Row(2, "/b", b"1"), Row(2, "/a", b"2"))
    assert [(row.key, row.value) for row in log.load("demo").rows] == [("/a", b"2"), ("/b", b"1")]
    assert [row.value for row in changes_after(log, 1)] == [b"1", b"1", b"2"]


def test_a_stale_writer_loses_and_writes_nothing(log: Log) -> None:
    create(log)
    taken = log.acquire("demo", "worker-b", NOW + 11, 10)
    with pytest.raises(StaleEpoch):
        log.append("demo", 1, write(Row(2, "/a", b"1")))
    assert list(log.load("demo").rows) == []
    log.append("demo", taken.epoch, write(Row(2, "/a", b"2")))
    assert [row.value for row in log.load("demo").rows] == [b"2"]


def test_in_one_group_commit_a_stale_cluster_does_not_hold_up_the_others(log: Log) -> None:
    create(log, "one")
    create(log, "two")
    log.acquire("two", "worker-b", NOW + 11, 10)
    refused = log.append_all([write(Row(2, "/a", b"1"), name=name) for name in ("one", "two", "absent")])
    assert set(refused) == {"two", "absent"}
    assert [len(log.load(name).rows) for name in ("one", "two")] == [1, 0]


def test_a_write_with_a_gap_before_it_is_refused(log: Log) -> None:
    create(log, "demo", Row(2, "/a", b"1"))
    with pytest.raises(StaleEpoch):
        log.append("demo", 1, Write("demo", 1, 5, [Row(5, "/a", b"5")], b"", after=4))
    log.append("demo", 1, Write("demo", 1, 3, [Row(3, "/a", b"3")], b"", after=2))
    assert [row.value for row in log.load("demo").rows] == [b"3"]


def test_settings_change_only_when_given(log: Log) -> None:
    create(log)
    log.append_all([Write("demo", 1, 2, [], b"", settings='{"speed": 10}')])
    log.append_all([Write("demo", 1, 2, [], b"")])
    assert log.load("demo").record.settings == '{"speed": 10}'


def test_a_lease_is_exclusive_until_it_runs_out(log: Log) -> None:
    create(log)
    with pytest.raises(LeaseHeld) as held:
        log.acquire("demo", "worker-b", NOW + 9, 10)
    assert (held.value.owner, held.value.address) == ("worker-a", "unix:/a")
    assert log.acquire("demo", "worker-b", NOW + 10.5, 10, "unix:/b").epoch == 2
    assert log.owner("demo") == Lease("demo", "worker-b", 2, NOW + 20.5, "unix:/b")


def test_renewing_prolongs_and_tells_what_was_lost(log: Log) -> None:
    create(log, "one")
    create(log, "two")
    leases = [log.acquire(name, "worker-a", NOW, 10) for name in ("one", "two")]
    log.acquire("two", "worker-b", NOW + 11, 10)
    assert set(log.renew("worker-a", leases, NOW + 9, 10)) == {"two"}
    with pytest.raises(LeaseHeld):
        log.acquire("one", "worker-b", NOW + 18, 10)


def test_a_released_lease_is_free_at_once_and_its_epoch_is_not_reused(log: Log) -> None:
    create(log)
    first = log.acquire("demo", "worker-a", NOW, 10)
    log.release(first)
    assert log.owner("demo") is None
    assert log.acquire("demo", "worker-b", NOW, 10).epoch > first.epoch


def test_releasing_a_lost_lease_changes_nothing(log: Log) -> None:
    create(log)
    old = log.acquire("demo", "worker-a", NOW, 10)
    log.acquire("demo", "worker-b", NOW + 11, 10)
    log.release(old)
    lease = log.owner("demo")
    assert lease is not None and lease.owner == "worker-b"


def test_a_restarted_worker_fences_its_former_self(log: Log) -> None:
    create(log)
    before = log.acquire("demo", "worker-a", NOW, 10)
    after = log.acquire("demo", "worker-a", NOW, 10)
    assert after.epoch > before.epoch
    with pytest.raises(StaleEpoch):
        log.append("demo", before.epoch, write(Row(2, "/a", b"1")))


def test_deleting_forgets_everything(log: Log) -> None:
    create(log, "demo", Row(2, "/a", b"1"))
    with pytest.raises(StaleEpoch):
        log.delete("demo", 9)
    log.delete("demo", 1)
    for gone in (log.load, log.owner):
        with pytest.raises(ClusterUnknown):
            gone("demo")
    create(log)
    assert list(log.load("demo").rows) == []


def test_unknown_clusters_are_named(log: Log) -> None:
    with pytest.raises(ClusterUnknown, match="nowhere"):
        log.load("nowhere")
    with pytest.raises(ClusterUnknown):
        log.acquire("nowhere", "worker-a", NOW, 1)
    with pytest.raises(ClusterUnknown):
        log.compact("nowhere", 1, 1)


changes = st.lists(st.tuples(st.sampled_from("abcd"), st.one_of(st.none(), st.binary(max_size=3))), max_size=30)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=changes, cut=st.integers(0, 40))
def test_compaction_never_changes_what_is_loaded(log: Log, changes: list[tuple[str, bytes | None]], cut: int) -> None:
    if "demo" in [found.name for found in log.records()]:
        log.delete("demo", 1)
    create(log, "demo", *(Row(number, key, value) for number, (key, value) in enumerate(changes, 2)))
    before, history = log.load("demo"), changes_after(log, cut)
    dropped = log.compact("demo", 1, cut)
    after = log.load("demo")
    assert list(after.rows) == list(before.rows)
    assert changes_after(log, cut) == history
    kept = len(changes_after(log, 0))
    assert kept + dropped == len(changes)
    assert len([row for row in changes_after(log, 0) if row.revision <= cut]) <= 4
    assert after.compacted == cut


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=changes, at=st.integers(0, 40), cut=st.integers(0, 40))
def test_the_picture_as_of_a_revision_is_what_was_written_up_to_it(
    log: Log, changes: list[tuple[str, bytes | None]], at: int, cut: int
) -> None:
    if "demo" in [found.name for found in log.records()]:
        log.delete("demo", 1)
    rows = [Row(number, key, value) for number, (key, value) in enumerate(changes, 2)]
    create(log, "demo", *rows)
    log.compact("demo", 1, min(cut, at))
    newest = {row.key: row for row in rows if row.revision <= at}
    assert log.as_of("demo", at) == sorted(row for row in newest.values() if row.value is not None)
    assert log.compacted("demo") == min(cut, at)


def test_history_is_read_page_by_page_without_a_gap(log: Log) -> None:
    told = [Row(number, f"/r/{number % 3}", b"x") for number in range(2, 12)]
    create(log, "demo", *told, Row(12, "/r/a", b"x"), Row(12, "/r/b", b"x"), Row(13, "/quiet/a", b"x"), Row(14, "/r/0", None))
    span = Span(within="/r/", after=2)
    assert log.revisions("demo", span) == [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14]
    page = log.newest("demo", span, 2)
    assert [(row.revision, row.key) for row in page] == [(12, "/r/a"), (12, "/r/b"), (14, "/r/0")]
    older = log.newest("demo", Span(within="/r/", after=2, before=12), 100)
    assert older == told[1:]
    assert log.newest("demo", Span(within="/none"), 5) == []
    assert [row.revision for row in log.of_keys("demo", ["/r/0"])] == [3, 6, 9, 14]
    assert log.newest("demo", Span(without=("/r/", "/q")), 5) == []


def test_compaction_needs_the_epoch(log: Log) -> None:
    create(log)
    with pytest.raises(StaleEpoch):
        log.compact("demo", 2, 1)


@pytest.mark.django_db(transaction=True)
def test_two_writers_racing_for_a_cluster_never_both_commit() -> None:
    """A worker that lost its lease, and the new owner, write the same revision at once: exactly one gets it."""
    log = OrmLog()
    create(log)
    barrier, outcomes = threading.Barrier(2), []

    def stale() -> None:
        barrier.wait()
        outcomes.append(("stale", set(log.append_all([write(Row(2, "/a", b"stale"))]))))
        connections.close_all()

    def owner() -> None:
        barrier.wait()
        lease = log.acquire("demo", "worker-b", NOW + 11, 10)
        revision = log.load("demo").revision + 1
        refused = log.append_all([write(Row(revision, "/a", b"owner"), epoch=lease.epoch)])
        outcomes.append(("owner", set(refused)))
        connections.close_all()

    threads = [threading.Thread(target=target) for target in (stale, owner)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ("owner", set()) in outcomes
    assert [row.value for row in log.load("demo").rows] == [b"owner"]


@pytest.mark.django_db(transaction=True)
def test_sqlite_is_set_up_not_to_lose_commits() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("about SQLite")
    with connection.cursor() as cursor:
        answers = [cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert answers == ["wal", 2]
