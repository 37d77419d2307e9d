"""Each kind of check: what passes, what fails, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from playground.grading.checks.match import differences
from playground.grading.runner import grade
from playground.grading.verdict import CheckResult

from .making import answer, exercise, pod, workload


def looked(check: dict[str, Any], *objects: dict[str, Any]) -> CheckResult:
    return grade(exercise(check), answer(*objects)).checks[0]


@pytest.mark.parametrize(
    ("wanted", "found", "said"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, []),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ["a.b: 2, wanted 1"]),
        ({"a": 1}, {}, ["a: nothing, wanted 1"]),
        ({"a": None}, {}, []),
        ({"a": None}, {"a": 1}, ["a: 1, wanted null"]),
        ({"a": True}, {"a": 1}, ["a: 1, wanted true"]),
        ({"a": [1, 2]}, {"a": [1, 2]}, []),
        ({"a": [1]}, {"a": [1, 2]}, ["a: [1, 2], wanted [1]"]),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}]}, []),
        ({"(length(a))": 2}, {"a": [1, 2]}, []),
        ({"(a[?b=='x'].c | [0])": "y"}, {"a": [{"b": "x", "c": "z"}]}, ['(a[?b==\'x\'].c | [0]): "z", wanted "y"']),
        ({"a": {"b": 1}}, {"a": "text"}, ["a: \"text\", wanted {'b': 1}"]),
    ],
)
def test_objects_match_where_they_are_asked_to(wanted: Any, found: Any, said: list[str]) -> None:
    assert list(differences(wanted, found)) == said


def test_a_match_that_fails_shows_the_object_that_comes_closest() -> None:
    check = {"match": {"kind": "Pod", "metadata": {"labels": {"a": "1", "b": "2"}}}}
    far, near = pod("far"), {**pod("near"), "metadata": {"name": "near", "labels": {"a": "1"}}}
    assert looked(check, far, near).message == 'Pod near: metadata.labels.b: nothing, wanted "2"'


def test_a_match_without_any_object_says_so() -> None:
    assert (
        looked({"match": {"kind": "Pod", "metadata": {"name": "web"}}}).message
        == "there is no Pod web in namespace default"
    )


def test_cel_sees_the_cluster_in_lists() -> None:
    assert looked({"cel": "pods.size() == 1 && nodes.size() >= 2 && elapsed >= 0.0"}, pod()).ok is False
    assert looked({"cel": "pods.exists(p, p.metadata.name == 'web')"}, pod()).ok
    assert looked({"cel": "pods.map(p, p.spec.nothing).size() > 0"}, pod()).message == (
        "the expression has no value: no such key: nothing"
    )


def test_counts_say_how_many_there_are() -> None:
    check = {
        "count": {"kind": "Pod", "selector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}, "equals": 2}
    }
    assert looked(check, workload("Deployment", replicas=2)).ok
    assert looked(check, pod()).message.startswith("0 Pod with ")


def test_conditions_tell_the_reason() -> None:
    check = {"condition": {"kind": "Pod", "name": "web", "type": "PodScheduled"}}
    assert looked(check, pod()).ok
    assert "Insufficient cpu" in looked(check, _big()).message


def _big() -> dict[str, Any]:
    made = pod()
    made["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "99"}}
    return made


def test_scheduling_knows_where_pods_are_and_why_they_are_not() -> None:
    assert looked({"scheduling": {"name": "web", "nodes": ["node-1", "node-2"]}}, pod()).ok
    assert looked({"scheduling": {"name": "web", "pending": True, "reason": "Insufficient cpu"}}, _big()).ok
    assert "is not scheduled" in looked({"scheduling": {"name": "web"}}, _big()).message
    assert "wanted: on node-9" in looked({"scheduling": {"name": "web", "node": "node-9"}}, pod()).message


def test_commands_run_in_containers() -> None:
    busy = pod(image="busybox:1.36")
    busy["spec"]["containers"][0]["command"] = ["sleep", "infinity"]
    assert looked({"exec": {"name": "web", "command": "echo hello", "stdout": "hello"}}, busy).ok
    assert (
        looked({"exec": {"name": "web", "command": "exit 3"}}, busy).message == "sh -c 'exit 3' ended with 3, wanted 0"
    )
    assert looked({"exec": {"name": "web", "command": "true"}}).message == "there is no Pod web in namespace default"


def test_rbac_asks_the_clusters_own_authorizers() -> None:
    assert looked({"rbac": {"user": "nobody", "verb": "get", "resource": "pods", "allowed": False}}).ok
    assert looked({"rbac": {"user": "boss", "groups": ["system:masters"], "verb": "*", "resource": "pods/log"}}).ok
    assert looked({"rbac": {"user": "nobody", "verb": "get", "resource": "pods"}}).message == (
        "nobody may not get pods, wanted the opposite"
    )


def test_requests_go_through_the_network() -> None:
    request = {"from": {"name": "web"}, "to": "http://kubernetes.default.svc.cluster.local:9999/"}
    assert not looked({"request": request}, pod()).ok
    assert looked({"request": {**request, "refused": True}}, pod()).ok
    assert (
        looked({"request": {**request, "from": {"name": "absent"}}}).message
        == "there is no Pod absent in namespace default"
    )
    assert "there is no node" in looked({"request": {**request, "from": {"node": "node-99"}}}).message


def test_a_file_on_a_machine_is_there_and_holds_a_text() -> None:
    check = {"file": {"node": "node-1", "path": "/etc/hostname"}}
    assert looked(check).ok
    assert looked({"file": {**check["file"], "contains": "node-1"}}).ok
    assert looked({"file": {**check["file"], "contains": "elsewhere"}}).message == '/etc/hostname on node-1 does not contain "elsewhere"'
    assert looked({"file": {"node": "node-1", "path": "/nowhere"}}).message == "there is no /nowhere on node-1"
    assert looked({"file": {"node": "node-99", "path": "/"}}).message == 'there is no machine named "node-99"'
