"""Empty lists that Go writes as null."""

import pytest

from tests.builders import Engine

ROLES = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles"


@pytest.fixture
def engine():
    return Engine(bare=True)


def role(**more):
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r"}, **more}


def owned(obj):
    return [sorted(entry["fieldsV1"]) for entry in obj["metadata"].get("managedFields", ())]


def test_an_empty_required_list_is_owned_and_comes_back_as_null(engine):
    created = engine.call("POST", ROLES, role(rules=[])).json()
    assert created["rules"] is None and owned(created) == [["f:rules"]]
    assert engine.call("GET", f"{ROLES}/r").json()["rules"] is None


@pytest.mark.parametrize("sent", [{}, {"rules": None}])
def test_a_list_left_out_is_nobodys(engine, sent):
    created = engine.call("POST", ROLES, role(**sent)).json()
    assert created["rules"] is None and owned(created) == []


def test_emptying_a_list_changes_it_once(engine):
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    engine.call("POST", ROLES, role(rules=[rule]))
    emptied = engine.call("PUT", f"{ROLES}/r", role(rules=[])).json()
    assert emptied["rules"] is None and owned(emptied) == [["f:rules"]]
    again = engine.call("PUT", f"{ROLES}/r", role(rules=[])).json()
    assert again["metadata"]["resourceVersion"] == emptied["metadata"]["resourceVersion"]


def test_lists_inside_of_lists_are_found(engine):
    volumes = [{"name": "v", "projected": {"sources": []}}, {"name": "w", "emptyDir": {}}]
    spec = {"containers": [{"name": "c", "image": "nginx"}], "volumes": volumes}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
    created = engine.call("POST", "/api/v1/namespaces/default/pods", body).json()
    assert created["spec"]["volumes"][0]["projected"]["sources"] is None
