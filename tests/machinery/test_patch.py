"""JSON patches and merge patches do what they did to the recorded objects."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster_core.machinery import errors, patch

LEAVES = st.none() | st.booleans() | st.integers(0, 3) | st.text("ab", max_size=2)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=1), inner), max_leaves=8
)
OBJECTS = st.dictionaries(st.text("abc", max_size=1), JSON, max_size=3)


def op(name: str, path: str, **more: Any) -> dict[str, Any]:
    return {"op": name, "path": path, **{"from" if key == "source" else key: value for key, value in more.items()}}


DOCUMENT = {"a": {"k": "1", "n": None}, "l": [1, 2, 3]}


@pytest.mark.parametrize(
    ("operation", "result"),
    [
        (op("add", "/a/x", value=1), {"a": {"k": "1", "n": None, "x": 1}, "l": [1, 2, 3]}),
        (op("add", "/l/-", value=4), {"a": DOCUMENT["a"], "l": [1, 2, 3, 4]}),
        (op("add", "/l/0", value=0), {"a": DOCUMENT["a"], "l": [0, 1, 2, 3]}),
        (op("add", "/l/-1", value=9), {"a": DOCUMENT["a"], "l": [1, 2, 3, 9]}),
        (op("replace", "/a/missing", value=1), {"a": {"k": "1", "n": None, "missing": 1}, "l": [1, 2, 3]}),
        (op("replace", "/l/-1", value=9), {"a": DOCUMENT["a"], "l": [1, 2, 9]}),
        (op("replace", "", value={"b": 1}), {"b": 1}),
        (op("remove", "/l/1"), {"a": DOCUMENT["a"], "l": [1, 3]}),
        (op("remove", "/a/n"), {"a": {"k": "1"}, "l": [1, 2, 3]}),
        (op("move", "/b", source="/a/k"), {"a": {"n": None}, "l": [1, 2, 3], "b": "1"}),
        (op("copy", "/a/c", source="/l"), {"a": {"k": "1", "n": None, "c": [1, 2, 3]}, "l": [1, 2, 3]}),
        (op("test", "/a/none", value=None), DOCUMENT),
        (op("test", "/a/n", value=None), DOCUMENT),
        (op("test", "/l", value=[1, 2, 3]), DOCUMENT),
        (op("test", "", value=DOCUMENT), DOCUMENT),
        (op("add", "ignored/b", value=1), {**DOCUMENT, "b": 1}),
    ],
)
def test_an_operation_that_applies(operation: dict[str, Any], result: Any) -> None:
    before = copy.deepcopy(DOCUMENT)
    assert patch.json_patch(DOCUMENT, [operation]) == result
    assert before == DOCUMENT


@pytest.mark.parametrize(
    "operation",
    [
        op("explode", "/a"),
        op("remove", "/a/none"),
        op("remove", ""),
        op("add", "/none/x", value=1),
        op("add", "/a/k/x", value=1),
        op("add", "/l/9", value=1),
        op("remove", "/l/x"),
        op("remove", "/l/-4"),
        op("move", "/b", source="/a/none"),
        op("test", "/a/k", value="2"),
        op("test", "/l/0", value=True),
        op("replace", "", value="text"),
        {"op": "add", "value": 1},
        {"op": "move", "path": "/b"},
    ],
)
def test_an_operation_that_does_not_apply_is_a_bare_422(operation: dict[str, Any]) -> None:
    with pytest.raises(errors.Invalid) as error:
        patch.json_patch(DOCUMENT, [operation])
    assert error.value.message == "the server rejected our request due to an error in our request"
    assert error.value.status()["details"] == {}


def test_what_is_no_list_of_operations_is_told_in_gos_words() -> None:
    with pytest.raises(errors.BadRequest) as error:
        patch.json_patch({}, {"op": "add"})
    assert error.value.message == (
        "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"
    )


def test_there_is_a_limit_to_the_operations() -> None:
    with pytest.raises(errors.TooLarge, match="maximum operations in a JSON patch is 10000, got 10001"):
        patch.json_patch({}, [op("test", "/a", value=None)] * 10_001)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (None, "Invalid JSON Patch"),
        ([], "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"),
    ],
)
def test_a_merge_patch_must_be_an_object(change: Any, message: str) -> None:
    with pytest.raises(errors.BadRequest) as error:
        patch.merge_patch({}, change)
    assert error.value.message == message


@given(OBJECTS, OBJECTS)
def test_a_merge_patch_is_idempotent_and_changes_no_input(document: Any, change: Any) -> None:
    before = copy.deepcopy((document, change))
    once = patch.merge_patch(document, change)
    assert patch.merge_patch(once, change) == once
    assert (document, change) == before


@given(OBJECTS, OBJECTS)
def test_members_a_merge_patch_does_not_name_stay(document: Any, change: Any) -> None:
    merged = patch.merge_patch(document, change)
    for key in document.keys() - change.keys():
        assert merged[key] == document[key]
    for key, value in change.items():
        assert (key in merged) == (value is not None)


def _comparable(obj: Any) -> Any:
    metadata = {k: v for k, v in obj["metadata"].items() if k not in ("managedFields", "resourceVersion", "generation")}
    return {**obj, "metadata": metadata}


@pytest.mark.parametrize("name", ["json-patch", "json-patch-lists", "merge-patch"])
def test_recorded_patches(name: str, steps: Callable[[str], list[Any]]) -> None:
    live: dict[str, Any] = {}
    checked = 0
    for step in steps(name):
        status, body = step["response"]["status"], step["response"]["body"]
        if step["method"] == "PATCH" and step["path"] in live and "body" in step:
            checked += _check(step, live[step["path"]])
        if status in (200, 201) and isinstance(body, dict) and "metadata" in body:
            path = step["path"] + ("/" + body["metadata"].get("name", "") if step["method"] == "POST" else "")
            live[path] = body
    assert checked >= 5


def _check(step: Any, live: Any) -> int:
    """Whether there was something to compare."""
    apply = patch.json_patch if isinstance(step["body"], list) else patch.merge_patch
    response = step["response"]
    if response["status"] == 422 and response["body"]["details"] == {}:
        with pytest.raises(errors.Invalid):
            apply(live, step["body"])
        return 1
    if response["status"] != 200 or live["kind"] not in ("ConfigMap", "Service"):
        return 0
    patched = apply(live, step["body"])
    if live["kind"] == "Service":
        assert _ports(patched) == _ports(response["body"])
        return 1
    patched = {key: value for key, value in patched.items() if key in response["body"]}
    data = {key: "" if value is None else value for key, value in (patched.get("data") or {}).items()}
    patched = {**patched, **({"data": data} if data else {})}
    assert _comparable(patched) == _comparable(response["body"])
    return 1


def _ports(service: Any) -> list[Any]:
    return [(port["port"], port.get("name", "")) for port in service["spec"]["ports"]]
