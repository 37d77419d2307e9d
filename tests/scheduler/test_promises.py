"""What holds whatever happens: no pod on a node it does not fit, none lost, none bound twice, sums as if counted anew."""

from __future__ import annotations

from copy import copy
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cluster_core.machinery import podrequests
from cluster_core.scheduler.component import Scheduler
from cluster_core.scheduler.snapshot import NodeView, Snapshot
from cluster_core.simulation.assembly import annals_of
from cluster_core.simulation.cluster import Cluster
from tests.builders import Engine
from tests.scheduler.stage import Stage, node, pod
from tests.scheduler.test_component import add_node, hush, quiet_engine

SIZES = ("", "250m", "500m", "1")
COUNTED = ("cpu", "memory", "nonzero_cpu", "nonzero_memory", "ports", "all_shapes", "live_shapes", "affine")


def overfull(engine: Engine) -> list[str]:
    """Nodes on which pods request more than there is."""
    found = []
    for one in engine.api.list("Node"):
        pods = engine.api.on_node("Pod", one["metadata"]["name"])
        used = sum(podrequests.requests(p["spec"]).get("cpu", 0) for p in pods)
        room = podrequests.amounts(one["status"]["allocatable"])
        if used > room["cpu"] or len(pods) > room["pods"]:
            found.append(one["metadata"]["name"])
    return found


def act(engine: Engine, data: st.DataObject, step: int) -> None:
    action = data.draw(st.integers(0, 9))
    pods = sorted(p["metadata"]["name"] for p in engine.api.list("Pod", "default"))
    if action == 0 and pods:
        engine.api.delete("Pod", "default", data.draw(st.sampled_from(pods)), grace=0)
    elif action == 1:
        add_node(engine, f"n{step}", cpu=data.draw(st.sampled_from(["1", "2"])), pods=3)
    elif action == 2:
        engine.cluster.remove_part("scheduler") if "scheduler" in engine.cluster.parts else restart(engine)
    elif action == 3:
        engine.cluster.advance(data.draw(st.sampled_from([0, 1, 400])))
    else:
        wanted = pod(f"p{step}", data.draw(st.sampled_from(SIZES)))
        del wanted["metadata"]["uid"], wanted["status"]
        engine.api.create("Pod", wanted)


def restart(engine: Engine) -> None:
    engine.cluster.add_part(Scheduler(engine.cluster.world, annals_of(engine.cluster)))


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_stopping_and_starting_the_scheduler_loses_and_overfills_nothing(data: st.DataObject) -> None:
    engine = quiet_engine()
    for step in range(data.draw(st.integers(5, 25))):
        act(engine, data, step)
        assert overfull(engine) == []
    if "scheduler" not in engine.cluster.parts:
        restart(engine)
    add_node(engine, "large", cpu="100", pods=110)
    engine.cluster.advance(400)
    assert [p["metadata"]["name"] for p in engine.api.list("Pod", "default") if not p["spec"].get("nodeName")] == []
    scheduled = [event["involvedObject"]["uid"] for event in engine.events("Scheduled")]
    assert len(scheduled) == len(set(scheduled))
    assert not any("series" in event for event in engine.events("Scheduled"))


def reloaded(engine: Engine) -> None:
    """The same cluster, put away and taken up again."""
    engine.cluster = Cluster.load(engine.cluster.save())
    engine.api = engine.cluster.world.client("tester")
    hush(engine)


def play(script: list[tuple[int, int, int]], reload: bool) -> list[Any]:
    """(action, size, budget of agenda entries to work off) one after the other; what the scheduler has made of it."""
    engine = quiet_engine()
    for name, value in (("low", 1), ("high", 10)):
        engine.api.create("PriorityClass", {"metadata": {"name": name}, "value": value})
    for step, (action, size, budget) in enumerate(script):
        if action == 0:
            add_node(engine, f"n{step}", cpu=str(size), pods=3)
        elif action == 1:
            for one in engine.api.list("Pod", "default")[:size]:
                engine.api.delete("Pod", "default", one["metadata"]["name"], grace=0)
        else:
            wanted = pod(f"p{step}", SIZES[size], priorityClassName=("low", "high")[action % 2])
            del wanted["metadata"]["uid"], wanted["status"]
            engine.api.create("Pod", wanted)
        engine.cluster.run(engine.cluster.now + budget * 1_000_000, budget)
        if reload:
            reloaded(engine)
    engine.cluster.advance(700)
    pods = [(one["metadata"]["name"], one["spec"].get("nodeName"), one["status"]) for one in engine.api.list("Pod")]
    told = [(e["involvedObject"]["name"], e["message"], e["eventTime"], str(e.get("series"))) for e in engine.events()
            if e["reason"] in ("Scheduled", "FailedScheduling", "Preempted")]  # fmt: skip
    return [sorted(pods, key=lambda pod: pod[0]), sorted(told)]


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3), st.integers(0, 5)), max_size=12))
@example([(2, 0, 0), (2, 0, 1), (2, 0, 0), (0, 0, 1), (3, 0, 0)])
def test_a_cluster_put_away_at_any_moment_goes_on_as_if_it_had_not_been(script: list[tuple[int, int, int]]) -> None:
    assert play(script, reload=True) == play(script, reload=False)


def facts(view: NodeView) -> dict[str, Any]:
    found: dict[str, Any] = {name: copy(getattr(view, name)) for name in COUNTED}
    return {**found, "pods": set(view.pods), "scalars": {k: n for k, n in view.scalars.items() if n}}


def rebuilt(snapshot: Snapshot) -> Snapshot:
    other = Snapshot()
    for view in snapshot.nodes.values():
        other.set_node(view.facts.obj)
        for one in view.pods.values():
            other.place(one, view.name)
    return other


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(0, 2)), max_size=40))
def test_sums_kept_from_change_to_change_equal_a_fresh_count(steps: list[tuple[int, int, int]]) -> None:
    stage = Stage(node("n0"), node("n1"))
    for action, which, where in steps:
        if action == 0:
            stage.snapshot.remove_node(f"n{where}")
        elif action == 1:
            stage.snapshot.set_node(node(f"n{where}", cpu=str(which + 1)))
        elif action == 2:
            stage.snapshot.displace(f"uid-default-p{which}")
        else:
            gone = {"deletionTimestamp": "2026-01-01T00:00:00Z"} if action == 5 else {}
            wanted = pod(f"p{which}", SIZES[which % 4], ports=[{"hostPort": 80 + which, "protocol": "TCP"}])
            stage.put({**wanted, "metadata": {**wanted["metadata"], **gone}}, f"n{where}")
        now = {name: facts(view) for name, view in stage.snapshot.nodes.items()}
        assert now == {name: facts(view) for name, view in rebuilt(stage.snapshot).nodes.items()}
