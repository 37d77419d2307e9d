"""The scheduler in a cluster: what makes waiting pods move, what is written about them, what survives a restart."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_core.scheduler.component import Scheduler
from cluster_core.scheduler.configuration import BadConfiguration, parse
from cluster_core.simulation.assembly import annals_of
from cluster_core.simulation.cluster import Cluster
from tests.builders import Engine
from tests.scheduler import stage


def quiet_engine() -> Engine:
    """A cluster in which nobody taints nodes that have no kubelet."""
    engine = Engine(bare=True)
    hush(engine)
    return engine


def hush(engine: Engine) -> None:
    for name in ("controller/node-lifecycle", "controller/taint-eviction"):
        engine.cluster.remove_part(name)


@pytest.fixture
def engine() -> Engine:
    return quiet_engine()


def scheduler(engine: Engine) -> Scheduler:
    part = engine.cluster.parts["scheduler"]
    assert isinstance(part, Scheduler)
    return part


def add_node(engine: Engine, name: str, cpu: str = "4", **more: Any) -> None:
    engine.api.create("Node", {**stage.node(name, cpu, **more), "kind": "Node"})
    engine.api.patch("Node", "", name, {"spec": {"taints": more.get("taints")}})  # without "not-ready"


def add_pod(engine: Engine, name: str, cpu: str = "", **spec: Any) -> dict[str, Any]:
    wanted = stage.pod(name, cpu, **spec)
    del wanted["metadata"]["uid"], wanted["status"]
    found = dict(engine.api.create("Pod", wanted))
    engine.cluster.advance(0)
    return found


def status_of(engine: Engine, name: str) -> tuple[str | None, str, str]:
    """(node, reason of PodScheduled, its message)"""
    found = engine.api.get("Pod", "default", name)
    assert found is not None
    condition = next((c for c in found["status"].get("conditions", ()) if c["type"] == "PodScheduled"), {})
    return found["spec"].get("nodeName"), condition.get("reason", ""), condition.get("message", "")


def node_of(engine: Engine, name: str) -> str | None:
    return status_of(engine, name)[0]


def test_a_pod_is_bound_and_an_event_says_so(engine: Engine) -> None:
    add_node(engine, "a")
    add_pod(engine, "p")
    assert node_of(engine, "p") == "a"
    (event,) = engine.events("Scheduled")
    assert event["message"] == "Successfully assigned default/p to a"


def test_a_pod_waits_for_a_node_and_gets_it(engine: Engine) -> None:
    add_pod(engine, "p")
    assert status_of(engine, "p") == (None, "Unschedulable", "no nodes available to schedule pods")
    add_node(engine, "a")
    engine.cluster.advance(1)
    assert node_of(engine, "p") == "a"


def test_a_pod_that_does_not_fit_is_told_why_once(engine: Engine) -> None:
    add_node(engine, "a", cpu="1")
    add_pod(engine, "p", cpu="2")
    assert status_of(engine, "p")[1:] == (
        "Unschedulable",
        "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: "
        "0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
    )
    engine.cluster.advance(120)
    (event,) = engine.events("FailedScheduling")
    assert "series" not in event


def test_only_events_its_plugins_care_for_move_a_pod(engine: Engine) -> None:
    add_node(engine, "a", cpu="1")
    add_pod(engine, "p", cpu="2")
    waiting = scheduler(engine).queue.get(engine.api.get("Pod", "default", "p")["metadata"]["uid"])  # type: ignore[index]
    assert waiting is not None
    engine.api.patch("Node", "", "a", {"metadata": {"labels": {"x": "y"}}})
    engine.cluster.advance(1)
    assert waiting.attempts == 1
    status = {"status": {"allocatable": {"cpu": "3"}}}
    engine.api.patch("Node", "", "a", status, subresource="status")
    engine.cluster.advance(1)
    assert (waiting.attempts, node_of(engine, "p")) == (2, "a")


def test_a_waiting_pod_is_tried_again_after_five_minutes(engine: Engine) -> None:
    add_node(engine, "a", cpu="1")
    add_pod(engine, "p", cpu="2")
    engine.cluster.advance(299)
    assert len(engine.events("FailedScheduling")) == 1
    engine.cluster.advance(2)
    assert len(engine.events("FailedScheduling")) == 2


def test_what_is_told_again_of_an_unchanged_pod_is_a_series(engine: Engine) -> None:
    """As client-go/tools/events: the pod's version belongs to what is alike, and its first refusal changed its status."""
    add_node(engine, "a", cpu="1")
    add_pod(engine, "p", cpu="2")
    engine.cluster.advance(601)
    first, second = sorted(engine.events("FailedScheduling"), key=lambda event: str(event["eventTime"]))
    assert "series" not in first and second["series"]["count"] == 2
    assert second["series"]["lastObservedTime"] > second["eventTime"] > first["eventTime"]
    assert first["action"] == "Scheduling" and first["reportingInstance"] == "default-scheduler-control-plane"
    assert (first["firstTimestamp"], first["lastTimestamp"], first["source"]) == (None, None, {})


def test_a_pod_that_leaves_makes_room(engine: Engine) -> None:
    add_node(engine, "a", cpu="1")
    add_pod(engine, "first", cpu="1")
    add_pod(engine, "second", cpu="1")
    assert node_of(engine, "second") is None
    engine.api.delete("Pod", "default", "first", grace=0)
    engine.cluster.advance(0)
    assert node_of(engine, "second") == "a"


def test_pods_are_tried_by_priority_and_then_by_age(engine: Engine) -> None:
    for name, value in (("low", 1), ("high", 10)):
        engine.api.create("PriorityClass", {"metadata": {"name": name}, "value": value})
    for name, priority in (("a", "low"), ("b", "low"), ("c", "high")):
        add_pod(engine, name, cpu="1", priorityClassName=priority)
    add_node(engine, "n", cpu="2")
    engine.cluster.advance(1)
    assert [name for name in "abc" if node_of(engine, name)] == ["a", "c"]


def test_a_gated_pod_waits_until_its_last_gate_is_gone(engine: Engine) -> None:
    add_node(engine, "a")
    add_pod(engine, "p", schedulingGates=[{"name": "x"}, {"name": "y"}])
    assert status_of(engine, "p")[:2] == (None, "SchedulingGated")
    engine.api.patch("Pod", "default", "p", {"spec": {"schedulingGates": [{"name": "y"}]}})
    engine.cluster.advance(1)
    assert node_of(engine, "p") is None
    engine.api.patch("Pod", "default", "p", {"spec": {"schedulingGates": None}})
    engine.cluster.advance(1)
    assert node_of(engine, "p") == "a"


def test_pods_of_other_schedulers_are_left_alone(engine: Engine) -> None:
    add_node(engine, "a")
    add_pod(engine, "p", schedulerName="mine")
    assert status_of(engine, "p") == (None, "", "")


def test_a_preempted_pod_is_marked_and_its_room_promised(engine: Engine) -> None:
    engine.api.create("PriorityClass", {"metadata": {"name": "high"}, "value": 10})
    add_node(engine, "a", cpu="1")
    add_pod(engine, "low", cpu="1")
    add_pod(engine, "high", cpu="1", priorityClassName="high")
    low, high = (engine.api.get("Pod", "default", name) for name in ("low", "high"))
    assert low is not None and high is not None
    assert "deletionTimestamp" in low["metadata"]
    condition = next(c for c in low["status"]["conditions"] if c["type"] == "DisruptionTarget")
    assert (condition["reason"], high["status"]["nominatedNodeName"]) == ("PreemptionByScheduler", "a")
    engine.api.delete("Pod", "default", "low", grace=0)
    engine.cluster.advance(0)
    assert node_of(engine, "high") == "a"
    assert "nominatedNodeName" not in engine.api.get("Pod", "default", "high")["status"]  # type: ignore[index]


def test_restarting_equals_continuing() -> None:
    def played(restart: bool) -> str:
        engine = quiet_engine()
        add_node(engine, "a", cpu="2")
        for i in range(4):
            add_pod(engine, f"p{i}", cpu="1")
        if restart:
            engine.cluster = Cluster.load(engine.cluster.save())
            hush(engine)
            engine.api = engine.cluster.world.client("tester")
        engine.cluster.advance(10)
        add_node(engine, "b", cpu="1")
        engine.cluster.advance(400)
        return str(engine.cluster.state_hash())

    assert played(restart=True) == played(restart=False)


def test_a_new_scheduler_takes_up_what_is_there(engine: Engine) -> None:
    add_node(engine, "a", cpu="2")
    add_pod(engine, "p", cpu="1")
    engine.cluster.remove_part("scheduler")
    add_pod(engine, "q", cpu="1")
    add_pod(engine, "r", cpu="1")
    assert node_of(engine, "q") is None
    engine.cluster.add_part(Scheduler(engine.cluster.world, annals_of(engine.cluster)))
    engine.cluster.advance(1)
    assert (node_of(engine, "q"), node_of(engine, "r")) == ("a", None)


# ---------------------------------------------------------------------------------------------------- explanations


def test_a_decision_is_explained_as_of_its_moment(engine: Engine) -> None:
    add_node(engine, "a")
    add_node(engine, "b", cpu="1")
    found = add_pod(engine, "p", cpu="2")
    before = scheduler(engine).decision(found["metadata"]["uid"])
    for i in range(3):
        add_pod(engine, f"other{i}", cpu="500m")
    engine.api.delete("Node", "", "b")
    after = scheduler(engine).decision(found["metadata"]["uid"])
    assert before == after is not None
    told = {node["name"]: node for node in after["nodes"]}
    assert {"plugin": "VolumeBinding", "verdict": "skipped"} in told["b"]["filters"]
    assert {
        "plugin": "NodeResourcesFit",
        "verdict": "rejected",
        "reasons": ["Insufficient cpu"],
        "final": True,
    } in told["b"]["filters"]
    assert (told["a"]["fits"], after["node"], after["result"]) == (True, "a", "scheduled")


def test_a_waiting_pod_is_explained_after_a_restart_too(engine: Engine) -> None:
    add_node(engine, "a", cpu="1")
    uid = add_pod(engine, "p", cpu="2")["metadata"]["uid"]
    before = scheduler(engine).decision(uid)
    engine.cluster = Cluster.load(engine.cluster.save())
    engine.cluster.advance(0)
    after = scheduler(engine).decision(uid)
    assert before is not None and after is not None
    assert (before["message"], before["nodes"]) == (after["message"], after["nodes"])


def test_scores_are_told_raw_normalised_and_weighted(engine: Engine) -> None:
    add_node(engine, "a", taints=[stage.taint("x", "PreferNoSchedule")])
    add_node(engine, "b")
    found = add_pod(engine, "p", cpu="1")
    told = scheduler(engine).decision(found["metadata"]["uid"])
    assert told is not None
    scores = {node["name"]: node["scores"]["TaintToleration"] for node in told["nodes"]}
    assert scores["a"] == {"raw": 1, "normalized": 0, "weighted": 0}
    assert scores["b"] == {"raw": 0, "normalized": 100, "weighted": 300}


# ---------------------------------------------------------------------------------------------------- configuration


def test_profiles_serve_their_own_scheduler_names(engine: Engine) -> None:
    packing = {"type": "MostAllocated", "resources": [{"name": "cpu", "weight": 1}]}
    args = [{"name": "NodeResourcesFit", "args": {"scoringStrategy": packing}}]
    disabled = {"score": {"disabled": [{"name": "NodeResourcesBalancedAllocation"}]}}
    document = {"profiles": [{}, {"schedulerName": "packer", "plugins": disabled, "pluginConfig": args}]}
    scheduler(engine).configure(parse(document))
    add_node(engine, "a")
    add_node(engine, "b")
    engine.cluster.advance(1)
    add_pod(engine, "first", cpu="1")
    used = node_of(engine, "first")
    add_pod(engine, "packed", cpu="1", schedulerName="packer")
    add_pod(engine, "spread", cpu="1")
    assert node_of(engine, "packed") == used != node_of(engine, "spread")


def test_a_disabled_filter_does_not_object(engine: Engine) -> None:
    document = {"profiles": [{"plugins": {"multiPoint": {"disabled": [{"name": "TaintToleration"}]}}}]}
    scheduler(engine).configure(parse(document))
    add_node(engine, "a", taints=[stage.taint("x")])
    engine.cluster.advance(1)
    add_pod(engine, "p")
    assert node_of(engine, "p") == "a"


def test_weights_and_order_follow_the_configuration() -> None:
    enabled = [{"name": "ImageLocality", "weight": 7}]
    profile = parse({"profiles": [{"plugins": {"score": {"enabled": enabled, "disabled": [{"name": "*"}]}}}]}).profiles
    scores = profile["default-scheduler"].scores
    assert [(plugin.name, profile["default-scheduler"].weights[plugin.name]) for plugin in scores] == [
        ("ImageLocality", 7)
    ]


@pytest.mark.parametrize(
    "document",
    [
        {"profiles": [{"plugins": {"filter": {"enabled": [{"name": "Nonsense"}]}}}]},
        {"profiles": [{"schedulerName": "x"}, {"schedulerName": "x"}]},
        {"apiVersion": "kubescheduler.config.k8s.io/v1beta1"},
    ],
)
def test_a_bad_configuration_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(BadConfiguration):
        parse(document)
