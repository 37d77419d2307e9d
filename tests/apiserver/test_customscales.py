"""Scales and lists of custom resources, with what only these do. Models apiextensions' customresource/etcd.go."""

from __future__ import annotations

from typing import Any

import pytest

from tests.apiserver.test_customresources import OBJECTS, create, define, definition, fields, version, widget
from tests.builders import Engine

SCALE = f"{OBJECTS}/w/scale"
APPLY = "application/apply-patch+yaml"
SCALED = {"scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}}


@pytest.fixture
def engine() -> Engine:
    made = Engine(nodes=0, bare=True)
    schema = fields({"spec": fields({"replicas": {"type": "integer"}})})
    define(made, definition(version(schema=schema, subresources=SCALED)))
    create(made, widget(replicas=2))
    return made


def applied(engine: Engine, replicas: int) -> tuple[int, Any]:
    body = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "w"}, "spec": {"replicas": replicas}}
    answer = engine.call("PATCH", SCALE, body, query=(("fieldManager", "m"), ("force", "true")), content_type=APPLY)
    return answer.status, answer.json()


def test_an_apply_that_changes_nothing_shares_the_replicas(engine: Engine) -> None:
    assert applied(engine, 2)[0] == 200
    owners = engine.call("GET", f"{OBJECTS}/w").json()["metadata"]["managedFields"]
    assert [each.get("subresource") for each in owners if "f:replicas" in each["fieldsV1"].get("f:spec", {})] == ["scale", None]


def test_an_apply_that_changes_the_replicas_cannot_be_converted(engine: Engine) -> None:
    status, told = applied(engine, 3)
    assert status == 500
    assert told["message"].endswith("request to convert CR to an invalid group/version: autoscaling/v1")
    assert engine.call("GET", f"{OBJECTS}/w").json()["spec"] == {"replicas": 2}


def test_a_list_says_that_there_is_nothing_to_continue_with(engine: Engine) -> None:
    assert engine.call("GET", OBJECTS).json()["metadata"]["continue"] == ""
    assert "continue" not in engine.call("GET", "/api/v1/namespaces").json()["metadata"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_namespaced_resource_has_no_page_without_its_namespace(engine: Engine, method: str) -> None:
    answer = engine.call(method, OBJECTS.replace("/namespaces/default", ""), {} if method != "DELETE" else None)
    assert (answer.status, answer.body) == (404, b"404 page not found\n")
