"""Why a pod waits, asked from outside."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.commands import CommandError
from tests.builders import Engine, pod


def test_a_waiting_pod_s_decision_names_each_node_s_reason() -> None:
    engine = Engine(nodes=2)
    made = engine.api.create("Pod", pod("giant", nodeSelector={"size": "giant"}))
    engine.cluster.advance(5)
    decision = engine.cluster.command("scheduling", {"uid": made["metadata"]["uid"]})
    assert "didn't match Pod's node affinity/selector" in str(decision)


def test_an_unknown_pod_has_no_decision() -> None:
    with pytest.raises(CommandError) as caught:
        Engine(nodes=1).cluster.command("scheduling", {"uid": "nobody"})
    assert caught.value.status == 404


def test_a_stopped_scheduler_tells_nothing() -> None:
    engine = Engine(nodes=1)
    engine.cluster.command("stop-component", {"component": "kube-scheduler"})
    with pytest.raises(CommandError, match="stopped"):
        engine.cluster.command("scheduling", {"uid": "x"})


def why(engine: Engine, uid: str) -> dict[str, Any]:
    return engine.cluster.command("scheduling", {"uid": uid})


def test_decisions_outlive_the_clusters_being_put_away() -> None:
    engine = Engine(nodes=3)
    engine.settle()
    made = [engine.api.create("Pod", pod(f"p{number}"))["metadata"]["uid"] for number in range(6)]
    engine.settle()
    before = [why(engine, uid) for uid in made]
    engine.cluster = Cluster.load(engine.cluster.save())
    after = [why(engine, uid) for uid in made]
    told = ("pod", "scheduler", "time", "attempt", "result", "node", "weights")
    assert [{key: one[key] for key in told} for one in after] == [{key: one[key] for key in told} for one in before]
    assert {one["exact"] for one in before} == {True} and {one["exact"] for one in after} == {False}
    for old, new in zip(before, after, strict=True):
        assert [node["name"] for node in new["nodes"]] == [node["name"] for node in old["nodes"]]
        best = max(node["total"] for node in new["nodes"] if node["fits"])
        assert next(node["total"] for node in new["nodes"] if node["name"] == new["node"]) == best


def test_why_a_pod_could_not_be_placed_outlives_the_cluster_too() -> None:
    engine = Engine(nodes=2)
    uid = engine.api.create("Pod", pod("giant", nodeSelector={"size": "giant"}))["metadata"]["uid"]
    engine.cluster.advance(5)
    before = why(engine, uid)
    engine.cluster = Cluster.load(engine.cluster.save())
    after = why(engine, uid)
    assert after["message"] == before["message"] != ""
    assert [node["filters"] for node in after["nodes"]] == [node["filters"] for node in before["nodes"]]


def test_a_pod_that_is_gone_keeps_the_outcome_of_its_decision() -> None:
    engine = Engine(nodes=2)
    uid = engine.api.create("Pod", pod("short-lived"))["metadata"]["uid"]
    engine.settle()
    engine.api.delete("Pod", "default", "short-lived", grace=0)
    engine.settle()
    engine.cluster = Cluster.load(engine.cluster.save())
    assert why(engine, uid)["result"] == "scheduled" and why(engine, uid)["nodes"] == []


def test_only_the_last_thousand_decisions_are_saved() -> None:
    engine = Engine(nodes=1)
    for number in range(1010):
        engine.api.create("Pod", pod(f"p{number}", nodeSelector={"no": "where"}))
    engine.cluster.advance(5)
    scheduler = engine.cluster.parts["scheduler"]
    assert len(scheduler.dump()["decisions"]) == 1000
