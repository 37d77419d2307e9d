"""Claims and volumes: bound, provisioned, protected, reclaimed, attached. As pkg/controller/volume does it."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_core.machinery.typed import Obj
from tests.builders import Engine, pod
from tests.controllers.stage import Stage

EBS = "ebs.csi.aws.com"


def volume(name: str, size: str = "1Gi", policy: str = "Retain", **spec: Any) -> dict[str, Any]:
    body = {
        "capacity": {"storage": size},
        "accessModes": ["ReadWriteOnce"],
        "persistentVolumeReclaimPolicy": policy,
        "hostPath": {"path": f"/tmp/{name}"},
        **spec,
    }
    return {"metadata": {"name": name}, "spec": body}


def claim(name: str = "web", size: str = "1Gi", storage_class: str | None = "", **spec: Any) -> dict[str, Any]:
    body = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}, **spec}
    if storage_class is not None:
        body["storageClassName"] = storage_class
    return {"metadata": {"name": name, "namespace": "default"}, "spec": body}


def storage_class(name: str, provisioner: str, mode: str = "Immediate", **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "provisioner": provisioner, "volumeBindingMode": mode, **more}


def user_of(name: str, pod_name: str = "user", **spec: Any) -> dict[str, Any]:
    return pod(pod_name, volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": name}}], **spec)


@pytest.fixture
def stage() -> Stage:
    return Stage(1)


@pytest.fixture
def engine() -> Engine:
    return Engine(nodes=2)


def phase(found: Obj | None) -> str:
    return str(found["status"]["phase"]) if found is not None else "gone"


def test_a_claim_gets_the_smallest_volume_that_is_large_enough(stage: Stage) -> None:
    for name, size in (("large", "10Gi"), ("fitting", "2Gi"), ("small", "500Mi")):
        stage.api.create("PersistentVolume", volume(name, size))
    stage.api.create("PersistentVolumeClaim", claim())
    assert stage.settle()
    assert stage.get("PersistentVolumeClaim")["spec"]["volumeName"] == "fitting"
    assert stage.status("PersistentVolumeClaim")["capacity"] == {"storage": "2Gi"}


def test_a_waiting_claim_is_bound_when_a_volume_comes(stage: Stage) -> None:
    stage.api.create("PersistentVolumeClaim", claim())
    assert stage.settle()
    assert phase(stage.get("PersistentVolumeClaim")) == "Pending"
    assert stage.messages("FailedBinding") == [
        "no persistent volumes available for this claim and no storage class is set"
    ]
    stage.api.create("PersistentVolume", volume("late"))
    assert stage.settle()
    assert phase(stage.get("PersistentVolumeClaim")) == "Bound"


def test_a_claim_says_why_the_volume_it_names_will_not_do(stage: Stage) -> None:
    stage.api.create("PersistentVolume", volume("small", "500Mi"))
    stage.api.create("PersistentVolumeClaim", claim(volumeName="small"))
    stage.settle()
    assert stage.messages("VolumeMismatch") == ['Cannot bind to requested volume "small": requested PV is too small']


def test_two_claims_never_share_a_volume(stage: Stage) -> None:
    for name in ("one", "two", "three"):
        stage.api.create("PersistentVolumeClaim", claim(name))
    for name in ("a", "b"):
        stage.api.create("PersistentVolume", volume(name))
    stage.settle()
    bound = [each["spec"].get("volumeName") for each in stage.api.list("PersistentVolumeClaim", "default")]
    assert sorted(name for name in bound if name) == ["a", "b"]


def test_a_claim_whose_volume_was_taken_away_is_lost(stage: Stage) -> None:
    stage.api.create("PersistentVolume", volume("a"))
    stage.api.create("PersistentVolumeClaim", claim())
    stage.settle()
    found = stage.api.get("PersistentVolume", "", "a")
    assert found is not None
    stage.api.update("PersistentVolume", {**found, "metadata": {**found["metadata"], "finalizers": []}})
    stage.api.delete("PersistentVolume", "", "a")
    stage.settle()
    assert phase(stage.get("PersistentVolumeClaim")) == "Lost"
    assert stage.messages("ClaimLost") == ["Bound claim has lost its PersistentVolume. Data on the volume is lost!"]


@pytest.mark.parametrize(
    ("policy", "path", "left"),
    [("Retain", "/tmp/a", "Released"), ("Delete", "/tmp/a", "gone"), ("Delete", "/data/a", "Failed"),
     ("Recycle", "/tmp/a", "Available")],
)  # fmt: skip
def test_a_volume_is_reclaimed_as_its_policy_says(stage: Stage, policy: str, path: str, left: str) -> None:
    stage.api.create("PersistentVolume", volume("a", policy=policy, hostPath={"path": path}))
    stage.api.create("PersistentVolumeClaim", claim())
    stage.settle()
    stage.api.delete("PersistentVolumeClaim", "default", "web")
    stage.settle()
    assert phase(stage.api.get("PersistentVolume", "", "a")) == left


def test_a_released_volume_is_available_again_without_its_claim_reference(stage: Stage) -> None:
    stage.api.create("PersistentVolume", volume("a"))
    stage.api.create("PersistentVolumeClaim", claim())
    stage.settle()
    stage.api.delete("PersistentVolumeClaim", "default", "web")
    stage.settle()
    found = stage.api.get("PersistentVolume", "", "a")
    assert found is not None
    spec = {key: value for key, value in found["spec"].items() if key != "claimRef"}
    stage.api.update("PersistentVolume", {**found, "spec": spec})
    stage.api.create("PersistentVolumeClaim", claim("next"))
    stage.settle()
    assert phase(stage.get("PersistentVolumeClaim", "next")) == "Bound"


def test_a_claim_without_class_gets_the_default_class_that_comes_later(stage: Stage) -> None:
    stage.api.create("PersistentVolumeClaim", claim(storage_class=None))
    stage.settle()
    marked = storage_class("standard", EBS)
    marked["metadata"]["annotations"] = {"storageclass.kubernetes.io/is-default-class": "true"}
    stage.api.create("StorageClass", marked)
    stage.settle()
    assert stage.get("PersistentVolumeClaim")["spec"]["storageClassName"] == "standard"


def test_without_a_provisioner_a_claim_waits_for_one(stage: Stage) -> None:
    stage.api.create("StorageClass", storage_class("fast", "example.com/none"))
    stage.api.create("PersistentVolumeClaim", claim(storage_class="fast"))
    assert stage.settle()
    found = stage.get("PersistentVolumeClaim")
    assert phase(found) == "Pending"
    assert found["metadata"]["annotations"]["volume.kubernetes.io/storage-provisioner"] == "example.com/none"
    assert "Waiting for a volume to be created either by the external provisioner" in stage.messages("ExternalProvisioning")[0]


def test_a_class_of_a_plugin_that_is_gone_provisions_nothing(stage: Stage) -> None:
    stage.api.create("StorageClass", storage_class("old", "kubernetes.io/scaleio"))
    stage.api.create("PersistentVolumeClaim", claim(storage_class="old"))
    stage.settle()
    assert stage.messages("ProvisioningFailed") == ["no volume plugin matched name: kubernetes.io/scaleio"]


# ------------------------------------------------------------------------------------------------ dynamic provisioning


def test_a_claim_that_waits_for_its_consumer_gets_a_volume_on_the_consumers_node(engine: Engine) -> None:
    engine.api.create("PersistentVolumeClaim", claim("data", storage_class="standard"))
    assert engine.settle()
    assert [event["reason"] for event in engine.events("WaitForFirstConsumer")] == ["WaitForFirstConsumer"]
    engine.api.create("Pod", user_of("data"))
    assert engine.settle()
    running, bound = engine.api.get("Pod", "default", "user"), engine.api.get("PersistentVolumeClaim", "default", "data")
    assert running is not None and bound is not None
    assert (phase(running), phase(bound)) == ("Running", "Bound")
    made = engine.api.get("PersistentVolume", "", bound["spec"]["volumeName"])
    assert made is not None
    terms = made["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert terms[0]["matchExpressions"][0]["values"] == [running["spec"]["nodeName"]]
    assert [event["message"] for event in engine.events("ProvisioningSucceeded")] == [
        f"Successfully provisioned volume {made['metadata']['name']}"
    ]


def test_a_provisioned_volume_goes_with_its_claim(engine: Engine) -> None:
    engine.api.create("StorageClass", storage_class("gp3", EBS, reclaimPolicy="Delete"))
    engine.api.create("PersistentVolumeClaim", claim("data", storage_class="gp3"))
    engine.settle()
    assert len(engine.api.list("PersistentVolume")) == 1
    engine.api.delete("PersistentVolumeClaim", "default", "data")
    assert engine.settle()
    assert engine.api.list("PersistentVolume") == []


def test_a_volume_is_attached_for_its_pods_and_detached_after_them(engine: Engine) -> None:
    engine.api.create("StorageClass", storage_class("gp3", EBS))
    engine.api.create("PersistentVolumeClaim", claim("data", storage_class="gp3"))
    engine.api.create("Pod", user_of("data"))
    engine.settle()
    attached = engine.api.list("VolumeAttachment")
    assert [each["status"]["attached"] for each in attached] == [True]
    assert len(engine.events("SuccessfulAttachVolume")) == 1
    engine.api.delete("Pod", "default", "user")
    assert engine.settle()
    assert engine.api.list("VolumeAttachment") == []


def test_a_volume_for_one_node_is_refused_to_another(engine: Engine) -> None:
    engine.api.create("StorageClass", storage_class("gp3", EBS))
    engine.api.create("PersistentVolumeClaim", claim("data", storage_class="gp3"))
    engine.api.create("Pod", user_of("data", "first", nodeName="node-1"))
    engine.settle()
    engine.api.create("Pod", user_of("data", "second", nodeName="node-2"))
    engine.settle()
    name = engine.api.list("PersistentVolume")[0]["metadata"]["name"]
    expected = f'Multi-Attach error for volume "{name}" Volume is already used by pod(s) first'
    assert [event["message"] for event in engine.events("FailedAttachVolume")] == [expected]


def test_a_claim_grows_while_a_pod_uses_it(engine: Engine) -> None:
    engine.api.create("StorageClass", storage_class("gp3", EBS, allowVolumeExpansion=True))
    engine.api.create("PersistentVolumeClaim", claim("data", storage_class="gp3"))
    engine.api.create("Pod", user_of("data"))
    engine.settle()
    patch = {"spec": {"resources": {"requests": {"storage": "5Gi"}}}}
    engine.api.patch("PersistentVolumeClaim", "default", "data", patch)
    assert engine.settle()
    grown = engine.api.get("PersistentVolumeClaim", "default", "data")
    assert grown is not None and grown["status"]["capacity"] == {"storage": "5Gi"}
    assert "conditions" not in grown["status"]
    assert engine.events("ExternalExpanding") and engine.events("FileSystemResizeSuccessful")


# ------------------------------------------------------------------------------------------------ protection


def test_a_claim_in_use_stays_until_its_pod_has_gone(stage: Stage) -> None:
    stage.api.create("PersistentVolume", volume("a"))
    stage.api.create("PersistentVolumeClaim", claim())
    stage.settle()
    stage.api.create("Pod", user_of("web"))
    stage.settle()
    stage.api.delete("PersistentVolumeClaim", "default", "web")
    stage.settle()
    assert "deletionTimestamp" in stage.get("PersistentVolumeClaim")["metadata"]
    stage.api.delete("Pod", "default", "user", grace=0)
    stage.settle()
    assert stage.api.list("PersistentVolumeClaim", "default") == []


def test_a_bound_volume_in_deletion_stays_until_its_claim_has_gone(stage: Stage) -> None:
    stage.api.create("PersistentVolume", volume("a"))
    stage.api.create("PersistentVolumeClaim", claim())
    stage.settle()
    stage.api.delete("PersistentVolume", "", "a")
    stage.settle()
    assert stage.api.get("PersistentVolume", "", "a") is not None
    stage.api.delete("PersistentVolumeClaim", "default", "web")
    stage.settle()
    assert stage.api.get("PersistentVolume", "", "a") is None


def test_an_ephemeral_volume_has_a_claim_that_lives_as_long_as_its_pod(engine: Engine) -> None:
    template = {"spec": claim(storage_class="standard")["spec"]}
    engine.api.create("Pod", pod("web", volumes=[{"name": "scratch", "ephemeral": {"volumeClaimTemplate": template}}]))
    assert engine.settle()
    made = engine.api.get("PersistentVolumeClaim", "default", "web-scratch")
    assert made is not None and phase(made) == "Bound"
    assert phase(engine.api.get("Pod", "default", "web")) == "Running"
    engine.api.delete("Pod", "default", "web")
    assert engine.settle()
    assert engine.api.list("PersistentVolumeClaim", "default") == []


def test_a_foreign_claim_of_that_name_is_not_used_for_an_ephemeral_volume(stage: Stage) -> None:
    stage.api.create("PersistentVolumeClaim", claim("web-scratch"))
    template = {"spec": claim()["spec"]}
    stage.api.create("Pod", pod("web", volumes=[{"name": "scratch", "ephemeral": {"volumeClaimTemplate": template}}]))
    stage.pass_time(1)
    text = "PVC default/web-scratch was not created for pod default/web (pod is not owner)"
    assert f"ephemeral volume scratch: {text}" in stage.messages("FailedBinding")
