"""ReplicaSets and ReplicationControllers keep the number of pods they are asked for."""

from __future__ import annotations

import pytest

from cluster_core.controllers.podrank import deletion_cost, ranked_for_deletion
from cluster_core.controllers.pods import slow_start
from cluster_core.machinery.errors import Forbidden
from cluster_core.machinery.typed import Obj
from tests.builders import pod_template, workload
from tests.controllers.stage import Stage


def test_pods_are_made_owned_and_counted() -> None:
    stage = Stage()
    stage.api.create("ReplicaSet", workload("ReplicaSet"))
    stage.settle()
    assert len(stage.pods(app="web")) == 3
    owner = stage.pods()[0]["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["controller"], owner["blockOwnerDeletion"]) == ("ReplicaSet", True, True)
    counts = {"replicas": 3, "readyReplicas": 3, "availableReplicas": 3, "fullyLabeledReplicas": 3}
    assert counts.items() <= stage.status("ReplicaSet").items()


def test_a_matching_orphan_is_adopted_and_counts() -> None:
    stage = Stage()
    stage.api.create("Pod", {**pod_template(labels={"app": "web"}), "metadata": _named("stray", app="web")})
    stage.settle()
    stage.api.create("ReplicaSet", workload("ReplicaSet", replicas=2))
    stage.settle()
    assert "stray" in stage.names()
    assert len(stage.pods()) == 2
    assert stage.get("Pod", "stray")["metadata"]["ownerReferences"][0]["name"] == "web"


def test_a_pod_of_another_owner_is_left_alone() -> None:
    stage = Stage()
    stage.api.create("ReplicaSet", workload("ReplicaSet", "web", replicas=1))
    stage.settle()
    both = {**workload("ReplicaSet", "other", replicas=1), "spec": workload("ReplicaSet", "web", replicas=1)["spec"]}
    stage.api.create("ReplicaSet", both)
    stage.settle()
    owners = {pod["metadata"]["ownerReferences"][0]["name"] for pod in stage.pods()}
    assert owners == {"web", "other"}


def test_a_pod_that_matches_no_longer_is_released_and_replaced() -> None:
    stage = Stage()
    stage.api.create("ReplicaSet", workload("ReplicaSet", replicas=1))
    stage.settle()
    name = stage.names()[0]
    stage.api.patch("Pod", "default", name, {"metadata": {"labels": {"app": "debug"}}})
    stage.settle()
    assert "ownerReferences" not in stage.get("Pod", name)["metadata"]
    assert len(stage.pods(app="web")) == 1


def test_a_replication_controller_works_alike() -> None:
    stage = Stage()
    spec = {"replicas": 2, "selector": {"app": "web"}, "template": pod_template(labels={"app": "web"})}
    stage.create("ReplicationController", spec)
    stage.settle()
    assert stage.status("ReplicationController")["readyReplicas"] == 2
    assert "terminatingReplicas" not in stage.status("ReplicationController")
    assert {event["source"]["component"] for event in stage.events("SuccessfulCreate")} == {"replication-controller"}


def test_a_pod_is_available_only_after_min_ready_seconds() -> None:
    stage = Stage()
    stage.api.create("ReplicaSet", workload("ReplicaSet", replicas=1, minReadySeconds=10))
    stage.pass_time(3)
    assert stage.status("ReplicaSet")["readyReplicas"] == 1
    assert "availableReplicas" not in stage.status("ReplicaSet")
    stage.pass_time(12)
    assert stage.status("ReplicaSet")["availableReplicas"] == 1


def test_a_refused_pod_is_told_about_and_tried_again() -> None:
    stage = Stage()
    replicaset = workload("ReplicaSet", template=pod_template(labels={"app": "web"}, serviceAccountName="nobody"))
    stage.api.create("ReplicaSet", replicaset)
    stage.pass_time(2)
    failure = stage.condition("ReplicaSet", "ReplicaFailure")
    assert (failure["status"], failure["reason"]) == ("True", "FailedCreate")
    assert all(message.startswith("Error creating: pods ") for message in stage.messages("FailedCreate"))
    assert 'serviceaccount "nobody" not found' in failure["message"]
    stage.api.create("ServiceAccount", {"metadata": {"name": "nobody", "namespace": "default"}})
    stage.pass_time(30)
    assert len(stage.pods()) == 3
    assert stage.condition("ReplicaSet", "ReplicaFailure") == {}


def test_the_work_of_a_large_set_is_done_in_few_looks() -> None:
    stage = Stage(nodes=20)
    looks = []
    part = stage.cluster.parts["controller/replicaset"]
    run = part.run
    part.run = lambda key: (looks.append(key), run(key))[1]  # type: ignore[method-assign]
    stage.api.create("ReplicaSet", workload("ReplicaSet", replicas=1500))
    stage.settle(20)
    assert stage.status("ReplicaSet")["readyReplicas"] == 1500
    assert len(looks) < 40


def _named(name: str, **labels: str) -> dict[str, object]:
    return {"name": name, "namespace": "default", "labels": labels}


# ------------------------------------------------------------------------------------------------ slow start


def test_slow_start_stops_after_the_first_batch_with_a_failure() -> None:
    tried = []

    def refuse(index: int) -> None:
        tried.append(index)
        raise Forbidden("no")

    made, error = slow_start(100, refuse)
    assert (made, len(tried)) == (0, 1)
    assert error is not None


def test_slow_start_doubles_its_batches_while_all_goes_well() -> None:
    tried: list[int] = []

    def until_five(index: int) -> None:
        tried.append(index)
        if index >= 5:
            raise Forbidden("quota")

    assert slow_start(100, until_five)[0] == 5
    assert tried == [0, 1, 2, 3, 4, 5, 6]


# ------------------------------------------------------------------------------------------------ ranking


def ranked(*pods: Obj, related: tuple[Obj, ...] = ()) -> list[str]:
    return [pod["metadata"]["name"] for pod in ranked_for_deletion(list(pods), related, 10**15)]


def some_pod(name: str, *, node: str = "n", phase: str = "Running", cost: str = "", restarts: int = 0) -> Obj:
    ready = [{"type": "Ready", "status": "True", "lastTransitionTime": "2001-01-01T00:00:00Z"}]
    notes = {"controller.kubernetes.io/pod-deletion-cost": cost} if cost else {}
    created = "2001-01-01T00:00:00Z"
    return {
        "metadata": {"name": name, "uid": name, "creationTimestamp": created, "annotations": notes},
        "spec": {"nodeName": node, "containers": []},
        "status": {
            "phase": phase,
            "conditions": ready if phase == "Running" else [],
            "containerStatuses": [{"name": "c", "restartCount": restarts}],
        },
    }


def test_unassigned_and_pending_pods_go_before_running_ones() -> None:
    pods = some_pod("running"), some_pod("pending", phase="Pending"), some_pod("homeless", node="", phase="Pending")
    assert ranked(*pods) == ["homeless", "pending", "running"]


def test_the_cheapest_pod_goes_first() -> None:
    assert ranked(some_pod("dear", cost="5"), some_pod("free"), some_pod("cheap", cost="-3")) == ["cheap", "free", "dear"]


def test_a_pod_on_a_crowded_node_goes_first() -> None:
    alone, crowded, third = some_pod("alone", node="a"), some_pod("crowded", node="b"), some_pod("third", node="b")
    assert ranked(alone, crowded, related=(alone, crowded, third)) == ["crowded", "alone"]


def test_a_pod_that_restarts_often_goes_first() -> None:
    assert ranked(some_pod("steady"), some_pod("shaky", restarts=4)) == ["shaky", "steady"]


@pytest.mark.parametrize(("text", "cost"), [("7", 7), ("-7", -7), ("07", 0), ("+7", 0), ("x", 0), ("99999999999", 0)])
def test_a_deletion_cost_that_is_no_number_counts_as_zero(text: str, cost: int) -> None:
    assert deletion_cost(some_pod("a", cost=text)) == cost
