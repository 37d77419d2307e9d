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


def why(engine: Engine, uid: str) -> dict[str, Any]:
    return engine.cluster.command("scheduling", {"uid": uid})


def test_decisions_outlive_the_clusters_being_put_away_to_the_point() -> None:
    engine = Engine(nodes=3)
    engine.settle()
    made = [engine.api.create("Pod", pod(f"p{number}", image=image))["metadata"]["uid"] for number, image in enumerate(["nginx", "redis"] * 3)]
    engine.settle()
    engine.api.delete("Pod", "default", "p1", grace=0)
    engine.api.patch("Node", "", "node-2", {"metadata": {"labels": {"disk": "ssd"}}, "spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]}})
    engine.cluster.command("kill-node", {"node": "node-3"})
    engine.settle()
    before = [why(engine, uid) for uid in made]
    engine.cluster = Cluster.load(engine.cluster.save())
    assert [why(engine, uid) for uid in made] == before
    assert {one["exact"] for one in before} == {True} and all(len(one["nodes"]) == 4 for one in before)


def test_a_decision_is_told_while_the_scheduler_is_down_and_when_it_is_back() -> None:
    engine = Engine(nodes=3)
    uid = engine.api.create("Pod", pod("p"))["metadata"]["uid"]
    engine.settle()
    before = why(engine, uid)
    engine.cluster.command("stop-component", {"component": "kube-scheduler"})
    engine.api.create("Pod", pod("by-hand", nodeName="node-1"))
    engine.settle()
    assert why(engine, uid) == before
    engine.cluster = Cluster.load(engine.cluster.save())
    assert why(engine, uid) == before
    engine.cluster.command("start-component", {"component": "kube-scheduler"})
    engine.settle()
    assert why(engine, uid) == before


def test_nothing_is_told_of_a_pod_that_no_scheduler_has_seen() -> None:
    engine = Engine(nodes=1)
    engine.cluster.command("stop-component", {"component": "kube-scheduler"})
    with pytest.raises(CommandError) as caught:
        why(engine, "x")
    assert caught.value.status == 404


def test_why_a_pod_could_not_be_placed_outlives_the_cluster_too() -> None:
    engine = Engine(nodes=2)
    uid = engine.api.create("Pod", pod("giant", nodeSelector={"size": "giant"}))["metadata"]["uid"]
    engine.cluster.advance(5)
    before = why(engine, uid)
    engine.cluster = Cluster.load(engine.cluster.save())
    after = why(engine, uid)
    assert after["message"] == before["message"] != ""
    assert [node["filters"] for node in after["nodes"]] == [node["filters"] for node in before["nodes"]]


def test_a_pod_that_is_gone_keeps_its_decision() -> None:
    engine = Engine(nodes=2)
    uid = engine.api.create("Pod", pod("short-lived"))["metadata"]["uid"]
    engine.settle()
    before = why(engine, uid)
    engine.api.delete("Pod", "default", "short-lived", grace=0)
    engine.settle()
    engine.cluster = Cluster.load(engine.cluster.save())
    assert why(engine, uid) == before and before["nodes"]


def test_a_decision_in_which_volumes_had_a_say_is_not_told_as_exact_later() -> None:
    engine = Engine(nodes=2)
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    engine.api.create("PersistentVolumeClaim", {"metadata": {"name": "c", "namespace": "default"}, "spec": claim})
    uid = engine.api.create("Pod", pod("p", volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]))["metadata"]["uid"]
    engine.settle()
    assert why(engine, uid)["exact"] and why(engine, uid)["node"]
    engine.cluster = Cluster.load(engine.cluster.save())
    assert not why(engine, uid)["exact"] and why(engine, uid)["nodes"]


def test_only_the_last_thousand_decisions_are_saved() -> None:
    engine = Engine(nodes=1)
    for number in range(1010):
        engine.api.create("Pod", pod(f"p{number}", nodeSelector={"no": "where"}))
    engine.cluster.advance(5)
    assert len(engine.cluster.parts["decisions"].dump()["kept"]) == 1000
