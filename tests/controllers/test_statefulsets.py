"""StatefulSets give each pod its name, its storage and its turn."""

from __future__ import annotations

from typing import Any

from cluster_core.controllers.runtime import ControllerPart
from cluster_core.controllers.statefulset import CONTROLLER
from tests.builders import workload
from tests.controllers.stage import Stage, image_of

CLAIM = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}


def with_set(replicas: int = 3, *, played: bool = True, **spec: Any) -> Stage:
    stage = Stage(played=played)
    stage.api.create("StatefulSet", workload("StatefulSet", replicas=replicas, serviceName="web", **spec))
    stage.settle(60)
    return stage


def test_pods_are_made_one_after_the_other_with_their_identity() -> None:
    stage = with_set(2, played=False)
    assert stage.names() == ["web-0"]
    stage.run_pod(stage.get("Pod", "web-0"))
    stage.settle(60)
    assert stage.names() == ["web-0", "web-1"]
    pod = stage.get("Pod", "web-1")
    assert pod["metadata"]["labels"]["apps.kubernetes.io/pod-index"] == "1"
    assert pod["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] == "web-1"
    assert (pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("web-1", "web")


def test_in_parallel_nobody_waits() -> None:
    assert with_set(3, played=False, podManagementPolicy="Parallel").names() == ["web-0", "web-1", "web-2"]


def test_ordinals_may_start_elsewhere() -> None:
    assert with_set(2, ordinals={"start": 5}).names() == ["web-5", "web-6"]


def test_scaling_down_takes_the_highest_ordinal_first() -> None:
    stage = with_set(3)
    stage.change("StatefulSet", replicas=1)
    stage.settle(60)
    assert stage.names() == ["web-0"]
    deleted = stage.messages("SuccessfulDelete")
    assert [text.split()[2] for text in sorted(deleted, reverse=True)] == ["web-2", "web-1"]


def test_an_unready_pod_holds_the_others_up() -> None:
    stage = with_set(2, played=False)
    stage.change("StatefulSet", replicas=3)
    stage.settle(60)
    assert stage.names() == ["web-0"]


def test_an_update_goes_from_the_last_to_the_first_and_stops_at_the_partition() -> None:
    stage = with_set(3, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 1}})
    stage.new_image("StatefulSet", "nginx:2")
    stage.settle(60)
    assert [image_of(pod) for pod in stage.pods()] == ["nginx", "nginx:2", "nginx:2"]
    status = stage.status("StatefulSet")
    assert status["currentRevision"] != status["updateRevision"]
    assert (status["currentReplicas"], status["updatedReplicas"]) == (1, 2)


def test_a_deleted_pod_below_the_partition_comes_back_as_it_was() -> None:
    stage = with_set(2, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 1}})
    stage.new_image("StatefulSet", "nginx:2")
    stage.settle(60)
    stage.api.delete("Pod", "default", "web-0")
    stage.settle(60)
    assert image_of(stage.get("Pod", "web-0")) == "nginx"


def test_several_may_be_unavailable_when_the_strategy_says_so() -> None:
    """The API server drops the field while its feature gate is off; the controller goes by what is stored."""
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 0, "maxUnavailable": 2}}
    stage = with_set(4, played=False, podManagementPolicy="Parallel")
    for pod in stage.pods():
        stage.run_pod(pod)
    stage.settle(60)
    stage.cluster.remove_part("controller/statefulset")
    stage.new_image("StatefulSet", "nginx:2")
    storage, kind = stage.cluster.server.storage, stage.api.kind("StatefulSet")
    stored = stage.get("StatefulSet")
    stage.cluster.add_part(ControllerPart(CONTROLLER, stage.cluster.world, {}))
    storage.put(kind, {**stored, "spec": {**stored["spec"], "updateStrategy": strategy}})
    stage.pass_time(5)
    leaving = [pod["metadata"]["name"] for pod in stage.api.list("Pod") if "deletionTimestamp" in pod["metadata"]]
    assert leaving == ["web-2", "web-3"]


def test_on_delete_changes_nothing_by_itself() -> None:
    stage = with_set(2, updateStrategy={"type": "OnDelete"})
    stage.new_image("StatefulSet", "nginx:2")
    stage.settle(60)
    assert {image_of(pod) for pod in stage.pods()} == {"nginx"}


def test_revisions_beyond_the_limit_are_deleted_unless_in_use() -> None:
    stage = with_set(1, revisionHistoryLimit=1)
    for number in range(2, 6):
        stage.new_image("StatefulSet", f"nginx:{number}")
        stage.settle(60)
    revisions = sorted(one["revision"] for one in stage.api.list("ControllerRevision", "default"))
    assert revisions == [4, 5]


def test_an_old_template_takes_its_revision_up_again() -> None:
    stage = with_set(1)
    first = stage.status("StatefulSet")["updateRevision"]
    stage.new_image("StatefulSet", "nginx:2")
    stage.settle(60)
    stage.new_image("StatefulSet", "nginx")
    stage.settle(60)
    assert stage.status("StatefulSet")["updateRevision"] == first
    assert sorted(one["revision"] for one in stage.api.list("ControllerRevision", "default")) == [2, 3]


# ------------------------------------------------------------------------------------------------ claims


def claims(stage: Stage) -> list[str]:
    return stage.names("PersistentVolumeClaim")


def owners(stage: Stage, claim: str) -> list[tuple[str, str]]:
    found = stage.get("PersistentVolumeClaim", claim)["metadata"].get("ownerReferences", ())
    return [(one["kind"], one["name"]) for one in found]


def test_claims_are_made_from_the_templates_and_mounted() -> None:
    stage = with_set(1, played=False, volumeClaimTemplates=[CLAIM])
    assert claims(stage) == ["data-web-0"]
    volumes = {one["name"]: one for one in stage.get("Pod", "web-0")["spec"]["volumes"]}
    assert volumes["data"]["persistentVolumeClaim"]["claimName"] == "data-web-0"
    assert set(stage.messages("SuccessfulCreate")) == {
        "Create Claim data-web-0 Pod web-0 in StatefulSet web success",
        "Create Pod web-0 in StatefulSet web successful",
    }


def test_claims_are_kept_by_default() -> None:
    stage = with_set(2, played=False, podManagementPolicy="Parallel", volumeClaimTemplates=[CLAIM])
    stage.change("StatefulSet", replicas=0)
    stage.settle(60)
    assert claims(stage) == ["data-web-0", "data-web-1"]
    assert owners(stage, "data-web-0") == []


def test_under_when_deleted_claims_belong_to_the_set() -> None:
    policy = {"whenDeleted": "Delete", "whenScaled": "Retain"}
    stage = with_set(
        1, played=False, volumeClaimTemplates=[CLAIM], persistentVolumeClaimRetentionPolicy=policy
    )
    assert owners(stage, "data-web-0") == [("StatefulSet", "web")]


def test_under_when_scaled_claims_go_with_their_condemned_pod() -> None:
    policy = {"whenDeleted": "Retain", "whenScaled": "Delete"}
    stage = with_set(
        2,
        played=False,
        podManagementPolicy="Parallel",
        volumeClaimTemplates=[CLAIM],
        persistentVolumeClaimRetentionPolicy=policy,
    )
    for pod in stage.pods():
        stage.api.bind("default", pod["metadata"]["name"], "node-0")
        stage.run_pod(pod)
    stage.settle(60)
    assert owners(stage, "data-web-1") == []
    stage.change("StatefulSet", replicas=1)
    stage.pass_time(2)
    assert owners(stage, "data-web-1") == [("Pod", "web-1")]
    assert owners(stage, "data-web-0") == []
