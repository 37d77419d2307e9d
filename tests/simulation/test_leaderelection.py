"""Who leads is told by Leases in kube-system, renewed while the leader works and reaches the API server."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_core.machinery.timestamps import any_time
from cluster_core.simulation.cluster import Cluster
from tests.builders import Engine

LEADERS = ("kube-scheduler", "kube-controller-manager")


@pytest.fixture
def engine() -> Engine:
    return Engine(nodes=1)


def spec_of(engine: Engine, name: str) -> dict[str, Any]:
    answer = engine.call("GET", f"/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/{name}")
    assert answer.status == 200
    return dict(answer.json()["spec"])


def age(engine: Engine, name: str) -> float:
    """Seconds since the last renewal."""
    return (engine.cluster.now - any_time(spec_of(engine, name)["renewTime"])) / 1e6


def component(engine: Engine, verb: str, name: str) -> None:
    engine.cluster.command(f"{verb}-component", {"component": name})


def test_both_lead_and_renew_every_two_seconds_without_writing(engine: Engine) -> None:
    revision = engine.cluster.revision
    engine.cluster.advance(3601)
    for name in LEADERS:
        assert spec_of(engine, name)["leaseDurationSeconds"] == 15
        assert age(engine, name) == 1 and spec_of(engine, name)["leaseTransitions"] == 0
    assert engine.cluster.revision == revision


def test_the_api_server_has_an_identity(engine: Engine) -> None:
    engine.cluster.advance(27)
    leases = engine.call("GET", "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases").json()["items"]
    (own,) = (each for each in leases if each["metadata"]["name"].startswith("apiserver-"))
    assert own["metadata"]["labels"]["apiserver.kubernetes.io/identity"] == "kube-apiserver"
    assert age(engine, own["metadata"]["name"]) == 7


def test_a_leader_that_ended_renews_no_more_and_the_next_one_tells(engine: Engine) -> None:
    before = spec_of(engine, "kube-scheduler")["holderIdentity"]
    engine.cluster.advance(100)
    component(engine, "stop", "scheduler")
    engine.cluster.advance(33)
    assert age(engine, "kube-scheduler") == 33 and age(engine, "kube-controller-manager") == 1
    component(engine, "start", "scheduler")
    after = spec_of(engine, "kube-scheduler")
    assert after["holderIdentity"] != before and after["leaseTransitions"] == 1 and age(engine, "kube-scheduler") == 0
    (event,) = engine.events("LeaderElection")
    assert event["message"] == f"{after['holderIdentity']} became leader" and event["involvedObject"]["kind"] == "Lease"


@pytest.mark.parametrize(("seconds", "transitions"), [(5, 0), (60, 1)])
def test_leaders_outlive_a_short_silence_of_the_api_server_and_no_longer_one(engine: Engine, seconds: float, transitions: int) -> None:
    engine.cluster.advance(100)
    component(engine, "stop", "apiserver")
    engine.cluster.advance(seconds)
    component(engine, "start", "apiserver")
    engine.cluster.advance(1)
    for name in LEADERS:
        assert spec_of(engine, name)["leaseTransitions"] == transitions and age(engine, name) < 2


def test_an_emptied_lease_is_taken_again(engine: Engine) -> None:
    lease = engine.api.get("Lease", "kube-system", "kube-scheduler")
    assert lease is not None
    engine.api.update("Lease", {key: value for key, value in lease.items() if key != "spec"})
    component(engine, "stop", "scheduler")
    component(engine, "start", "scheduler")
    assert spec_of(engine, "kube-scheduler")["holderIdentity"].startswith("control-plane_")


def test_who_leads_survives_being_put_away(engine: Engine) -> None:
    component(engine, "stop", "scheduler")
    component(engine, "start", "scheduler")
    engine.cluster.advance(11)
    before, revision = spec_of(engine, "kube-scheduler"), engine.cluster.revision
    engine.cluster = Cluster.load(engine.cluster.save())
    assert spec_of(engine, "kube-scheduler") == before and engine.cluster.revision == revision
