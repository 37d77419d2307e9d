"""etcd's rules as its clients meet them, on a whole cluster."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster_core.etcd import snapshot
from cluster_core.etcd.store import Store
from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.commands import CommandError
from tests.builders import Engine, workload

CONFIGMAP = "/registry/configmaps/default/a"


@pytest.fixture
def engine() -> Engine:
    return Engine(nodes=1)


def ask(engine: Engine | Cluster, op: str, **args: Any) -> dict[str, Any]:
    cluster = engine if isinstance(engine, Cluster) else engine.cluster
    return cluster.command("etcd", {"op": op, **args})


def put(engine: Engine, key: str, value: bytes = b"v", **more: Any) -> dict[str, Any]:
    return ask(engine, "put", key=key, value=value, **more)


def test_all_writes_of_a_transaction_share_one_revision(engine: Engine) -> None:
    before = engine.cluster.revision
    success = [["put", {"key": "x", "value": b"1"}], ["put", {"key": "y", "value": b"2"}], ["range", {"key": "x"}]]
    answer = ask(engine, "txn", compare=[["version", 0, "x", "", 0]], success=success, failure=[])
    assert answer["succeeded"] and answer["revision"] == before + 1
    assert answer["responses"][2][1]["kvs"][0][1] == b"1"


def test_a_failed_comparison_takes_the_other_branch(engine: Engine) -> None:
    put(engine, "x", b"1")
    failure = [["put", {"key": "x", "value": b"lost"}]]
    answer = ask(engine, "txn", compare=[["value", 0, "x", "", b"2"]], success=[], failure=failure)
    assert not answer["succeeded"]
    assert ask(engine, "range", key="x")["kvs"][0][1] == b"lost"


def test_one_transaction_cannot_write_a_key_twice(engine: Engine) -> None:
    twice = [["put", {"key": "x", "value": b"1"}], ["put", {"key": "x", "value": b"2"}]]
    answer = ask(engine, "txn", compare=[], success=twice, failure=[])
    assert answer["error"] == [3, "etcdserver: duplicate key given in txn request"]


def test_a_transaction_that_cannot_be_done_whole_does_nothing(engine: Engine) -> None:
    puts = [["put", {"key": "x", "value": b"1"}], ["put", {"key": "y", "value": b"2", "lease": 77}]]
    assert ask(engine, "txn", compare=[], success=puts, failure=[])["error"][0] == 5
    assert ask(engine, "range", key="x")["kvs"] == []


def test_keys_go_when_their_lease_ends(engine: Engine) -> None:
    lease = ask(engine, "grant", ttl=10)["id"]
    put(engine, "x", lease=lease)
    engine.cluster.advance(9)
    assert ask(engine, "keep-alive", id=lease)["ttl"] == 10
    engine.cluster.advance(9)
    assert ask(engine, "range", key="x")["count"] == 1
    engine.cluster.advance(2)
    assert ask(engine, "range", key="x")["count"] == 0
    assert ask(engine, "time-to-live", id=lease)["ttl"] == -1


def test_a_waiting_lease_is_no_unrest_and_survives_saving(engine: Engine) -> None:
    engine.settle()
    lease = ask(engine, "grant", ttl=100)["id"]
    put(engine, "x", lease=lease)
    assert engine.cluster.stable()
    loaded = Cluster.load(engine.cluster.save())
    assert ask(loaded, "time-to-live", id=lease, keys=True)["keys"] == ["x"]
    loaded.advance(101)
    assert ask(loaded, "range", key="x")["count"] == 0


def test_a_put_needs_its_lease(engine: Engine) -> None:
    assert put(engine, "x", lease=5)["error"] == [5, "etcdserver: requested lease not found"]


def test_compacted_and_future_revisions_are_refused_in_etcds_words(engine: Engine) -> None:
    put(engine, "x")
    ask(engine, "compact", at=engine.cluster.revision)
    old = ask(engine, "range", key="x", at=1)
    assert old["error"] == [11, "etcdserver: mvcc: required revision has been compacted"]
    assert "future" in ask(engine, "range", key="x", at=10**9)["error"][1]
    assert "compacted" in ask(engine, "compact", at=1)["error"][1]


def test_ranges_can_be_limited_sorted_and_counted(engine: Engine) -> None:
    for number, key in enumerate(("k/b", "k/a", "k/c")):
        put(engine, key, b"%d" % number)
    found = ask(engine, "range", key="k/", end="k0", order=2, target=3, limit=2)
    assert [each[0] for each in found["kvs"]] == ["k/c", "k/a"] and found["more"] and found["count"] == 3
    assert ask(engine, "range", key="k/", end="k0", count_only=True)["kvs"] == []
    assert {each[1] for each in ask(engine, "range", key="k/", end="k0", keys_only=True)["kvs"]} == {b""}


def test_what_is_written_through_etcd_is_what_the_api_shows(engine: Engine) -> None:
    body = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "default"}, "data": {"k": "v"}}
    put(engine, CONFIGMAP, orjson.dumps(body))
    found = engine.call("GET", "/api/v1/namespaces/default/configmaps/a").json()
    assert found["data"] == {"k": "v"} and found["metadata"]["resourceVersion"] == str(engine.cluster.revision)
    ask(engine, "delete", key=CONFIGMAP)
    assert engine.call("GET", "/api/v1/namespaces/default/configmaps/a").status == 404


def test_rubbish_under_registry_hurts_nobody(engine: Engine) -> None:
    for value in (b"not json", b"[]", b"{}", b'{"metadata": 1}', b"null", b"\xff"):
        put(engine, CONFIGMAP, value)
        assert engine.call("GET", "/api/v1/configmaps").status == 200
    loaded = Cluster.load(engine.cluster.save())
    assert ask(loaded, "range", key=CONFIGMAP)["kvs"][0][1] == b"\xff"


def test_a_restored_snapshot_brings_back_what_was_lost(engine: Engine) -> None:
    engine.api.create("Deployment", workload("Deployment", replicas=2))
    engine.settle()
    data = ask(engine, "snapshot")["data"]
    uids = {pod["metadata"]["uid"] for pod in engine.api.list("Pod", "default")}
    ask(engine, "delete", key="/registry/", end="/registry0")
    assert engine.api.list("Pod") == []
    ask(engine, "restore", data=data)
    engine.settle()
    assert {pod["metadata"]["uid"] for pod in engine.api.list("Pod", "default")} == uids
    assert engine.api.get("Deployment", "default", "web")["status"]["readyReplicas"] == 2  # type: ignore[index]


def test_a_damaged_snapshot_is_refused(engine: Engine) -> None:
    data = ask(engine, "snapshot")["data"]
    for bad in (b"", data[:-1], data[:100] + b"x" + data[101:], b"PK" + data):
        assert ask(engine, "restore", data=bad)["error"][0] == 3


@given(st.dictionaries(st.text(min_size=1, max_size=4).filter(lambda key: max(key) < "\ud800"), st.binary(max_size=5)))
@settings(max_examples=40, deadline=None)
def test_a_snapshot_holds_everything(contents: dict[str, bytes]) -> None:
    store, other = Store(), Store()
    for key, value in contents.items():
        store.put(key, value)
    other.put("stale", b"")
    data = snapshot.save(store)
    assert len(data) % 512 == 32
    snapshot.restore(other, snapshot.read(data))
    assert {each.key: each.value for each in other.range("", "\0")} == contents


def test_nobody_answers_while_etcd_is_stopped(engine: Engine) -> None:
    engine.cluster.command("stop-component", {"component": "etcd"})
    assert put(engine, "x")["error"][0] == 14


def test_unknown_operations_are_refused(engine: Engine) -> None:
    with pytest.raises(CommandError, match="op"):
        ask(engine, "explode")
