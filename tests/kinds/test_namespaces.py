"""Namespaces: their label, their finalizers and their phase."""

from __future__ import annotations

import pytest

from tests.builders import Engine


@pytest.fixture
def engine() -> Engine:
    return Engine(nodes=0)


def test_a_namespace_is_labelled_with_its_name_even_when_the_name_was_made_up(engine: Engine) -> None:
    made = engine.call("POST", "/api/v1/namespaces", {"metadata": {"generateName": "made-"}}).json()
    assert made["metadata"]["labels"] == {"kubernetes.io/metadata.name": made["metadata"]["name"]}
    assert made["spec"] == {"finalizers": ["kubernetes"]}
    assert made["status"] == {"phase": "Active"}


def test_finalizers_are_well_known_or_qualified(engine: Engine) -> None:
    body = {"metadata": {"name": "held"}, "spec": {"finalizers": ["mine"]}}
    detail = "name is neither a standard finalizer name nor is it fully qualified"
    assert (
        f'spec.finalizers: Invalid value: "mine": {detail}'
        in engine.call("POST", "/api/v1/namespaces", body).json()["message"]
    )
    engine.call("POST", "/api/v1/namespaces", {"metadata": {"name": "held"}})
    answer = engine.call("PUT", "/api/v1/namespaces/held/finalize", body)
    assert answer.json()["details"]["causes"][0]["field"] == "spec.finalizers[0]"


def test_only_a_namespace_that_is_being_deleted_is_terminating(engine: Engine) -> None:
    engine.call("POST", "/api/v1/namespaces", {"metadata": {"name": "alive"}})
    patch = {"status": {"phase": "Terminating"}}
    path = "/api/v1/namespaces/alive/status"
    answer = engine.call("PATCH", path, patch, content_type="application/merge-patch+json")
    assert answer.status == 422
    assert "may only be 'Active' if `deletionTimestamp` is empty" in answer.json()["message"]
