"""Cluster IPs as objects."""

import pytest

from tests.builders import Engine


@pytest.fixture
def engine():
    return Engine(bare=True)


def make(engine, name, **spec):
    engine.api.create("Service", {"metadata": {"name": name, "namespace": "default"}, "spec": {"ports": [{"port": 80}], **spec}})
    engine.settle()


def parents(engine):
    return {found["metadata"]["name"]: found["spec"]["parentRef"]["name"] for found in engine.api.list("IPAddress")}


def test_an_address_exists_as_long_as_its_service_has_it(engine):
    make(engine, "a", clusterIP="10.96.7.7")
    assert parents(engine) == {"10.96.0.1": "kubernetes", "10.96.7.7": "a"}
    engine.api.delete("Service", "default", "a")
    engine.settle()
    assert parents(engine) == {"10.96.0.1": "kubernetes"}


def test_a_service_that_becomes_a_name_gives_its_address_back(engine):
    make(engine, "a", clusterIP="10.96.7.7")
    engine.api.patch("Service", "default", "a", {"spec": {"type": "ExternalName", "externalName": "example.com"}})
    engine.settle()
    assert "10.96.7.7" not in parents(engine)


def test_headless_services_have_none(engine):
    make(engine, "a", clusterIP="None")
    assert list(parents(engine)) == ["10.96.0.1"]


def test_an_address_deleted_by_hand_comes_back(engine):
    engine.api.delete("IPAddress", "", "10.96.0.1")
    engine.settle()
    assert list(parents(engine)) == ["10.96.0.1"]


def test_an_address_taken_over_in_the_same_instant_belongs_to_the_new_service(engine):
    make(engine, "a", clusterIP="10.96.7.7")
    engine.api.delete("Service", "default", "a")
    make(engine, "b", clusterIP="10.96.7.7")
    assert parents(engine)["10.96.7.7"] == "b"


def test_an_address_reserved_by_hand_is_given_to_nobody(engine):
    parent = {"resource": "services", "namespace": "default", "name": "kept"}
    engine.api.create("IPAddress", {"metadata": {"name": "10.96.7.7"}, "spec": {"parentRef": parent}})
    service = {"metadata": {"name": "a"}, "spec": {"clusterIP": "10.96.7.7", "ports": [{"port": 80}]}}
    refused = engine.call("POST", "/api/v1/namespaces/default/services", {"apiVersion": "v1", "kind": "Service", **service})
    assert refused.status == 422 and "provided IP is already allocated" in refused.json()["message"]
