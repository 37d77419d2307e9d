"""Grading one answer: time, faults, forbidden means, budgets, and the same bytes every time."""

from __future__ import annotations

import json

import pytest

from playground.grading import runner
from playground.grading.runner import grade

from .making import READY_POD, answer, exercise, pod, workload

SPREAD = exercise(
    {"count": {"kind": "Pod", "selector": {"app": "web"}, "ready": True, "equals": 6}, "within": "30s", "name": "up"},
    {"count": {"kind": "Pod", "selector": {"app": "web"}, "ready": True, "atLeast": 6}, "always": True, "after": "up"},
    {
        "condition": {"kind": "Node", "name": "node-2", "type": "Ready", "status": "Unknown"},
        "within": "1m",
        "after": "lost",
    },
    faults=[{"at": "40s", "name": "lost", "command": "kill-node", "args": {"node": "node-2"}}],
    duration="3m",
)


def test_a_check_within_a_time_passes_when_it_happens_in_time() -> None:
    verdict = grade(exercise({**READY_POD, "within": "20s"}), answer(pod()))
    assert verdict.passed
    assert verdict.points == 1


def test_a_check_within_a_time_fails_when_it_happens_too_late() -> None:
    late = exercise({**READY_POD, "within": "0.1s"})
    verdict = grade(late, answer(pod()))
    assert not verdict.passed
    assert verdict.checks[0].message.startswith("not within 0.1 s: ")


def test_always_fails_at_the_moment_it_is_broken_and_shows_the_cluster_of_that_moment() -> None:
    verdict = grade(SPREAD, answer(workload("Deployment", replicas=6)))
    up, always, lost = verdict.checks
    assert up.ok
    assert lost.ok
    assert not always.ok
    assert 75 < always.evidence["at"] < 95
    assert "wanted at least 6" in always.message


def test_a_check_after_something_that_never_happens_fails() -> None:
    never = exercise(
        {**READY_POD, "eventually": True, "name": "up"}, {"cel": "pods.size() >= 0", "always": True, "after": "up"}
    )
    verdict = grade(never, answer())
    assert verdict.checks[1].message == '"up" has not happened'


def test_eventually_remembers_what_was_once_true() -> None:
    once = exercise(
        {**READY_POD, "eventually": True},
        {**READY_POD},
        faults=[{"at": "20s", "name": "gone", "kubectl": "kubectl delete pod web --force"}],
    )
    assert [check.ok for check in grade(once, answer(pod())).checks] == [True, False]


def test_the_same_answer_and_seed_give_the_same_bytes() -> None:
    given = answer(workload("Deployment", replicas=6))
    first = grade(SPREAD, given).encode()
    runner._prepared.cache_clear()
    assert grade(SPREAD, given).encode() == first
    assert grade(SPREAD, given, seed=99).document()["stateHash"] != json.loads(first)["stateHash"]


def test_a_submission_that_never_settles_ends_at_its_budget_with_a_clear_verdict() -> None:
    endless = exercise(READY_POD, budget=1000, duration="100h")
    crashing = [pod(f"crash-{number}", image="busybox") for number in range(5)]
    verdict = grade(endless, answer(pod(), *crashing))
    assert verdict.document()["outcome"] == "budget"
    assert not verdict.passed
    assert verdict.message.startswith("ended at its budget of 1000 steps, ")


def test_a_cluster_that_has_not_settled_in_time_is_told() -> None:
    verdict = grade(exercise(READY_POD, limit="1m"), answer(pod(), pod("crash", image="busybox")))
    assert verdict.passed
    assert verdict.message == "the cluster had not settled 60 virtual seconds after the hand-in"


def test_points_are_given_in_part_where_the_check_says_so() -> None:
    count = {"count": {"kind": "Pod", "atLeast": 4}, "points": 4}
    verdict = grade(exercise({**count, "partial": True}, count), answer(pod("a"), pod("b")))
    assert [check.points for check in verdict.checks] == [2, 0]


def test_extra_credit_counts_beyond_the_maximum_and_is_not_needed() -> None:
    bonus = exercise(
        {"count": {"kind": "Pod", "equals": 1}}, {"count": {"kind": "Pod", "atLeast": 1}, "extra": True, "points": 3}
    )
    verdict = grade(bonus, answer(pod()))
    assert (verdict.points, verdict.exercise.max_points, verdict.passed) == (4, 1, True)
    assert grade(exercise({"cel": "true"}, {"cel": "false", "extra": True}), answer()).passed


@pytest.mark.parametrize(
    ("forbidden", "given", "why"),
    [
        (
            {},
            {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "x"}},
            "objects of kind Event are written by the cluster itself",
        ),
        ({}, {**pod(), "status": {"phase": "Running"}}, "status is written by the cluster itself"),
        ({"onlyKinds": ["Deployment"]}, pod(), "objects of kind Pod may not be handed in here"),
        ({"fields": ["spec.nodeName"]}, pod(nodeName="node-1"), "the field spec.nodeName may not be set"),
        ({"fields": ["**.image"]}, pod(), "the field **.image may not be set"),
        ({"namespaces": ["kube-system"]}, pod(namespace="kube-system"), "namespace kube-system may not be touched"),
        ({"objects": ["Pod/web"]}, pod(), "Pod/web may not be changed"),
    ],
)
def test_forbidden_means_are_refused_before_anything_is_done(forbidden: dict, given: dict, why: str) -> None:
    verdict = grade(exercise({"cel": "true"}, forbidden=forbidden), answer(given))
    assert verdict.document()["outcome"] == "refused"
    assert verdict.points == 0
    assert verdict.message == f"0.yaml:1: {why}"


def test_a_list_does_not_hide_forbidden_objects() -> None:
    event = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "x"}}
    hidden = {"apiVersion": "v1", "kind": "List", "items": [event]}
    assert grade(exercise({"cel": "true"}), answer(hidden)).document()["outcome"] == "refused"


def test_what_the_cluster_refuses_is_told_and_the_rest_is_graded() -> None:
    verdict = grade(exercise(READY_POD), answer({**pod(), "spec": {}}, pod("other")))
    assert [each["status"] for each in verdict.hand_in] == ["error", "created"]
    assert "spec.containers: Required value" in verdict.hand_in[0]["message"]


def test_hidden_checks_leave_no_trace_in_what_students_see() -> None:
    secret = exercise({"cel": "true"}, {"cel": "pods.size() == 77", "hidden": True, "name": "sesame", "hint": "psst"})
    verdict = grade(secret, answer())
    for text in (verdict.encode(student=True), json.dumps(secret.for_student()).encode()):
        for word in (b"sesame", b"psst", b"77"):
            assert word not in text


def test_commands_are_graded_one_after_the_other() -> None:
    scaled = exercise(
        {"count": {"kind": "Pod", "ready": True, "equals": 4}, "eventually": True},
        {"match": {"kind": "Deployment", "metadata": {"name": "web"}, "status": {"readyReplicas": 2}}},
    )
    commands = ("kubectl apply -f 0.yaml", "sleep 20", "kubectl scale deploy/web --replicas=2")
    verdict = grade(scaled, answer(workload("Deployment", replicas=4), commands=commands))
    assert verdict.passed, [check.message for check in verdict.checks]


def test_a_command_that_is_none_is_told() -> None:
    verdict = grade(exercise({"cel": "true"}), answer(commands=("rm -rf /",)))
    assert verdict.hand_in[0]["message"] == '"rm" is not a command here: kubectl and sleep are'


def test_sleeping_spends_the_budget_and_is_watched() -> None:
    crashing = [pod(f"crash-{number}", image="busybox") for number in range(5)]
    apply = tuple(f"kubectl apply -f {number}.yaml" for number in range(5))
    endless = exercise({"cel": "true"}, budget=1000)
    assert grade(endless, answer(*crashing, commands=(*apply, *["sleep 3600"] * 50))).outcome == "budget"
    watched = exercise({"count": {"kind": "Pod", "equals": 1}, "eventually": True})
    commands = ("kubectl apply -f 0.yaml", "sleep 20", "kubectl delete pod web --force", "sleep 20")
    assert grade(watched, answer(pod(), commands=commands)).passed


def test_a_check_is_looked_at_before_the_time_in_which_it_must_come_true_has_passed() -> None:
    """Though the first thing an answer does is to sleep past it, in a cluster in which nothing happens."""
    within = {"within": "1m", "count": {"kind": "Pod", "name": "web", "atLeast": 1}}
    verdict = grade(exercise(within), answer(pod("web"), commands=("sleep 600", "kubectl apply -f 0.yaml")))
    assert verdict.checks[0].message.startswith("not within 60 s: ")


def test_a_check_that_follows_another_is_looked_at_as_soon_as_that_has_come_true() -> None:
    later = {"name": "later", "within": "1s", "after": "first", "count": {"kind": "Pod", "namespace": "*", "atLeast": 1}}
    first = {"name": "first", "eventually": True, "count": {"kind": "Node", "atLeast": 1}}
    assert grade(exercise(later, first, duration="1h"), answer()).passed


def test_a_server_that_has_just_been_started_has_time_to_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = exercise({"request": {"from": {"name": "web"}, "to": "http://localhost:3000/"}})
    given = answer(pod("web", image="grafana/grafana:11.0.0"))
    assert grade(asked, given).passed
    monkeypatch.setattr(runner, "COMING_UP", 0.0)
    assert not grade(asked, given).passed, "it takes no time: this test shows nothing"
