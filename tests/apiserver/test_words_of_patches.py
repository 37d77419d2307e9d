"""What patches and applies that do not fit are told, and in which order. Found by asking a real server the same at random.

The rules are those of apimachinery's strategicpatch and converter, evanphx/json-patch, encoding/json and fmt.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.builders import Engine, pod, workload

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
SECRETS = "/api/v1/namespaces/default/secrets"
MERGE, JSON = "application/merge-patch+json", "application/json-patch+json"
STRATEGIC, APPLY = "application/strategic-merge-patch+json", "application/apply-patch+yaml"
DRY = (("dryRun", "All"),)


@pytest.fixture(scope="module")
def engine() -> Engine:
    made = Engine(nodes=0)
    assert made.call("POST", DEPLOYMENTS, workload("Deployment")).status == 201
    assert made.call("POST", CONFIG_MAPS, {"metadata": {"name": "c"}, "data": {"a": "b"}}).status == 201
    return made


def told(engine: Engine, path: str, body: Any, media: str, *query: tuple[str, str]) -> tuple[int, str]:
    answer = engine.call("PATCH", path, body, query=[*DRY, *query], content_type=media)
    return answer.status, str(answer.json().get("message", ""))


# ------------------------------------------------------------------------------------------------ directives at the top


def test_a_patch_that_deletes_all_leaves_no_name(engine: Engine) -> None:
    expected = "the name of the object (c based on URL) was undeterminable: name must be provided"
    assert told(engine, f"{CONFIG_MAPS}/c", {"$patch": "delete"}, STRATEGIC) == (400, expected)


def test_a_patch_that_replaces_all_needs_no_kind(engine: Engine) -> None:
    body = {"$patch": "replace", "metadata": {"name": "c"}}
    answer = engine.call("PATCH", f"{CONFIG_MAPS}/c", body, query=DRY, content_type=STRATEGIC)
    assert (answer.status, "data" in answer.json()) == (200, False)


def test_an_unknown_directive_is_printed_as_a_text_that_it_is_not(engine: Engine) -> None:
    status, message = told(engine, f"{CONFIG_MAPS}/c", {"$patch": 5}, STRATEGIC)
    assert (status, message) == (500, "unknown patch type: %!s(int64=5) in map: map[$patch:5]")


# ------------------------------------------------------------------------------------------------ numbers


@pytest.mark.parametrize(("number", "shown"), [(100000.0, "100000"), (1e6, "1e+06"), (1234567.5, "1.2345675e+06"), (10**19, "1e+19")])
def test_floats_are_printed_as_go_prints_them(engine: Engine, number: float, shown: str) -> None:
    message = told(engine, f"{CONFIG_MAPS}/c", {"metadata": {"labels": [number]}}, STRATEGIC)[1]
    assert f"labels:[{shown}]" in message


def test_a_strategic_patch_cuts_a_number_to_its_32_bits(engine: Engine) -> None:
    body = {"spec": {"replicas": 2**32 + 3}}
    answer = engine.call("PATCH", f"{DEPLOYMENTS}/web", body, query=DRY, content_type=STRATEGIC)
    assert answer.json()["spec"]["replicas"] == 3
    assert "cannot unmarshal number" in told(engine, f"{DEPLOYMENTS}/web", body, MERGE)[1]


# ------------------------------------------------------------------------------------------------ the patched text


def test_what_a_patch_left_alone_keeps_the_order_of_its_declaration(engine: Engine) -> None:
    message = told(engine, f"{DEPLOYMENTS}/web", {"spec": {"replicas": "x"}}, MERGE)[1]
    container = message.partition('\\"containers\\":[{')[2]
    assert container.index("name") < container.index("image") < container.index("resources")
    spec = message.partition('\\"spec\\":{')[2]
    assert spec.index("progressDeadlineSeconds") < spec.index("replicas") < spec.index("selector")


def test_the_first_mistake_in_the_text_is_the_one_told(engine: Engine) -> None:
    operations = [{"op": "replace", "path": "/metadata", "value": True}, {"op": "replace", "path": "/data", "value": "x"}]
    message = told(engine, f"{CONFIG_MAPS}/c", operations, JSON)[1]
    assert message.endswith("json: cannot unmarshal string into Go struct field ConfigMap.data of type map[string]string")


def test_a_patched_version_that_is_no_text_cannot_be_found(engine: Engine) -> None:
    operation = [{"op": "replace", "path": "/apiVersion", "value": 1}]
    message = told(engine, f"{CONFIG_MAPS}/c", operation, JSON)[1]
    assert message.endswith("couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .apiVersion of type string")


def test_without_a_version_the_kind_is_looked_for_inside_the_server(engine: Engine) -> None:
    operations = [{"op": "remove", "path": "/apiVersion"}, {"op": "replace", "path": "/kind", "value": "Q"}]
    message = told(engine, f"{CONFIG_MAPS}/c", operations, JSON)[1]
    assert 'no kind "Q" is registered for the internal version of group "" in scheme' in message


def test_without_a_kind_it_is_taken_as_what_it_was(engine: Engine) -> None:
    assert told(engine, f"{CONFIG_MAPS}/c", [{"op": "remove", "path": "/kind"}], JSON) == (200, "")


def test_a_map_that_a_patch_empties_is_shown_empty(engine: Engine) -> None:
    body = {"spec": {"template": {"metadata": {"labels": {"app": None}}}}}
    message = told(engine, f"{DEPLOYMENTS}/web", body, MERGE)[1]
    assert "spec.template.metadata.labels: Invalid value: {}:" in message


def test_maps_are_shown_in_the_order_of_their_keys(engine: Engine) -> None:
    body = {"spec": {"selector": {"matchLabels": {"z": "1", "a": "2"}}}}
    assert '{"matchLabels":{"a":"2","app":"web","z":"1"}}: field is immutable' in told(engine, f"{DEPLOYMENTS}/web", body, MERGE)[1]


# ------------------------------------------------------------------------------------------------ server-side apply


def applied(engine: Engine, path: str, body: Any, *query: tuple[str, str]) -> tuple[int, str]:
    return told(engine, path, body, APPLY, ("fieldManager", "m"), *query)


def test_an_apply_of_a_list_is_told_what_was_expected(engine: Engine) -> None:
    status, message = applied(engine, f"{CONFIG_MAPS}/c", [])
    assert status == 400
    assert message.endswith("json: cannot unmarshal array into Go value of type map[string]interface {}")


def test_what_the_schema_allows_and_the_type_does_not_is_a_plain_500(engine: Engine) -> None:
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "!"}}
    status, message = applied(engine, f"{SECRETS}/s", body)
    expected = "failed to convert new object (/s; /v1, Kind=Secret) to proper version: unable to convert unstructured object to /v1, "
    assert (status, message) == (500, f"{expected}Kind=Secret: error decoding from json: illegal base64 data at input byte 0")


def test_a_scale_can_be_applied_and_conflicts_with_who_has_the_replicas(engine: Engine) -> None:
    scale = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "web"}, "spec": {"replicas": 7}}
    path = f"{DEPLOYMENTS}/web/scale"
    status, message = applied(engine, path, scale)
    assert (status, message) == (409, 'Apply failed with 1 conflict: conflict with "unknown" using autoscaling/v1: .spec.replicas')
    answer = engine.call("PATCH", path, scale, query=(("fieldManager", "m"), ("force", "true")), content_type=APPLY)
    assert answer.json()["spec"] == {"replicas": 7}
    owners = engine.call("GET", f"{DEPLOYMENTS}/web").json()["metadata"]["managedFields"]
    mine = next(entry for entry in owners if entry["manager"] == "m")
    assert (mine["operation"], mine["apiVersion"], mine["subresource"]) == ("Apply", "apps/v1", "scale")
    assert mine["fieldsV1"] == {"f:spec": {"f:replicas": {}}}
    assert not any("f:replicas" in entry["fieldsV1"].get("f:spec", {}) for entry in owners if entry is not mine)


# ------------------------------------------------------------------------------------------------ answers


def test_a_refusal_comes_in_the_encoding_that_was_asked_for(engine: Engine) -> None:
    answer = engine.call("GET", f"{CONFIG_MAPS}/none", accept="application/yaml")
    assert answer.content_type == "application/yaml"
    assert yaml.safe_load(answer.body)["reason"] == "NotFound"
    assert engine.call("GET", f"{CONFIG_MAPS}/none", accept="text/html").content_type == "application/json"


def test_curl_gets_its_json_indented(engine: Engine) -> None:
    path = f"{CONFIG_MAPS}/c"
    assert b"\n  " in engine.call("GET", path, user_agent="curl/8.0").body
    assert b"\n" not in engine.call("GET", path).body
    assert b"\n" not in engine.call("GET", path, user_agent="curl/8.0", query=(("pretty", "0"),)).body


def test_a_status_without_columns_is_not_to_be_had_as_a_table(engine: Engine) -> None:
    table = "application/json;as=Table;v=v1;g=meta.k8s.io"
    path = "/apis/apiregistration.k8s.io/v1/apiservices/v1.apps"
    assert engine.call("GET", path, accept=table).status == 200
    assert engine.call("GET", f"{path}/status", accept=table).status == 406


def test_the_table_of_a_dry_run_has_no_version(engine: Engine) -> None:
    table = "application/json;as=Table;v=v1;g=meta.k8s.io"
    answer = engine.call("POST", "/api/v1/namespaces/default/pods", pod("dry"), query=DRY, accept=table)
    assert answer.json()["metadata"] == {}


# ------------------------------------------------------------------------------------------------ other kinds and numbers


def test_a_patch_does_not_make_an_object_another_kind(engine: Engine) -> None:
    message = told(engine, f"{DEPLOYMENTS}/web", {"apiVersion": "v1", "kind": "Pod"}, MERGE)[1]
    assert message.endswith("converting (v1.Pod) to (apps.Deployment): unknown conversion")


@pytest.mark.parametrize(("media", "prefix"), [(MERGE, "error decoding patch: "), (STRATEGIC, "")])
def test_a_number_without_bounds_is_refused(engine: Engine, media: str, prefix: str) -> None:
    answer = engine.call("PATCH", f"{DEPLOYMENTS}/web", b'{"spec":{"replicas":1e400}}', content_type=media)
    expected = f"{prefix}json: cannot unmarshal number 1e400 into Go value of type float64"
    assert (answer.status, answer.json()["message"]) == (400, expected)


def test_a_strategic_patch_of_null_changes_nothing(engine: Engine) -> None:
    assert engine.call("PATCH", f"{CONFIG_MAPS}/c", b"null", content_type=STRATEGIC).status == 200


def test_what_reads_itself_is_not_told_where_it_stands(engine: Engine) -> None:
    message = told(engine, f"{CONFIG_MAPS}/c", {"metadata": {"creationTimestamp": 5}}, STRATEGIC)[1]
    assert message.endswith("json: cannot unmarshal number into Go value of type string")


@pytest.mark.parametrize(
    ("body", "media", "cause"),
    [
        (b"{}", "application/vnd.kubernetes.protobuf", "expected prefix [107 56 115 0] ({})"),
        (b"", "application/vnd.kubernetes.protobuf", "empty data (<empty>)"),
        (b"a: \xff", "application/yaml", "yaml: invalid leading UTF-8 octet (613a20ff)"),
    ],
)
def test_a_body_that_is_not_what_it_says_is_refused(engine: Engine, body: bytes, media: str, cause: str) -> None:
    answer = engine.call("POST", CONFIG_MAPS, body, content_type=media)
    assert (answer.status, answer.json()["message"].endswith(cause)) == (400, True), answer.body


def test_a_timeout_has_to_be_a_duration(engine: Engine) -> None:
    answer = engine.call("GET", CONFIG_MAPS, query=(("timeout", "x"),))
    assert answer.json()["message"] == 'invalid timeout specified in the request URL - time: invalid duration "x"'
    assert engine.call("GET", CONFIG_MAPS, query=(("timeout", "32s"),)).status == 200
