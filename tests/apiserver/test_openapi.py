"""The OpenAPI documents clients ask for."""

from types import SimpleNamespace

import orjson
import pytest

from cluster_core.apiserver import discovery, openapi, openapi_customs
from cluster_core.apiserver.kind import Kind
from cluster_core.apiserver.request import ApiRequest
from tests.apiserver.recordings import GOLDEN, load
from tests.apiserver.test_discovery import built_in

DOCUMENTS = sorted(
    path.stem for path in (GOLDEN / "discovery/openapi_v3").glob("api*__v*.json") if path.stem.count("__") >= 1
)
PROSE = ("description", "x-kubernetes-group-version-kind")
WIDGET = Kind(
    "Widget",
    plural="widgets",
    group="example.com",
    facts={
        "types": {},
        "schemas": {"v1": {"type": "object", "properties": {"spec": {"type": "object", "description": "Its wish."}}}},
    },
)


@pytest.fixture(scope="module")
def server():
    return SimpleNamespace(kinds=[*built_in(), WIDGET])


def get(server, path, accept="application/json", query=()):
    return openapi.answer(server, ApiRequest("GET", path, query, {"accept": accept}), path)


def without_prose(node):
    if isinstance(node, dict):
        return {key: without_prose(value) for key, value in node.items() if key not in PROSE}
    return [without_prose(item) for item in node] if isinstance(node, list) else node


@pytest.mark.parametrize("name", DOCUMENTS)
def test_schemas_and_operations_are_those_of_the_real_server(server, name):
    recorded = load(f"discovery/openapi_v3/{name}.json")
    ours = get(server, "/openapi/v3/" + name.replace("__", "/")).json()
    schemas = ours["components"]["schemas"]
    for key, schema in recorded["components"]["schemas"].items():
        assert without_prose(schemas[key].get("properties")) == without_prose(schema.get("properties")), key
    for path, item in recorded["paths"].items():
        if path.endswith(("/", "{path}")) or "/watch/" in path:
            continue
        for method in set(item) - {"parameters", "head", "options"}:
            check_operation(item[method], ours["paths"][path][method])


def check_operation(recorded, ours):
    for key in ("operationId", "requestBody", "x-kubernetes-group-version-kind"):
        assert ours.get(key) == recorded.get(key)
    names = [[parameter["name"] for parameter in operation.get("parameters", ())] for operation in (ours, recorded)]
    assert names[0] == names[1], recorded["operationId"]


def test_every_reference_leads_somewhere(server):
    for path in orjson.loads(get(server, "/openapi/v3").body)["paths"]:
        text = get(server, f"/openapi/v3/{path}").body
        known = orjson.loads(text)["components"]["schemas"]
        assert references(orjson.loads(text), "#/components/schemas/") <= set(known), path


def references(node, prefix):
    if isinstance(node, dict):
        own = {node["$ref"].removeprefix(prefix)} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(references(value, prefix) for value in node.values()))
    return set().union(*(references(item, prefix) for item in node)) if isinstance(node, list) else set()


def test_version_2_is_one_whole_document(server):
    body = get(server, "/openapi/v2").json()
    assert body["swagger"] == "2.0"
    assert references(body, "#/definitions/") <= set(body["definitions"])
    assert "/apis/apps/v1/namespaces/{namespace}/deployments/{name}" in body["paths"]
    create = body["paths"]["/api/v1/namespaces/{namespace}/pods"]["post"]
    assert create["parameters"][0]["schema"] == {"$ref": "#/definitions/io.k8s.api.core.v1.Pod"}
    assert body["definitions"]["io.k8s.api.core.v1.Container"]["properties"]["resources"]["$ref"].startswith(
        "#/definitions/"
    )


def test_the_hash_in_the_index_changes_with_a_custom_kind(server):
    changed = Kind(
        "Widget", plural="widgets", group="example.com", facts={"types": {}, "schemas": {"v1": {"type": "object"}}}
    )
    before = get(server, "/openapi/v3").json()["paths"]
    after = get(SimpleNamespace(kinds=[*built_in(), changed]), "/openapi/v3").json()["paths"]
    assert before["apis/example.com/v1"] != after["apis/example.com/v1"]
    assert before["apis/apps/v1"] == after["apis/apps/v1"]


def test_a_custom_kind_has_its_schema_and_paths(server):
    body = get(server, "/openapi/v3/apis/example.com/v1", query=[("hash", "X")]).json()
    widget = body["components"]["schemas"]["com.example.v1.Widget"]
    assert widget["properties"]["spec"] == {"type": "object", "description": "Its wish."}
    assert widget["x-kubernetes-group-version-kind"] == [{"group": "example.com", "version": "v1", "kind": "Widget"}]
    patch = body["paths"]["/apis/example.com/v1/namespaces/{namespace}/widgets/{name}"]["patch"]
    assert "fieldValidation" in [parameter["name"] for parameter in patch["parameters"]]


def test_protobuf_of_version_2_has_a_head_so_that_kubectl_says_what_it_lacks(server):
    answer = get(server, "/openapi/v2", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf")
    assert answer.body.startswith(b"\x0a\x032.0")
    assert get(server, "/openapi/v3/apis/nothing/v1") is discovery.PAGE_NOT_FOUND


def test_version_2_leaves_out_what_it_cannot_say_of_custom_kinds():
    whole = {
        "type": "object",
        "required": ["spec"],
        "properties": {
            "spec": {"type": "object", "nullable": True, "properties": {"a": {"type": "string"}}},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"a": {"type": "string"}}},
            "either": {"oneOf": [{"required": ["a"]}], "type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}},
        },
    }
    assert openapi_customs.simple(whole) == {
        "type": "object",
        "properties": {
            "spec": {},
            "free": {"x-kubernetes-preserve-unknown-fields": True},
            "either": {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}},
        },
    }


def test_version_2_says_nothing_of_a_custom_kind_that_takes_anything():
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"spec": {"type": "object"}}}
    facts = {"types": {}, "schemas": {"v1": schema}}
    server = SimpleNamespace(kinds=[Kind("Widget", plural="widgets", group="example.com", facts=facts)])
    found = get(server, "/openapi/v2").json()["definitions"]["com.example.v1.Widget"]
    assert found == {"type": "object", "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Widget"}]}
    assert get(server, "/openapi/v3/apis/example.com/v1").json()["components"]["schemas"]["com.example.v1.Widget"]["properties"]["spec"]
