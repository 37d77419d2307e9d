"""What the cluster's own parts own, told where somebody looks: their writes are untracked."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.builders import Engine, pod, workload

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
PODS = "/api/v1/namespaces/default/pods"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
APPLY = "application/apply-patch+yaml"


@pytest.fixture
def engine() -> Engine:
    made = Engine(nodes=2)
    assert made.call("POST", DEPLOYMENTS, workload("Deployment")).status == 201
    made.settle()
    return made


def owners(obj: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(each["manager"], each.get("subresource", "")): each["fieldsV1"] for each in obj["metadata"].get("managedFields", ())}


def a_pod(engine: Engine) -> str:
    return str(engine.api.list("Pod", "default")[0]["metadata"]["name"])


def test_the_status_is_the_controllers(engine: Engine) -> None:
    found = owners(engine.call("GET", f"{DEPLOYMENTS}/web").json())
    assert found.keys() == {("unknown", ""), ("kube-controller-manager", "status")}
    theirs = found["kube-controller-manager", "status"]
    assert "f:readyReplicas" in theirs["f:status"]
    assert theirs["f:metadata"] == {"f:annotations": {".": {}, "f:deployment.kubernetes.io/revision": {}}}


def test_a_pod_is_made_by_a_controller_and_its_status_by_a_kubelet(engine: Engine) -> None:
    found = owners(engine.call("GET", f"{PODS}/{a_pod(engine)}").json())
    assert found.keys() == {("kube-controller-manager", ""), ("kubelet", "status")}
    assert "f:nodeName" not in found["kube-controller-manager", ""]["f:spec"], "a binding is not tracked"
    assert "f:podIP" in found["kubelet", "status"]["f:status"]
    assert "f:qosClass" not in found["kubelet", "status"]["f:status"], "it is there from the first"


def test_what_a_pod_begins_with_is_nobodys() -> None:
    engine = Engine(nodes=0)
    engine.call("POST", PODS, pod("p"))
    assert owners(engine.call("GET", f"{PODS}/p").json()).keys() == {("unknown", "")}


def test_tables_tell_it_and_lists_send_what_is_stored(engine: Engine) -> None:
    (row,) = engine.call("GET", DEPLOYMENTS, accept=TABLE).json()["rows"]
    assert ("kube-controller-manager", "status") in owners(row["object"])
    (item,) = orjson.loads(engine.call("GET", DEPLOYMENTS).body)["items"]
    assert owners(item).keys() == {("unknown", "")}


def test_who_labels_what_a_part_has_made_owns_the_label_beside_it(engine: Engine) -> None:
    path, query = f"{PODS}/{a_pod(engine)}", (("fieldManager", "kubectl-label"),)
    engine.call("PATCH", path, {"metadata": {"labels": {"team": "blue"}}}, query, content_type="application/merge-patch+json")
    found = owners(engine.call("GET", path).json())
    assert found["kubectl-label", ""] == {"f:metadata": {"f:labels": {"f:team": {}}}}
    assert found.keys() == {("kube-controller-manager", ""), ("kubelet", "status"), ("kubectl-label", "")}


def test_who_applies_what_a_part_has_made_conflicts_with_the_part(engine: Engine) -> None:
    name = a_pod(engine)
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": "other"}}}
    answer = engine.call("PATCH", f"{PODS}/{name}", body, (("fieldManager", "me"),), content_type=APPLY)
    expected = 'Apply failed with 1 conflict: conflict with "kube-controller-manager" using v1: .metadata.labels.app'
    assert (answer.status, answer.json()["message"]) == (409, expected)


def test_what_clients_send_back_is_told_once(engine: Engine) -> None:
    path = f"{DEPLOYMENTS}/web"
    sent = engine.call("GET", path).json()
    sent["metadata"]["labels"] = {"a": "b"}
    assert engine.call("PUT", path, sent).status == 200
    engine.settle()
    managers = [(each["manager"], each.get("subresource")) for each in engine.call("GET", path).json()["metadata"]["managedFields"]]
    assert sorted(managers, key=str) == [("kube-controller-manager", "status"), ("unknown", None)]
