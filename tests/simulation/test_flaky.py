"""Nodes that fail by themselves, as the cluster's timings say."""

from __future__ import annotations

import pytest

from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.commands import CommandError
from cluster_core.simulation.nodes import park_of
from tests.builders import Engine, workload

HOUR = 3600


def boots(engine: Engine) -> dict[str, int]:
    return {name: machine.boots for name, machine in park_of(engine.cluster).machines.items()}


def test_nodes_fail_and_come_back_as_often_as_they_are_told() -> None:
    engine = Engine(nodes=5)
    engine.cluster.command("set-timings", {"timings": {"node-failure": HOUR, "node-outage": [60, 120]}})
    engine.cluster.advance(20 * HOUR)
    counts = boots(engine)
    assert counts.pop("control-plane") == 1
    assert 50 < sum(counts.values()) - 5 < 150  # a hundred on average
    assert len(set(counts.values())) > 1


def test_a_flaky_cluster_is_the_same_every_time_and_across_reloads() -> None:
    def play(reload: bool) -> str:
        engine = Engine(nodes=3, options={"timings": {"node-failure": HOUR}})
        engine.api.create("Deployment", workload("Deployment"))
        for _ in range(6):
            engine.cluster.advance(HOUR)
            if reload:
                engine.cluster = Cluster.load(engine.cluster.save())
        return engine.cluster.state_hash()

    assert play(False) == play(True)


def test_flakiness_ends_when_it_is_switched_off() -> None:
    engine = Engine(nodes=3, options={"timings": {"node-failure": HOUR}})
    engine.cluster.advance(5 * HOUR)
    engine.cluster.command("set-timings", {"timings": {"node-failure": None}})
    engine.cluster.advance(HOUR)
    before = boots(engine)
    engine.cluster.advance(20 * HOUR)
    assert boots(engine) == before
    assert {machine.state for machine in park_of(engine.cluster).machines.values()} == {"on"}


def test_an_added_node_is_as_flaky_as_the_others() -> None:
    engine = Engine(nodes=0, options={"timings": {"node-failure": 60, "node-outage": 10}})
    engine.cluster.command("add-node", {"name": "late"})
    engine.cluster.advance(HOUR)
    assert boots(engine)["late"] > 10


@pytest.mark.parametrize(
    "bad", [{"pull-failure": 2}, {"node-failure": [1, 2]}, {"boot": [3, 1]}, {"boot": -1}, {"start-failure": [0, 1]}, {"boot": "soon"}]
)
def test_timings_that_make_no_sense_are_refused_as_a_whole(bad: dict[str, object]) -> None:
    engine = Engine(nodes=1)
    with pytest.raises(CommandError):
        engine.cluster.command("set-timings", {"timings": {"remove": 1, **bad}})
    assert engine.cluster.command("timings", {})["changed"] == []
