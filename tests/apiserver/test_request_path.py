"""The request path where the recorded conversations do not reach: owners of fields, evictions, metrics, junk."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cluster_core.apiserver.request import ApiResponse
from tests.builders import Engine, pod

BUDGET = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "b", "namespace": "default"}}
PODS = "/api/v1/namespaces/default/pods"
MERGE = "application/merge-patch+json"


@pytest.fixture(scope="module")
def engine():
    found = Engine(nodes=0, bare=True)
    found.settle()
    return found


def owners(answer):
    return [{**entry, "time": ""} for entry in answer.json()["metadata"]["managedFields"]]


def test_objects_of_one_make_have_the_same_owners_of_fields(engine):
    first = engine.call("POST", PODS, pod("alike-1"))
    second = engine.call("POST", PODS, pod("alike-2"))
    labelled = engine.call("POST", PODS, {**pod("alike-3"), "metadata": {"name": "alike-3", "labels": {"a": "b"}}})
    assert owners(first) == owners(second) != owners(labelled)


def test_a_budget_without_room_refuses_an_eviction_and_says_why(engine):
    running = {**pod("guarded"), "metadata": {"name": "guarded", "namespace": "default", "labels": {"app": "g"}}}
    engine.call("POST", PODS, running)
    engine.call("PATCH", f"{PODS}/guarded/status", {"status": {"phase": "Running"}}, content_type=MERGE)
    budget = engine.api.create("PodDisruptionBudget", {**BUDGET, "spec": {"selector": {"matchLabels": {"app": "g"}}}})
    status = {"observedGeneration": 1, "desiredHealthy": 2, "currentHealthy": 1, "disruptionsAllowed": 0}
    engine.api.update_status("PodDisruptionBudget", {**budget, "status": status})
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "guarded"}}
    answer = engine.call("POST", f"{PODS}/guarded/eviction", eviction)
    cause = {"reason": "DisruptionBudget", "message": "The disruption budget b needs 2 healthy pods and has 1 currently"}
    assert (answer.status, answer.json()["details"]) == (429, {"causes": [cause]})


def test_metrics_count_what_was_answered(engine):
    engine.call("GET", "/api/v1/namespaces/default/configmaps/none")
    text = engine.call("GET", "/metrics").body.decode()
    assert 'apiserver_request_total{code="404",component="apiserver"' in text
    assert 'apiserver_resource_objects{group="",resource="pods"}' in text


def test_a_version_from_the_future_is_refused_at_once(engine):
    answer = engine.call("GET", PODS, query=(("resourceVersion", "999999"),))
    assert (answer.status, answer.json()["details"]["retryAfterSeconds"]) == (504, 1)


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["metadata", "spec", "a", "name"]), inner),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=junk, method=st.sampled_from(["POST", "PUT", "PATCH", "DELETE"]), named=st.booleans())
def test_junk_gets_an_answer_that_blames_the_sender(engine, body, method, named):
    media = MERGE if method == "PATCH" else "application/json"
    path = "/api/v1/namespaces/default/configmaps" + ("/a" if named else "")
    answer = engine.call(method, path, json.dumps(body).encode(), query=(("dryRun", "All"),), content_type=media)
    assert answer.status < 500 or answer.json()["message"] == "resourceVersion should not be set on objects to be created"


def test_a_key_that_an_applied_configuration_has_twice_is_refused_or_warned_of():
    engine = Engine(bare=True)
    body = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: twice}\ndata:\n  a: b\n  a: c\n"

    def apply(validation: str) -> ApiResponse:
        query = [("fieldManager", "me"), ("fieldValidation", validation)]
        path = "/api/v1/namespaces/default/configmaps/twice"
        return engine.call("PATCH", path, body, query, content_type="application/apply-patch+yaml")

    told = 'line 6: key "a" already set in map'
    assert apply("Strict").status == 400 and told in apply("Strict").json()["message"]
    assert [told in warning for warning in apply("Warn").warnings] == [True]
    assert apply("Ignore").status == 200 and not apply("Ignore").warnings


def test_what_is_only_asked_has_no_table():
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"nonResourceAttributes": {"path": "/", "verb": "get"}}}
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
    assert Engine(bare=True).call("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review, accept=accept).status == 406
