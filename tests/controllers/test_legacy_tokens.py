"""Old tokens of service accounts that nobody uses. Models legacy_serviceaccount_token_cleaner.go and pkg/serviceaccount/legacy.go."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.builders import Engine

YEAR = 365 * 24 * 3600
USED, INVALID = "kubernetes.io/legacy-token-last-used", "kubernetes.io/legacy-token-invalid-since"


@pytest.fixture
def engine() -> Engine:
    made = Engine(nodes=1)
    metadata = {"name": "old", "namespace": "default", "annotations": {"kubernetes.io/service-account.name": "default"}}
    made.api.create("Secret", {"metadata": metadata, "type": "kubernetes.io/service-account-token"})
    made.settle()
    return made


def listed(engine: Engine) -> None:
    engine.api.patch("ServiceAccount", "default", "default", {"secrets": [{"name": "old"}]})


def secret(engine: Engine) -> Any:
    return engine.api.get("Secret", "default", "old")


def token(engine: Engine) -> str:
    return base64.b64decode(secret(engine)["data"]["token"]).decode()


def use(engine: Engine) -> int:
    return engine.call("GET", "/api", user=None, authorization=f"Bearer {token(engine)}").status


def test_an_automatic_token_is_marked_after_a_year_and_deleted_after_another(engine: Engine) -> None:
    listed(engine)
    engine.cluster.advance(YEAR - 5 * 24 * 3600)
    assert INVALID not in secret(engine)["metadata"].get("labels", {})
    engine.cluster.advance(8 * 24 * 3600)
    assert secret(engine)["metadata"]["labels"][INVALID].startswith("2027-01-0")
    assert use(engine) == 401, "what is marked is believed no longer"
    assert secret(engine) is not None
    engine.cluster.advance(YEAR + 3 * 24 * 3600)
    assert secret(engine) is None


def test_a_token_made_by_hand_stays(engine: Engine) -> None:
    engine.cluster.advance(2 * YEAR + 10 * 24 * 3600)
    assert secret(engine) is not None and INVALID not in secret(engine)["metadata"].get("labels", {})


def test_a_token_that_is_used_is_noted_and_stays(engine: Engine) -> None:
    listed(engine)
    engine.cluster.advance(YEAR - 5 * 24 * 3600)
    assert use(engine) != 401
    assert secret(engine)["metadata"]["labels"][USED] == engine.cluster.clock.timestamp()[:10]
    engine.cluster.advance(30 * 24 * 3600)
    assert INVALID not in secret(engine)["metadata"]["labels"]


def test_waiting_for_a_year_is_no_work(engine: Engine) -> None:
    listed(engine)
    engine.settle()
    assert engine.cluster.stable()
