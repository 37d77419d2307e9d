"""Disruption budgets say how many of their pods may go."""

from __future__ import annotations

from typing import Any

from tests.builders import pod, workload
from tests.controllers.stage import Stage


def with_budget(replicas: int = 4, **spec: Any) -> Stage:
    stage = Stage()
    stage.api.create("Deployment", workload("Deployment", replicas=replicas))
    stage.create("PodDisruptionBudget", {"selector": {"matchLabels": {"app": "web"}}, **spec})
    stage.settle(60)
    return stage


def numbers(stage: Stage) -> tuple[int, int, int, int]:
    """(expected, desired, healthy, allowed)."""
    status = stage.status("PodDisruptionBudget")
    return status["expectedPods"], status["desiredHealthy"], status["currentHealthy"], status["disruptionsAllowed"]


def test_a_number_of_pods_must_stay() -> None:
    stage = with_budget(4, minAvailable=3)
    assert numbers(stage) == (4, 3, 4, 1)
    allowed = stage.condition("PodDisruptionBudget", "DisruptionAllowed")
    assert (allowed["status"], allowed["reason"]) == ("True", "SufficientPods")


def test_a_percentage_counts_what_the_controller_wants_and_rounds_up() -> None:
    assert numbers(with_budget(5, minAvailable="50%")) == (5, 3, 5, 2)


def test_max_unavailable_rounds_up_too() -> None:
    assert numbers(with_budget(5, maxUnavailable="30%")) == (5, 3, 5, 2)


def test_nothing_is_allowed_while_too_few_are_healthy() -> None:
    stage = with_budget(2, minAvailable=2)
    allowed = stage.condition("PodDisruptionBudget", "DisruptionAllowed")
    assert (allowed["status"], allowed["reason"]) == ("False", "InsufficientPods")


def test_a_pod_granted_to_an_eviction_counts_as_gone_until_its_time_is_up() -> None:
    stage = with_budget(4, minAvailable=2)
    name = stage.pods()[0]["metadata"]["name"]
    budget = stage.get("PodDisruptionBudget")
    granted = {**budget["status"], "disruptedPods": {name: stage.cluster.clock.timestamp()}}
    stage.api.update_status("PodDisruptionBudget", {**budget, "status": granted})
    stage.pass_time(5)
    assert numbers(stage) == (4, 2, 3, 1)
    stage.pass_time(130)
    assert numbers(stage) == (4, 2, 4, 2)
    assert len(stage.events("NotDeleted")) == 1


def test_pods_of_controllers_without_a_scale_cannot_be_counted() -> None:
    stage = Stage(played=False)
    job = {"template": {"metadata": {"labels": {"app": "web"}}, "spec": pod()["spec"] | {"restartPolicy": "Never"}}}
    body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "web"}, "spec": job}
    stage.call("POST", "/apis/batch/v1/namespaces/default/jobs", body)
    stage.create("PodDisruptionBudget", {"selector": {"matchLabels": {"app": "web"}}, "maxUnavailable": 1})
    stage.settle(30)
    failed = stage.condition("PodDisruptionBudget", "DisruptionAllowed")
    assert (failed["reason"], failed["message"]) == (
        "SyncFailed",
        "jobs.batch does not implement the scale subresource",
    )
