"""APIServices: what this server serves itself, and what another one should."""

import pytest

from tests.builders import Engine

SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.fixture(scope="module")
def engine():
    return Engine(nodes=0, bare=True)


def available(engine, name):
    return engine.call("GET", f"{SERVICES}/{name}").json()["status"]["conditions"][0]


def foreign(name="v1.far.example.com"):
    version, _, group = name.partition(".")
    service = {"name": "far", "namespace": "default"}
    spec = {"group": group, "version": version, "groupPriorityMinimum": 100, "versionPriority": 100, "service": service}
    return {"metadata": {"name": name}, "spec": spec}


def test_every_group_version_served_here_has_one(engine):
    names = {each["metadata"]["name"] for each in engine.call("GET", SERVICES).json()["items"]}
    assert {"v1.", "v1.apps", "v2.autoscaling", "v1.rbac.authorization.k8s.io"} <= names
    assert available(engine, "v1.apps")["reason"] == "Local"


def test_those_of_custom_resources_come_and_go(engine):
    schema = {"openAPIV3Schema": {"type": "object"}}
    spec = {"group": "e.com", "scope": "Cluster", "names": {"plural": "xs", "kind": "X"}}
    spec["versions"] = [{"name": "v1", "served": True, "storage": True, "schema": schema}]
    engine.call("POST", DEFINITIONS, {"metadata": {"name": "xs.e.com"}, "spec": spec})
    engine.settle()
    made = engine.call("GET", f"{SERVICES}/v1.e.com").json()
    assert (made["spec"]["groupPriorityMinimum"], made["spec"]["versionPriority"]) == (1000, 100)
    engine.call("DELETE", f"{DEFINITIONS}/xs.e.com")
    engine.settle()
    assert engine.call("GET", f"{SERVICES}/v1.e.com").status == 404


def test_a_deleted_one_of_our_own_comes_back(engine):
    engine.call("DELETE", f"{SERVICES}/v1.batch")
    engine.settle()
    assert available(engine, "v1.batch")["status"] == "True"


def test_what_another_server_should_answer_is_unavailable(engine):
    engine.call("POST", SERVICES, foreign())
    engine.settle()
    assert available(engine, "v1.far.example.com")["reason"] == "ServiceNotFound"
    for path in ("/apis/far.example.com/v1", "/apis/far.example.com/v1/things"):
        refused = engine.call("GET", path)
        assert (refused.status, refused.body) == (503, b"service unavailable\n")
    engine.call("DELETE", f"{SERVICES}/v1.far.example.com")
    assert engine.call("GET", "/apis/far.example.com/v1/things").status == 404


def test_it_tells_how_far_the_way_to_the_other_server_goes(engine):
    engine.call("POST", SERVICES, foreign("v1.near.example.com"))
    service = {"metadata": {"name": "far"}, "spec": {"ports": [{"port": 443}]}}
    engine.call("POST", "/api/v1/namespaces/default/services", service)
    engine.settle()
    assert available(engine, "v1.near.example.com")["reason"] == "MissingEndpoints"
