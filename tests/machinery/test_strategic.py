"""Strategic merge patches follow the type and the directives."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from cluster_core.apiserver import schema
from cluster_core.machinery import errors
from cluster_core.machinery.strategic import strategic_merge_patch
from tests.machinery.types import THING

LIVE: dict[str, Any] = {
    "spec": {
        "containers": [{"name": "one", "image": "a", "args": ["x"]}, {"name": "two", "image": "b"}],
        "finalizers": ["p", "q"],
        "strategy": {"type": "Rolling", "rolling": {"max": "1"}},
        "selector": {"a": "1"},
    }
}


def patched(spec: Any) -> Any:
    before = copy.deepcopy((LIVE, spec))
    result = strategic_merge_patch(THING, LIVE, {"spec": spec})["spec"]
    assert (LIVE, spec) == before
    return result


def names(spec: Any) -> list[str]:
    return [container["name"] for container in spec["containers"]]


def test_items_merge_by_their_key_and_new_ones_come_first() -> None:
    result = patched({"containers": [{"name": "two", "image": "c"}, {"name": "new"}]})
    assert names(result) == ["one", "two", "new"]
    assert result["containers"][1] == {"name": "two", "image": "c"}
    assert names(patched({"containers": [{"name": "new"}]})) == ["new", "one", "two"]


def test_lists_without_a_strategy_are_replaced() -> None:
    assert patched({"containers": [{"name": "one", "args": ["y"]}]})["containers"][0]["args"] == ["y"]


def test_an_item_can_be_deleted() -> None:
    assert names(patched({"containers": [{"name": "one", "$patch": "delete"}]})) == ["two"]
    assert names(patched({"containers": [{"name": "none", "$patch": "delete"}]})) == ["one", "two"]


def test_a_list_and_a_map_can_be_replaced() -> None:
    assert names(patched({"containers": [{"$patch": "replace"}, {"name": "only"}]})) == ["only"]
    assert patched({"strategy": {"$patch": "replace", "type": "X"}})["strategy"] == {"type": "X"}
    assert patched({"strategy": {"$patch": "delete"}})["strategy"] == {}


def test_primitive_lists_merge_and_lose_items() -> None:
    assert sorted(patched({"finalizers": ["r", "p"]})["finalizers"]) == ["p", "q", "r"]
    assert patched({"$deleteFromPrimitiveList/finalizers": ["p"]})["finalizers"] == ["q"]


def test_only_retained_keys_stay() -> None:
    result = patched({"strategy": {"$retainKeys": ["type"], "type": "Recreate"}})
    assert result["strategy"] == {"type": "Recreate"}


def test_the_element_order_is_kept() -> None:
    order = [{"name": "two"}, {"name": "new"}, {"name": "one"}]
    result = patched({"$setElementOrder/containers": order, "containers": [{"name": "new"}]})
    assert names(result) == ["two", "new", "one"]
    assert patched({"$setElementOrder/finalizers": ["q", "p"]})["finalizers"] == ["q", "p"]


def test_null_removes_and_is_not_kept_in_what_is_new() -> None:
    result = patched({"selector": None, "replicas": None, "extra": {"x": None, "y": 1}})
    assert "selector" not in result
    assert "replicas" not in result
    assert result["extra"] == {"y": 1}


@pytest.mark.parametrize(
    ("spec", "code", "message"),
    [
        ({"containers": [{"image": "x"}]}, 500, "map: map[image:x] does not contain declared merge key: name"),
        (
            {"containers": [{"name": "one", "$patch": "explode"}]},
            500,
            "unknown patch type: explode in map: map[$patch:explode name:one]",
        ),
        ({"strategy": {"$patch": "explode"}}, 500, "unknown patch type: explode in map: map[$patch:explode]"),
        ({"strategy": {"$retainKeys": ["x"], "type": "y"}}, 400, "invalid patch format of retainKeys"),
        ({"$setElementOrderX": []}, 400, "invalid patch format of setElementOrder list"),
        ({"$deleteFromPrimitiveListX": []}, 400, "invalid patch format of primitive list"),
        ({"finalizers": [1]}, 500, "list element types are not identical: [[p q] [1]]"),
        ({"$setElementOrder/finalizers": "x"}, 500, "expected a []interface {}, but received a string"),
        (
            {"$setElementOrder/finalizers": ["a", "b"], "finalizers": ["b", "a"]},
            500,
            "The order in patch list:\n[b a]\n doesn't match $setElementOrder list:\n[a b]\n",
        ),
    ],
)
def test_a_bad_patch_is_refused_in_the_real_words(spec: Any, code: int, message: str) -> None:
    with pytest.raises(errors.ApiError) as error:
        patched(spec)
    assert (error.value.code, error.value.message) == (code, message)


def test_what_is_no_object_is_refused() -> None:
    with pytest.raises(errors.BadRequest, match="cannot unmarshal array into Go value of type map"):
        strategic_merge_patch(THING, LIVE, [])


SELECTED = "spec.template.spec.containers"
DEFAULTS = {"resources": {}, "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"}
DEFAULTS["imagePullPolicy"] = "IfNotPresent"


def deployment(containers: Any) -> Any:
    return {"spec": {"template": {"spec": {"containers": containers}}}}


def test_recorded_patches_of_containers(steps: Callable[[str], list[Any]]) -> None:
    type = schema.type_of("apps", "v1", "Deployment")
    live: Any = None
    checked = 0
    for step in steps("strategic-containers"):
        response = step["response"]
        if step["method"] == "PATCH" and response["status"] == 500:
            with pytest.raises(errors.ApiError) as error:
                strategic_merge_patch(type, deployment(live), step["body"])
            assert error.value.message == response["body"]["message"]
            checked += 1
        elif step["method"] == "PATCH" and response["status"] == 200:
            merged = strategic_merge_patch(type, deployment(live), step["body"])
            assert _defaulted(merged) == response["body"][SELECTED]
            checked += 1
        live = response["body"].get(SELECTED, live)
    assert checked >= 13


def _defaulted(merged: Any) -> list[Any]:
    containers = []
    for container in merged["spec"]["template"]["spec"]["containers"]:
        ports = [{"protocol": "TCP", **port} for port in container.get("ports", ())]
        env = [_with_api_version(one) for one in container.get("env", ())]
        containers.append({**DEFAULTS, **container, **({"ports": ports} if ports else {}), **({"env": env} if env else {})})
    return containers


def _with_api_version(env: Any) -> Any:
    if "valueFrom" not in env:
        return env
    reference = {"apiVersion": "v1", **env["valueFrom"]["fieldRef"]}
    return {**env, "valueFrom": {"fieldRef": reference}}
