"""Requests made up from the types of every built-in kind: none breaks the server, and a refused one leaves nothing behind.

A seed is a conversation of its own, the same each time: hypothesis picks the seeds and shrinks to the smallest that fails.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cluster_core.apiserver import schema
from cluster_core.apiserver.kind import Kind, Served
from cluster_core.machinery.typed import Type
from tests.builders import Engine

WORDS = ["a", "web", "default", "", "Bad_Name!", "10.0.0.1", "::1", "a" * 70, "*", "Always", "nginx", "a.b.c/d", "1", "-1", "http",
         "https://a.b", "2020-01-01T00:00:00Z", "size(self) > 0", "{", "🙂", "\x00", "v1", "a=b", "100%", "=", "app", "cpu"]  # fmt: skip
ODD: Sequence[Any] = [None, 1, -1, "x", [], {}, True, 1.5, 10**19, [[]], {"a": {}}, "🙂"]
SCALARS: dict[str, Sequence[Any]] = {
    "string": WORDS,
    "bytes": ["", "YQ==", "!!"],
    "integer": [0, 1, -1, 80, 2**31 - 1, 2**31, 2**63 - 1, -(2**63), 65536],
    "number": [0, 1.5, -1, 1e300],
    "boolean": [True, False],
    "quantity": ["1", "100m", "1Gi", "-1", "0", "abc", "1e3", "9" * 30 + "Gi", 5, "1n"],
    "intstr": [1, 0, -1, 80, "http", "50%", "101%", "x%", 2**31],
    "time": ["2020-01-01T00:00:00Z", "x", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", None],
    "any": [{}, {"a": 1}, "x", [1], None, {"type": "object"}, {"type": "string", "x-kubernetes-validations": [{"rule": "self"}]}],
}  # fmt: skip
PATCHES = {
    "application/merge-patch+json": False,
    "application/strategic-merge-patch+json": False,
    "application/apply-patch+yaml": False,
    "application/json-patch+json": True,
}
POINTERS = ["/spec", "/metadata/labels", "/metadata/name", "/x/y", "", "/spec/containers/0", "/status", "/metadata"]
REAL_5XX = (
    "failed to create typed patch object",
    "resourceVersion should not be set on objects to be created",
    "strconv.ParseUint",
    "target.",
    "no node can be reached",
    "resource name may not be empty",
    "does not exist",
    "[target.",
)
"""What the real server answers with a 5xx, too."""


class Asked(NamedTuple):
    method: str
    path: str
    body: Any
    query: list[tuple[str, str]]
    media: str


class Maker:
    """Makes up requests, a little wrong now and then."""

    def __init__(self, seed: int, kinds: Sequence[Kind]) -> None:
        self.chance, self.kinds = random.Random(seed), kinds

    def value(self, type: Type, depth: int = 0) -> Any:
        if self.chance.random() < 0.04:
            return self.chance.choice(ODD)
        if type.kind == "struct":
            share = 0.1 if depth > 7 else 0.35 if depth > 2 else 0.6
            found = {name: self.value(each.type, depth + 1) for name, each in type.fields.items() if self.chance.random() < share}
            return {**found, "bogus": 1} if self.chance.random() < 0.01 else found
        if type.kind in ("map", "list") and type.element is not None:
            items = [self.value(type.element, depth + 1) for _ in range(self.chance.randint(0, 3))]
            return items if type.kind == "list" else {self.chance.choice(WORDS): item for item in items}
        return self.chance.choice(SCALARS.get(type.kind, SCALARS["time"] if "time" in type.kind else SCALARS["any"]))

    def body(self, kind: Kind, served: Served, name: str) -> Any:
        found = self.value(schema.type_of(served.group, served.version, kind.name))
        if not isinstance(found, dict):
            return found
        if self.chance.random() < 0.9:
            found["metadata"] = {"name": name}
        version = f"{served.group}/{served.version}" if served.group else served.version
        return {**found, "apiVersion": version, "kind": kind.name} if self.chance.random() < 0.95 else found

    def request(self) -> Asked:
        kind = self.chance.choice(self.kinds)
        served, name = self.chance.choice(kind.all_served()), self.chance.choice(["a", "b", "web", "default", "Bad!", "node-1"])
        root = f"/apis/{served.group}" if served.group else "/api"
        path = f"{root}/{served.version}{'/namespaces/default' if kind.namespaced else ''}/{kind.plural}"
        method = self.chance.choice(["POST", "POST", "POST", "PUT", "PATCH", "PATCH", "DELETE", "GET"])
        if method != "POST":
            path += f"/{name}"
            if self.chance.random() < 0.2:
                path += "/" + self.chance.choice(["status", "scale", *(each.name for each in kind.subresources)])
        body, media = self.body(kind, served, name), "application/json"
        if method == "PATCH":
            media = self.chance.choice(list(PATCHES))
            body = self.operations() if PATCHES[media] else body
        return Asked(method, path, None if method in ("GET", "DELETE") else body, self.query(), media)

    def operations(self) -> list[dict[str, Any]]:
        kinds = ["add", "remove", "replace", "test", "copy", "move"]
        pick = self.chance.choice
        return [{"op": pick(kinds), "path": pick(POINTERS), "from": pick(POINTERS), "value": pick(ODD)} for _ in range(3)]

    def query(self) -> list[tuple[str, str]]:
        names = ["dryRun", "fieldValidation", "force", "labelSelector", "fieldSelector", "limit", "resourceVersion", "continue"]
        chosen = [(name, self.chance.choice([*WORDS, "All", "Strict", "true"])) for name in names if self.chance.random() < 0.1]
        return [*chosen, ("fieldManager", "m")]


def is_fine(status: int, text: str) -> bool:
    return status < 500 or any(part in text for part in REAL_5XX)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(nodes=2)


def published(engine: Engine) -> list[Kind]:
    """The built-in kinds whose types are known."""
    known = schema.names_by_kind()
    found = [kind for kind in engine.cluster.server.kinds if (kind.group, kind.version, kind.name) in known]
    return sorted(found, key=lambda kind: (kind.group, kind.name))


@pytest.mark.slow
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_whatever_is_asked_the_answer_is_no_server_error(engine: Engine, seed: int) -> None:
    maker = Maker(seed, published(engine))
    for _ in range(40):
        asked = maker.request()
        before = engine.cluster.server.storage.revision
        answer = engine.call(asked.method, asked.path, asked.body, query=asked.query, content_type=asked.media)
        assert is_fine(answer.status, answer.body.decode()), (asked, answer.body[:400])
        assert answer.status < 400 or engine.cluster.server.storage.revision == before, asked
    engine.cluster.advance(2)


def test_every_kind_is_asked_about(engine: Engine) -> None:
    kinds = published(engine)
    maker = Maker(7, kinds)
    asked = {maker.request().path.split("/namespaces/default")[-1] for _ in range(4000)}
    plurals = {part for path in asked for part in path.split("/")}
    assert {kind.plural for kind in kinds} <= plurals


@pytest.mark.parametrize(
    "patch",
    [
        [{"op": "copy", "from": "/data", "path": f"/data/x{index}"} for index in range(60)],
        [{"op": "add", "path": "/data/" + "/".join("a" * 500), "value": "x"}],
        [{"op": "test", "path": "/data", "value": {"a": 10**400}}],
    ],
    ids=["doubling", "deep", "huge"],
)
def test_patches_that_explode_are_refused_and_leave_nothing(engine: Engine, patch: list[dict[str, Any]]) -> None:
    path = "/api/v1/namespaces/default/configmaps"
    engine.call("POST", path, {"metadata": {"name": "bomb"}, "data": {"a": "b"}})
    before = engine.cluster.server.storage.revision
    body = str(patch).replace("'", '"').encode()
    answer = engine.call("PATCH", f"{path}/bomb", body, content_type="application/json-patch+json")
    assert 400 <= answer.status < 500
    assert engine.cluster.server.storage.revision == before
