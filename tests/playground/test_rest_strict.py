"""REST takes no field it does not know, says which, and tells so in its OpenAPI document."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from playground.classroom.models import ApiToken, Course

pytestmark = pytest.mark.django_db
FREE = {
    ("patch", "/api/v1/clusters/{cluster}/timings/"),
}
"""Bodies whose fields the simulation knows and checks."""
CHANGES = ("post", "put", "patch")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return found


def bodies(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """The schema of each JSON body."""
    found = {}
    for path, operations in document["paths"].items():
        for method in operations.keys() & set(CHANGES):
            content = operations[method].get("requestBody", {}).get("content", {})
            if "application/json" in content:
                found[method, path] = content["application/json"]["schema"]
    return found


def test_every_body_is_closed(document: dict[str, Any]) -> None:
    found = bodies(document)
    assert len(found) > 20
    schemas = document["components"]["schemas"]
    for place, schema in found.items():
        closed = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        assert place in FREE or closed.get("additionalProperties") is False, place


def ask(method: str, path: str, body: object, **headers: str) -> tuple[int, dict[str, Any]]:
    web = Client(HTTP_HOST="localhost", headers=headers)
    answer = web.generic(method, path, json.dumps(body), content_type="application/json")
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/v1/clusters/", {"name": "a", "nodez": 3}, "nodez"),
        ("/api/v1/clusters/a/nodes/", {"mem": "8Gi"}, "mem"),
        ("/api/v1/clusters/a/nodes/b/kill/", {"force": True}, "force"),
        ("/api/v1/clusters/a/nodes/b/load/", {"cpu": "1"}, "cpu"),
        ("/api/v1/clusters/a/components/kube-scheduler/stop/", {"nod": "a"}, "nod"),
        ("/api/v1/clusters/a/clock/", {"action": "advance", "second": 3}, "second"),
        ("/api/v1/clusters/a/fork/", {"name": "b", "rev": 3}, "rev"),
        ("/api/v1/clusters/a/trace/", {"to": "b", "form": "outside"}, "form"),
        ("/api/v1/clusters/a/demo/", {"action": "record", "titel": "x"}, "titel"),
        ("/api/v1/exercises/first-pod/submissions/", {"manifest": "kind: Pod"}, "manifest"),
    ],
)
def test_a_field_nobody_knows_is_named(path: str, body: dict[str, object], field: str) -> None:
    status, told = ask("POST", path, body)
    assert (status, told["code"], list(told["errors"])) == (400, 400, [field])
    assert told["message"].startswith(f"{field}: unknown field")


def test_what_is_only_shown_cannot_be_set(settings: Any) -> None:
    settings.LOCAL_MODE = False
    Course.objects.create(slug="alpha", name="Alpha")
    _, secret = ApiToken.issue(name="automation", scopes="teach")
    status, told = ask("PATCH", "/api/v1/courses/alpha/", {"frozen": True}, Authorization=f"Bearer {secret}")
    assert (status, told["message"]) == (400, "frozen: cannot be set here")


def test_questions_are_read_as_strictly() -> None:
    answer = Client(HTTP_HOST="localhost").get("/api/v1/clusters/a/history/", {"revison": "3"})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["revison"])


def test_a_message_names_the_field_and_what_is_wrong_with_it() -> None:
    status, told = ask("POST", "/api/v1/clusters/", {"name": "a", "nodes": "many"})
    assert (status, told["message"]) == (400, "nodes: A valid integer is required.")
