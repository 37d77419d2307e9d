"""Deployments roll from one template to the next without going below what their strategy promises."""

from __future__ import annotations

import pytest

from cluster_core.controllers.intstr import fenceposts, scaled
from cluster_core.controllers.templates import hash_of
from cluster_core.machinery.typed import Obj
from tests.builders import workload
from tests.controllers.stage import Stage, image_of

REVISION = "deployment.kubernetes.io/revision"


def deployed(replicas: int = 4, *, played: bool = True, **spec: object) -> Stage:
    stage = Stage(nodes=3, played=played)
    stage.api.create("Deployment", workload("Deployment", replicas=replicas, **spec))
    stage.settle(30)
    return stage


def sets(stage: Stage) -> list[Obj]:
    found = stage.api.list("ReplicaSet", "default")
    return sorted(found, key=lambda one: int(one["metadata"]["annotations"][REVISION]))


def sizes(stage: Stage) -> list[int]:
    return [one["spec"]["replicas"] for one in sets(stage)]


def test_a_new_deployment_gets_a_replica_set_with_the_hash_in_name_selector_and_pods() -> None:
    stage = deployed(3)
    (replicaset,) = sets(stage)
    digest = replicaset["metadata"]["labels"]["pod-template-hash"]
    assert replicaset["metadata"]["name"] == f"web-{digest}"
    assert replicaset["spec"]["selector"]["matchLabels"]["pod-template-hash"] == digest
    assert {pod["metadata"]["labels"]["pod-template-hash"] for pod in stage.pods()} == {digest}
    assert stage.messages("ScalingReplicaSet") == [f"Scaled up replica set web-{digest} from 0 to 3"]
    assert stage.condition("Deployment", "Progressing")["reason"] == "NewReplicaSetAvailable"
    assert stage.condition("Deployment", "Available")["reason"] == "MinimumReplicasAvailable"


def test_a_new_image_is_rolled_out_and_the_old_replica_set_kept_empty() -> None:
    stage = deployed(4)
    stage.new_image("Deployment", "nginx:2")
    stage.settle(60)
    assert sizes(stage) == [0, 4]
    assert {image_of(pod) for pod in stage.pods()} == {"nginx:2"}
    assert stage.get("Deployment")["metadata"]["annotations"][REVISION] == "2"


def test_going_back_takes_the_old_replica_set_up_again_and_keeps_its_history() -> None:
    stage = deployed(2)
    stage.new_image("Deployment", "nginx:2")
    stage.settle(60)
    stage.new_image("Deployment", "nginx")
    stage.settle(60)
    newest = sets(stage)[-1]
    assert len(sets(stage)) == 2
    assert newest["metadata"]["annotations"][REVISION] == "3"
    assert newest["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] == "1"


def test_the_deprecated_annotation_rolls_back_too() -> None:
    stage = deployed(2)
    stage.new_image("Deployment", "nginx:2")
    stage.settle(60)
    note = {"metadata": {"annotations": {"deprecated.deployment.rollback.to": "1"}}}
    stage.api.patch("Deployment", "default", "web", note)
    stage.settle(60)
    assert {image_of(pod) for pod in stage.pods()} == {"nginx"}
    assert stage.messages("DeploymentRollback") == ['Rolled back deployment "web" to revision 1']


def test_a_rollout_that_gets_stuck_leaves_enough_of_the_old_pods() -> None:
    stage = deployed(4, played=False, strategy={"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}})
    for pod in stage.pods():
        stage.run_pod(pod)
    stage.settle(30)
    stage.new_image("Deployment", "broken")
    stage.settle(30)
    assert sizes(stage) == [3, 2]
    assert stage.status("Deployment")["availableReplicas"] == 3


def test_lack_of_progress_is_told_after_the_deadline_and_not_before() -> None:
    stage = deployed(1, played=False, progressDeadlineSeconds=100)
    stage.pass_time(95 - 30)
    assert stage.condition("Deployment", "Progressing")["status"] == "True"
    stage.pass_time(120)
    late = stage.condition("Deployment", "Progressing")
    assert (late["status"], late["reason"]) == ("False", "ProgressDeadlineExceeded")
    assert late["message"].startswith('ReplicaSet "web-')


def test_recreate_waits_until_the_old_pods_are_gone() -> None:
    stage = deployed(2, played=False, strategy={"type": "Recreate"})
    for pod in stage.pods():
        stage.run_pod(pod)
    stage.settle(30)
    stage.new_image("Deployment", "nginx:2")
    stage.pass_time(5)
    assert sizes(stage) == [0]
    for pod in stage.api.list("Pod", "default"):
        stage.api.delete("Pod", "default", pod["metadata"]["name"], grace=0)
    stage.pass_time(5)
    assert sizes(stage) == [0, 2]


def test_a_paused_deployment_scales_but_does_not_roll() -> None:
    stage = deployed(2)
    stage.change("Deployment", paused=True)
    stage.new_image("Deployment", "nginx:2")
    stage.change("Deployment", replicas=3)
    stage.settle(30)
    assert sizes(stage) == [3]
    assert stage.condition("Deployment", "Progressing")["reason"] == "DeploymentPaused"
    stage.change("Deployment", paused=False)
    stage.settle(60)
    assert sizes(stage) == [0, 3]


def test_scaling_in_the_middle_of_a_rollout_is_proportional() -> None:
    stage = deployed(10, played=False, strategy={"rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}})
    for pod in stage.pods():
        stage.run_pod(pod)
    stage.settle(30)
    stage.new_image("Deployment", "stuck")
    stage.settle(30)
    assert sizes(stage) == [8, 5]
    stage.change("Deployment", replicas=20)
    stage.settle(30)
    assert sum(sizes(stage)) == 23
    assert sizes(stage) == [14, 9]


def test_old_replica_sets_beyond_the_history_limit_are_deleted_oldest_first() -> None:
    stage = deployed(1, revisionHistoryLimit=2)
    for number in range(2, 6):
        stage.new_image("Deployment", f"nginx:{number}")
        stage.settle(60)
    assert [int(one["metadata"]["annotations"][REVISION]) for one in sets(stage)] == [3, 4, 5]


def test_a_strangers_replica_set_of_the_same_name_counts_as_a_collision() -> None:
    stage = Stage()
    wanted = workload("Deployment", replicas=1)
    stage.api.create("Deployment", {**wanted, "spec": {**wanted["spec"], "paused": True}})
    stage.settle(30)
    digest = hash_of(stage.get("Deployment")["spec"]["template"])
    stranger = workload("ReplicaSet", "stranger", replicas=0)
    stage.api.create("ReplicaSet", {**stranger, "metadata": {"name": f"web-{digest}", "namespace": "default"}})
    stage.change("Deployment", paused=False)
    stage.settle(30)
    assert stage.status("Deployment")["collisionCount"] == 1
    assert stage.status("Deployment")["availableReplicas"] == 1


def test_annotations_are_copied_but_not_those_of_tools() -> None:
    stage = Stage()
    made = workload("Deployment", replicas=0)
    notes = {"kubernetes.io/change-cause": "first", "kubectl.kubernetes.io/last-applied-configuration": "{}"}
    stage.api.create("Deployment", {**made, "metadata": {**made["metadata"], "annotations": notes}})
    stage.settle(30)
    copied = sets(stage)[0]["metadata"]["annotations"]
    assert copied["kubernetes.io/change-cause"] == "first"
    assert "kubectl.kubernetes.io/last-applied-configuration" not in copied


def test_a_finished_rollout_leaves_nothing_planned() -> None:
    stage = deployed(2)
    assert stage.cluster.stable()
    assert stage.cluster.clock.elapsed < 30


@pytest.mark.parametrize(
    ("surge", "unavailable", "desired", "expected"),
    [("25%", "25%", 4, (1, 1)), ("25%", "25%", 1, (1, 0)), (0, "1%", 2, (0, 1)), ("1%", "25%", 2, (1, 0))],
)
def test_percentages_round_so_that_something_can_move(
    surge: int | str, unavailable: int | str, desired: int, expected: tuple[int, int]
) -> None:
    assert fenceposts(surge, unavailable, desired) == expected


def test_other_text_is_no_percentage() -> None:
    with pytest.raises(ValueError, match="not a percentage"):
        scaled("half", 10, up=True)
