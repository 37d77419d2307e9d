"""What keeps a cluster tidy: owners and dependents, namespaces, tokens, resource claims, service networks."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from cluster_core.machinery.typed import Obj
from cluster_core.simulation.assembly import controllers
from cluster_core.simulation.control import control_of
from cluster_core.simulation.controllernames import is_chosen
from tests.builders import Engine, pod, workload
from tests.controllers.stage import Stage


@pytest.fixture
def stage() -> Stage:
    return Stage(1)


def owned(name: str, *owners: Obj, block: bool = False, namespace: str = "default") -> dict[str, Any]:
    references = [
        {
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            "blockOwnerDeletion": block,
        }
        for owner in owners
    ]
    metadata: dict[str, Any] = {"name": name, "ownerReferences": references}
    return {"metadata": {**metadata, "namespace": namespace} if namespace else metadata}


# ------------------------------------------------------------------------------------------------ owners


def test_a_chain_of_dependents_goes_with_its_first_owner(stage: Stage) -> None:
    first = stage.api.create("ConfigMap", owned("first"))
    second = stage.api.create("ConfigMap", owned("second", first))
    stage.api.create("Secret", owned("third", second))
    stage.api.delete("ConfigMap", "default", "first")
    assert stage.settle()
    assert "second" not in stage.names("ConfigMap") and stage.names("Secret") == []


def test_owners_in_a_circle_let_each_other_go(stage: Stage) -> None:
    first = stage.api.create("ConfigMap", owned("first"))
    second = stage.api.create("ConfigMap", owned("second", first, block=True))
    circle = {**first, "metadata": {**first["metadata"], **owned("first", second, block=True)["metadata"]}}
    stage.api.update("ConfigMap", circle)
    stage.settle()
    stage.api.delete("ConfigMap", "default", "first", propagation="Foreground")
    assert stage.settle()
    assert {"first", "second"}.isdisjoint(stage.names("ConfigMap"))


def test_an_owner_of_an_unknown_kind_harms_nobody(stage: Stage) -> None:
    stranger = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w", "uid": "1-2-3"}}
    stage.api.create("ConfigMap", owned("kept", stranger))
    assert stage.settle()
    assert "kept" in stage.names("ConfigMap")


def test_what_has_no_namespace_cannot_be_owned_by_what_has_one(stage: Stage) -> None:
    owner = stage.api.create("ConfigMap", owned("owner"))
    stage.api.create("PriorityClass", {**owned("wide", owner, namespace=""), "value": 1})
    assert stage.settle()
    assert stage.api.get("PriorityClass", "", "wide") is not None
    assert len(stage.events("OwnerRefInvalidNamespace")) == 1


def test_an_owner_of_the_same_name_made_anew_is_another(stage: Stage) -> None:
    owner = stage.api.create("ConfigMap", owned("owner"))
    control = control_of(stage.cluster)
    control.restart("kube-controller-manager", {"controllers": "*,-garbage-collector-controller"})
    stage.api.create("ConfigMap", owned("child", owner))
    stage.api.delete("ConfigMap", "default", "owner")
    stage.api.create("ConfigMap", owned("owner"))
    control.restart("kube-controller-manager", {})
    assert stage.settle()
    assert "child" not in stage.names("ConfigMap")


# ------------------------------------------------------------------------------------------------ namespaces


def test_a_namespace_goes_with_all_it_holds_pods_first() -> None:
    engine = Engine(nodes=1)
    engine.api.create("Namespace", {"metadata": {"name": "shop"}})
    engine.settle()
    made = workload("Deployment", replicas=2)
    engine.api.create("Deployment", {**made, "metadata": {"name": "web", "namespace": "shop"}})
    engine.settle()
    engine.api.delete("Namespace", "", "shop")
    engine.cluster.advance(0.1)
    left = [kind for kind in ("Pod", "Deployment", "ConfigMap") if engine.api.list(kind, "shop")]
    assert left == ["Pod", "Deployment", "ConfigMap"]
    assert engine.settle()
    assert engine.api.get("Namespace", "", "shop") is None
    assert not any(engine.api.list(kind.name, "shop") for kind in engine.cluster.server.kinds if kind.namespaced and kind.stored)


def test_a_namespace_says_what_it_waits_for_and_lets_the_cluster_rest_meanwhile(stage: Stage) -> None:
    stage.api.create("Namespace", {"metadata": {"name": "shop"}})
    stage.settle()
    for number in range(2):
        metadata = {"name": f"d-{number}", "namespace": "shop", "finalizers": ["example.com/hold"]}
        stage.api.create("Deployment", {**workload("Deployment", replicas=0), "metadata": metadata})
    stage.settle()
    stage.api.delete("Namespace", "", "shop")
    assert stage.settle(60)
    namespace = stage.api.get("Namespace", "", "shop")
    assert namespace is not None
    told = {each["type"]: each["message"] for each in namespace["status"]["conditions"] if each["status"] == "True"}
    assert told == {
        "NamespaceContentRemaining": "Some resources are remaining: deployments.apps has 2 resource instances",
        "NamespaceFinalizersRemaining": "Some content in the namespace has finalizers remaining: "
        "example.com/hold in 2 resource instances",
    }
    for found in stage.api.list("Deployment", "shop"):
        stage.api.update("Deployment", {**found, "metadata": {**found["metadata"], "finalizers": []}})
    assert stage.settle()
    assert stage.api.get("Namespace", "", "shop") is None


def test_account_and_certificate_come_again_when_they_are_deleted(stage: Stage) -> None:
    stage.api.delete("ServiceAccount", "default", "default")
    stage.api.delete("ConfigMap", "default", "kube-root-ca.crt")
    assert stage.settle()
    assert "default" in stage.names("ServiceAccount") and "kube-root-ca.crt" in stage.names("ConfigMap")


# ------------------------------------------------------------------------------------------------ tokens


def token_secret(account: str = "robot") -> dict[str, Any]:
    annotations = {"kubernetes.io/service-account.name": account}
    metadata = {"name": "robot-token", "namespace": "default", "annotations": annotations}
    return {"metadata": metadata, "type": "kubernetes.io/service-account-token"}


def test_a_token_secret_is_filled_and_goes_with_its_account(stage: Stage) -> None:
    stage.api.create("ServiceAccount", {"metadata": {"name": "robot", "namespace": "default"}})
    stage.api.create("Secret", token_secret())
    assert stage.settle()
    data = stage.get("Secret", "robot-token")["data"]
    assert base64.b64decode(data["namespace"]) == b"default"
    assert base64.b64decode(data["token"]).count(b".") == 2
    assert b"BEGIN CERTIFICATE" in base64.b64decode(data["ca.crt"])
    stage.api.delete("ServiceAccount", "default", "robot")
    assert stage.settle()
    assert stage.names("Secret") == []


def test_a_token_secret_without_account_is_deleted(stage: Stage) -> None:
    stage.api.create("Secret", token_secret("nobody"))
    assert stage.settle()
    assert stage.names("Secret") == []


def test_an_account_forgets_a_token_secret_that_has_gone(stage: Stage) -> None:
    account = {"metadata": {"name": "robot", "namespace": "default"}, "secrets": [{"name": "robot-token"}]}
    stage.api.create("ServiceAccount", account)
    stage.api.create("Secret", token_secret())
    stage.settle()
    stage.api.delete("Secret", "default", "robot-token")
    assert stage.settle()
    assert "secrets" not in stage.get("ServiceAccount", "robot")


# ------------------------------------------------------------------------------------------------ resource claims

DEVICES = {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu"}}]}}


def template(name: str = "gpus") -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "default"}, "spec": {"metadata": {"labels": {"a": "b"}}, "spec": DEVICES}}


def gpu_pod(name: str = "web", **spec: Any) -> dict[str, Any]:
    return pod(name, resourceClaims=[{"name": "gpu", "resourceClaimTemplateName": "gpus"}], **spec)


def test_a_pod_gets_a_claim_from_its_template(stage: Stage) -> None:
    stage.api.create("ResourceClaimTemplate", template())
    stage.api.create("Pod", gpu_pod())
    stage.settle(5)
    made = stage.api.list("ResourceClaim", "default")
    assert [each["metadata"]["annotations"]["resource.kubernetes.io/pod-claim-name"] for each in made] == ["gpu"]
    assert stage.status("Pod")["resourceClaimStatuses"] == [{"name": "gpu", "resourceClaimName": made[0]["metadata"]["name"]}]
    assert made[0]["metadata"]["name"].startswith("web-gpu-") and made[0]["metadata"]["labels"] == {"a": "b"}


def test_a_missing_template_is_told_and_waited_for(stage: Stage) -> None:
    stage.api.create("Pod", gpu_pod())
    stage.pass_time(1)
    expected = 'resource claim template "gpus": resourceclaimtemplate.resource.k8s.io "gpus" not found'
    assert stage.messages("FailedResourceClaimCreation") == [f"PodResourceClaim gpu: {expected}"]
    stage.api.create("ResourceClaimTemplate", template())
    stage.pass_time(1)
    assert len(stage.api.list("ResourceClaim", "default")) == 1


def test_devices_are_given_back_when_the_last_pod_has_ended(stage: Stage) -> None:
    claims = [{"name": "gpu", "resourceClaimName": "shared"}]
    made = stage.api.create("Pod", pod("user", nodeName="node-0", resourceClaims=claims))
    user = {"resource": "pods", "name": "user", "uid": made["metadata"]["uid"]}
    metadata = {"name": "shared", "namespace": "default", "finalizers": ["resource.kubernetes.io/delete-protection"]}
    claim = stage.api.create("ResourceClaim", {"metadata": metadata, "spec": DEVICES})
    allocation = {"devices": {"results": [{"request": "gpu", "driver": "d", "pool": "p", "device": "0"}]}}
    stage.api.update_status("ResourceClaim", {**claim, "status": {"allocation": allocation, "reservedFor": [user]}})
    stage.settle()
    assert stage.status("ResourceClaim", "shared")["reservedFor"] == [user]
    stage.api.delete("Pod", "default", "user", grace=0)
    assert stage.settle()
    found = stage.get("ResourceClaim", "shared")
    assert not found.get("status") and "finalizers" not in found["metadata"]


# ------------------------------------------------------------------------------------------------ service networks


def test_a_service_network_is_ready_and_protected_and_stays_while_it_is_used(stage: Stage) -> None:
    stage.api.create("ServiceCIDR", {"metadata": {"name": "extra"}, "spec": {"cidrs": ["10.200.0.0/24"]}})
    stage.api.create("IPAddress", {"metadata": {"name": "10.200.0.5"}, "spec": {}})
    stage.settle()
    found = stage.api.get("ServiceCIDR", "", "extra")
    assert found is not None and found["status"]["conditions"][0]["status"] == "True"
    stage.api.delete("ServiceCIDR", "", "extra")
    assert stage.settle()
    found = stage.api.get("ServiceCIDR", "", "extra")
    assert found is not None and found["status"]["conditions"][0]["reason"] == "Terminating"
    stage.api.delete("IPAddress", "", "10.200.0.5")
    assert stage.settle()
    assert stage.api.get("ServiceCIDR", "", "extra") is None


# ------------------------------------------------------------------------------------------------ the manager


@pytest.mark.parametrize(
    ("wanted", "on"),
    [("*", True), ("*,-podgc", False), ("*,-pod-garbage-collector-controller", False), ("podgc", True), ("ttl", False),
     ("-podgc,*", False), ("podgc,-podgc", True), ("*,-pod-garbage-collector", True)],
)  # fmt: skip
def test_the_manager_runs_the_controllers_it_is_told_to(wanted: str, on: bool) -> None:
    assert is_chosen("pod-garbage-collector-controller", True, wanted.split(",")) is on


def test_a_controller_that_is_switched_off_does_nothing_until_it_is_on_again(stage: Stage) -> None:
    control = control_of(stage.cluster)
    control.restart("kube-controller-manager", {"controllers": "*,-root-ca-certificate-publisher-controller"})
    stage.settle()
    stage.api.delete("ConfigMap", "default", "kube-root-ca.crt")
    stage.settle()
    assert stage.names("ConfigMap") == []
    control.restart("kube-controller-manager", {})
    assert stage.settle()
    assert stage.names("ConfigMap") == ["kube-root-ca.crt"]


def test_every_controller_has_a_name_of_its_own() -> None:
    names = [each.name for each in controllers()]
    assert len(names) == len(set(names))
