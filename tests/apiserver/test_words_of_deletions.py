"""Deletions, paths and generations as a real server has them. Found by asking both the same at random."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import Engine, pod

DEFAULT = "/api/v1/namespaces/default"
POLICIES = "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies"


@pytest.fixture
def engine() -> Engine:
    return Engine(nodes=0, bare=True)


def test_a_replication_controller_keeps_its_pods_by_default(engine: Engine) -> None:
    """DefaultGarbageCollectionPolicy of core/v1, as of jobs, but without a warning."""
    labels = {"app": "rc"}
    template = {"metadata": {"labels": labels}, "spec": pod("p")["spec"]}
    body = {"metadata": {"name": "rc"}, "spec": {"replicas": 1, "selector": labels, "template": template}}
    assert engine.call("POST", f"{DEFAULT}/replicationcontrollers", body).status == 201
    engine.settle()
    answer = engine.call("DELETE", f"{DEFAULT}/replicationcontrollers/rc")
    assert (answer.status, answer.json()["metadata"]["finalizers"], answer.warnings) == (200, ["orphan"], ())
    engine.settle()
    assert [each["metadata"].get("ownerReferences") for each in engine.api.list("Pod", "default")] == [None]


def test_a_job_that_is_not_there_is_warned_of_as_well(engine: Engine) -> None:
    answer = engine.call("DELETE", "/apis/batch/v1/namespaces/default/jobs/none")
    assert (answer.status, len(answer.warnings)) == (404, 1)


def test_a_namespace_looks_at_preconditions_in_its_own_words(engine: Engine) -> None:
    message = engine.call("DELETE", DEFAULT, {"preconditions": {"uid": "x"}}).json()["message"]
    assert message.startswith('Operation cannot be fulfilled on namespaces "default": Precondition failed: UID in precondition: x,')


def test_an_event_is_missed_in_the_group_it_was_asked_for(engine: Engine) -> None:
    path = "/apis/events.k8s.io/v1/namespaces/default/events/none"
    assert engine.call("GET", path).json()["message"] == 'events.events.k8s.io "none" not found'


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_there_are_no_namespaces_in_a_namespace(engine: Engine, method: str) -> None:
    answer = engine.call(method, f"{DEFAULT}/namespaces", {} if method in ("POST", "PUT") else None)
    assert (answer.status, answer.json()["message"]) == (404, "the server could not find the requested resource")


def test_what_finalizes_a_namespace_must_name_it(engine: Engine) -> None:
    answer = engine.call("PUT", "/api/v1/namespaces/none/finalize", {})
    assert (answer.status, "name must be provided" in answer.json()["message"]) == (400, True)


@pytest.mark.parametrize(("sent", "generation"), [({"ingress": []}, 2), ({"policyTypes": ["Ingress"]}, 1)])
def test_an_empty_list_of_rules_is_a_change_of_a_policy(engine: Engine, sent: dict[str, Any], generation: int) -> None:
    """NetworkPolicy compares with reflect.DeepEqual, though nil and empty lists are stored alike."""
    assert engine.call("POST", POLICIES, {"metadata": {"name": "p"}, "spec": {"podSelector": {}}}).status == 201
    answer = engine.call("PATCH", f"{POLICIES}/p", {"spec": sent}, content_type="application/merge-patch+json")
    assert answer.json()["metadata"]["generation"] == generation
