"""What the request path answers beside validation: media types, kinds of patches, statuses, names. As a real server does."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import Engine, pod, workload

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
PODS = "/api/v1/namespaces/default/pods"
MERGE = "application/merge-patch+json"
DRY = (("dryRun", "All"),)


@pytest.fixture
def engine() -> Engine:
    made = Engine(nodes=0)
    assert made.call("POST", DEPLOYMENTS, workload("Deployment")).status == 201
    assert made.call("POST", PODS, pod("p")).status == 201
    return made


def patched(engine: Engine, path: str, body: Any, media: str = MERGE) -> tuple[int, dict[str, Any]]:
    answer = engine.call("PATCH", path, body, query=DRY, content_type=media)
    return answer.status, answer.json()


def test_a_route_names_what_it_can_send(engine: Engine) -> None:
    one, several = (engine.call("GET", path, accept="text/html") for path in (f"{PODS}/p", PODS))
    served = "application/json, application/yaml, application/vnd.kubernetes.protobuf"
    assert one.json()["message"] == f"406: Not Acceptable\n\nAvailable representations: {served}"
    assert several.json()["message"].endswith("application/vnd.kubernetes.protobuf;stream=watch")


def test_a_patch_of_no_known_type_is_a_plain_415(engine: Engine) -> None:
    assert patched(engine, f"{PODS}/p", {}, "text/plain")[1]["message"] == "415: Unsupported Media Type"


def test_an_object_is_no_list(engine: Engine) -> None:
    accept = "application/json;as={};v=v1;g=meta.k8s.io"
    one = engine.call("GET", f"{PODS}/p", accept=accept.format("PartialObjectMetadataList"))
    several = engine.call("GET", PODS, accept=accept.format("PartialObjectMetadata"))
    assert one.json()["message"].endswith("but the requested object is not a list (*core.Pod)")
    assert several.json()["message"].endswith("but the requested object is a list (*core.PodList)")


def test_a_patch_cannot_make_an_object_another_kind(engine: Engine) -> None:
    status, told = patched(engine, f"{DEPLOYMENTS}/web", {"kind": "Nonsense"})
    assert status == 422 and 'no kind "Nonsense" is registered for version "apps/v1"' in told["message"]


def test_annotations_of_a_deployment_count_as_a_change(engine: Engine) -> None:
    assert patched(engine, f"{DEPLOYMENTS}/web", {"metadata": {"annotations": {"a": "b"}}})[1]["metadata"]["generation"] == 2
    assert patched(engine, f"{DEPLOYMENTS}/web", {"metadata": {"labels": {"a": "b"}}})[1]["metadata"]["generation"] == 1


def test_emptied_managed_fields_are_a_reset(engine: Engine) -> None:
    assert "managedFields" not in patched(engine, f"{DEPLOYMENTS}/web", {"metadata": {"managedFields": []}})[1]["metadata"]


def test_a_status_update_leaves_a_deployments_labels_to_their_owner(engine: Engine) -> None:
    told = patched(engine, f"{DEPLOYMENTS}/web/status", {"metadata": {"labels": {"a": "b"}}})[1]["metadata"]
    assert "labels" not in told and len(told["managedFields"]) == 1


def test_nobody_begins_a_deletion_with_an_update(engine: Engine) -> None:
    status, told = patched(engine, f"{PODS}/p", {"metadata": {"deletionTimestamp": "2020-01-01T00:00:00Z"}})
    assert status == 422 and "metadata.deletionTimestamp: Invalid value" in told["message"]


def test_what_goes_is_in_the_way_of_its_successor(engine: Engine) -> None:
    patch = {"metadata": {"finalizers": ["example.com/held"]}}
    engine.call("PATCH", f"{DEPLOYMENTS}/web", patch, content_type=MERGE)
    engine.call("DELETE", f"{DEPLOYMENTS}/web")
    told = engine.call("POST", DEPLOYMENTS, workload("Deployment")).json()["message"]
    assert told == 'object is being deleted: deployments.apps "web" already exists'


@pytest.mark.parametrize("kind", ["Eviction", "Binding"])
def test_names_are_compared_before_anything_is_looked_for(engine: Engine, kind: str) -> None:
    told = engine.call("POST", f"{PODS}/none/{kind.lower()}", {"metadata": {"name": "other"}}).json()["message"]
    assert told == f"name in URL does not match name in {kind} object"


def test_a_pod_on_no_node_has_said_nothing(engine: Engine) -> None:
    assert engine.call("GET", f"{PODS}/p/log").status == 204
    told = engine.call("GET", f"{PODS}/p/log", query=(("tailLines", "-1"),)).json()["message"]
    assert told == 'PodLogOptions "p" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0'
