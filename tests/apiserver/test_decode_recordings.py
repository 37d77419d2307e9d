"""Decoding against the recordings of a real control plane: the same refusals, and nothing else refused."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster_core.apiserver import decode, schema
from cluster_core.apiserver.decode_exact import Walk
from cluster_core.machinery.errors import ApiError
from tests.apiserver.recordings import gvk_of, load

JSON = "application/json"
NOT_DECODING = "is required for TokenReview"
"""Refusals with 400 that come from the kind, not from its decoding."""
EMPTY = ({}, [], None, "", 0, False)


def outcome(body, gvk, strict="Strict", content_type=JSON):
    """The refusal's message, or the decoded object."""
    try:
        return decode.decode(body, content_type, schema.type_of(*gvk), gvk=gvk, strict=strict)
    except ApiError as error:
        assert error.code == 400
        return error.message


def test_every_recorded_refusal_of_a_mutation_has_the_same_words():
    cases = [case for case in load("mutations.json") if case["status"] == 400]
    cases = [case for case in cases if NOT_DECODING not in case["response"]["message"]]
    wrong = [
        (case["response"]["message"], got)
        for case in cases
        if (got := outcome(json.dumps(case["request"]).encode(), gvk_of(case["path"]))) != case["response"]["message"]
    ]
    assert len(cases) > 450
    assert wrong == []


def test_no_mutation_that_the_real_server_decoded_is_refused():
    cases = [case for case in load("mutations.json") if case["status"] != 400]
    results = [outcome(json.dumps(case["request"]).encode(), gvk_of(case["path"])) for case in cases]
    assert [result for result in results if isinstance(result, str)] == []


def leaves(node, path=()):
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    if not items or not node:
        yield path, node
    for key, value in items:
        yield from leaves(value, (*path, key))


def find(node, path):
    for key in path:
        try:
            node = node[key]
        except (KeyError, IndexError, TypeError):
            return EMPTY[0]
    return node


CHANGED_LATER = {"stringData", "namespace"}
"""Members that a strategy moves or drops after decoding."""


def test_what_survives_decoding_is_what_the_real_server_answered():
    wrong = []
    for name, case in load("create.json").items():
        if case["status"] != 201:
            continue
        decoded = outcome(json.dumps(case["request"]).encode(), gvk_of(case["path"]))
        for path, value in leaves(decoded.obj):
            answered = find(case["response"], path)
            if value != answered and value not in EMPTY and not CHANGED_LATER & set(path):
                wrong.append((name, path, value, answered))
    assert wrong == []


def test_what_the_client_asked_for_and_got_is_not_lost_in_decoding():
    wrong = []
    for name, case in load("create.json").items():
        if case["status"] != 201:
            continue
        decoded = outcome(json.dumps(case["request"]).encode(), gvk_of(case["path"])).obj
        for path, value in leaves(case["response"]):
            if find(case["request"], path) not in EMPTY and value not in EMPTY and find(decoded, path) != value:
                wrong.append((name, path, value, find(decoded, path)))
    assert wrong == []


def transcript_cases():
    for name in ("malformed-bodies", "field-duplicates"):
        for step in load(f"transcripts/{name}.json")["steps"]:
            response = step["response"]
            message = response["body"].get("message", "")
            if step["method"] != "POST" or "/namespaces/" not in step["path"] or "namespace of the provided" in message:
                continue
            yield pytest.param(step, id=f"{name}-{step['id']}")


@pytest.mark.parametrize("step", list(transcript_cases()))
def test_recorded_conversations_about_bodies(step):
    body = step["raw_body"].encode() if "raw_body" in step else json.dumps(step["body"]).encode()
    strict = step.get("query", {}).get("fieldValidation", "Warn")
    content_type = step.get("headers", {}).get("Content-Type", JSON)
    got = outcome(body, gvk_of(step["path"]), strict, content_type)
    response = step["response"]
    if response["status"] == 400:
        assert got == response["body"]["message"]
        return
    assert ["299 - " + json.dumps(warning) for warning in got.warnings] == response["warnings"]
    if response["status"] == 201:
        assert got.obj.get("data") == response["body"].get("data")


def test_the_quick_and_the_exact_way_agree():
    for case in load("create.json").values():
        if case["status"] != 201:
            continue
        type = schema.type_of(*gvk_of(case["path"]))
        exact = Walk().decode(type, case["request"])
        assert decode.normalize(type, exact) == decode.normalize(type, case["request"])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
SAMPLES = ["Pod", "Service", "Secret", "ConfigMap", "Node", "Event", "PersistentVolumeClaim"]


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(SAMPLES), data=st.data())
def test_whatever_is_sent_is_decoded_or_refused(kind, data):
    type = schema.type_of("", "v1", kind)
    body = {}
    for key in data.draw(st.lists(st.sampled_from(sorted(type.fields)), max_size=3)):
        inner = type.fields[key].type
        keys = sorted(inner.fields) or ["x"]
        body[key] = data.draw(st.dictionaries(st.sampled_from(keys), json_values, max_size=3) | json_values)
    result = outcome(json.dumps(body).encode(), ("", "v1", kind), "Warn")
    if not isinstance(result, str):
        assert decode.normalize(type, result.obj) == result.obj


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=40) | st.text(alphabet='{}[]:,"\\ua1.-e ', max_size=20).map(str.encode))
def test_any_bytes_are_decoded_or_refused(body):
    outcome(body, ("", "v1", "Pod"))
    outcome(body, ("", "v1", "Pod"), content_type="application/yaml")
