"""A lent cluster keeps within its limits, whoever makes what."""

from __future__ import annotations

from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.commands import CommandError
from cluster_core.simulation.saved import Saved
from tests.builders import Engine, pod, workload

PODS = "/api/v1/namespaces/default/pods"


def lent(**limits: int) -> Engine:
    engine = Engine(nodes=1, limits=limits)
    engine.settle()
    return engine


def test_pods_beyond_the_limit_are_forbidden_in_the_words_of_a_quota() -> None:
    engine = lent(pods=0)
    refused = engine.call("POST", PODS, pod("web"))
    count = len(engine.api.list("Pod"))
    assert (refused.status, refused.json()["reason"]) == (403, "Forbidden")
    text = f"exceeded quota: playground, requested: pods=1, used: pods={count}, limited: pods=0"
    assert refused.json()["message"] == f'pods "web" is forbidden: {text}'


def test_controllers_are_refused_too_and_say_so() -> None:
    engine = Engine(nodes=1)
    engine.settle()
    there = len(engine.api.list("Pod"))
    engine = lent(pods=there + 2)
    engine.call("POST", "/apis/apps/v1/namespaces/default/deployments", workload("Deployment", replicas=5))
    engine.cluster.run(engine.cluster.now + 60_000_000, 100_000)
    assert len(engine.api.list("Pod")) == there + 2
    assert "exceeded quota: playground" in engine.events("FailedCreate")[0]["message"]


def test_what_goes_makes_room() -> None:
    engine = Engine(nodes=1)
    engine.settle()
    engine = lent(pods=len(engine.api.list("Pod")) + 1)
    assert engine.call("POST", PODS, pod("a")).status == 201
    assert engine.call("POST", PODS, pod("b")).status == 403
    engine.call("DELETE", f"{PODS}/a", query=[("gracePeriodSeconds", "0")])
    assert engine.call("POST", PODS, pod("b")).status == 201


def test_machines_are_counted_before_they_are_nodes() -> None:
    engine = lent(nodes=3)
    engine.cluster.command("add-node", {})
    try:
        engine.cluster.command("add-node", {})
    except CommandError as error:
        assert (error.status, "at most 3 nodes" in str(error)) == (403, True)
    else:
        raise AssertionError("a fourth node was added")


def test_limits_outlive_the_clusters_being_put_away() -> None:
    engine = lent(pods=0)
    batch = engine.cluster.take_uncommitted()
    again = Cluster.load(Saved(engine.cluster.spec, batch.rows, batch.revision, batch.state))
    engine.cluster = again
    assert engine.call("POST", PODS, pod("web")).status == 403


def test_a_cluster_of_ones_own_has_none() -> None:
    assert Engine(nodes=1).call("POST", PODS, pod("web")).status == 201


def test_limits_that_change_hold_from_then_on_and_take_nothing_away() -> None:
    engine = Engine(nodes=1)
    engine.settle()
    there = len(engine.api.list("Pod"))
    engine.cluster.limit({"pods": there})
    assert engine.call("POST", PODS, pod("web")).status == 403
    engine.cluster.limit({"pods": there - 1})
    assert len(engine.api.list("Pod")) == there
    engine.cluster.limit({})
    assert engine.call("POST", PODS, pod("web")).status == 201
