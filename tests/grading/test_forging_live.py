"""What is forbidden is forbidden in live clusters too, and nobody writes for the cluster through policies or webhooks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from playground.grading import catalogue, runner, selftest
from playground.grading.exercise import Answer
from playground.grading.ground import Here, do

from .making import READY_POD, answer, exercise, pod


def solve(name: str) -> dict[str, Any]:
    return {"apply": "---\n".join(catalogue.find(name).reference.files.values())}


def handed_in(name: str, *steps: dict[str, Any]) -> dict[str, Any]:
    """The verdict on the exercise's cluster, after these steps have been done to it."""
    found = catalogue.find(name)
    cluster = runner.prepared(found)
    for step in steps:
        do(Here(cluster), step)
    cluster.settle(300)
    return runner.grade(found, Answer(), saved=cluster.save()).document()


@pytest.mark.parametrize("name", ["silent-service", "choose-a-node", "taints", "network-policy", "requests-that-fit", "preemption"])
def test_a_live_cluster_solved_as_it_was_meant_passes(name: str) -> None:
    verdict = handed_in(name, solve(name))
    assert verdict["outcome"] == "passed", verdict["message"]


BARE = "apiVersion: v1\nkind: Pod\nmetadata: {name: fast, labels: {app: web}}\nspec: {nodeName: node-3, containers: [{name: c, image: 'nginx:1.27'}]}"


@pytest.mark.parametrize(
    ("name", "step", "why"),
    [
        ("silent-service", {"kubectl": "kubectl label deployment web tier=front"}, "Deployment/web may not be changed"),
        ("silent-service", {"kubectl": "kubectl scale deployment web --replicas=1"}, "Deployment/web may not be changed"),
        ("silent-service", {"kubectl": "kubectl delete deployment web"}, "Deployment/web may not be changed"),
        ("silent-service", {"apply": BARE}, "objects of kind Pod may not be handed in"),
        ("choose-a-node", {"apply": BARE}, "the field spec.nodeName may not be set"),
        ("choose-a-node", {"kubectl": "kubectl label node node-1 disk=ssd"}, "objects of kind Node may not be handed in"),
        ("taints", {"kubectl": "kubectl taint nodes node-1 team-"}, "objects of kind Node may not be handed in"),
        ("network-policy", {"kubectl": "kubectl label pod stranger role=friend --overwrite"}, "Pod/stranger may not be changed"),
    ],
)
def test_what_is_forbidden_is_seen_in_a_live_cluster(name: str, step: dict[str, Any], why: str) -> None:
    verdict = handed_in(name, step)
    assert (verdict["outcome"], why in verdict["message"]) == ("refused", True), verdict["message"]


def test_wiping_who_has_changed_an_object_does_not_help() -> None:
    wiped = '{"metadata": {"managedFields": [{}], "labels": {"tier": "front"}}}'
    verdict = handed_in("silent-service", {"kubectl": f"kubectl patch deployment web --type=merge -p '{wiped}'"})
    assert verdict["outcome"] == "refused"


def policy(kind: str, *resources: str) -> dict[str, Any]:
    rule = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": list(resources)}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": "forge"},
        "spec": {
            "matchConstraints": {"resourceRules": [rule]},
            "failurePolicy": "Ignore",
            **PARTS[kind],
        },
    }


READY = "Object{status: Object.status{conditions: [Object.status.conditions{type: 'Ready', status: 'True'}]}}"
PARTS: dict[str, dict[str, Any]] = {
    "MutatingAdmissionPolicy": {
        "reinvocationPolicy": "Never",
        "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": READY}}],
    },
    "ValidatingAdmissionPolicy": {"validations": [{"expression": "false"}]},
}
BINDING = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "MutatingAdmissionPolicyBinding",
    "metadata": {"name": "forge"},
    "spec": {"policyName": "forge"},
}
BROKEN = pod("web", nodeSelector={"no": "where"})


@pytest.mark.parametrize("kind", PARTS)
@pytest.mark.parametrize("resources", [("pods/status",), ("pods", "*/*"), ("pods/*",), ("*",), ("endpointslices",), ("pods/binding",)])
def test_a_policy_that_meddles_with_what_the_cluster_writes_is_refused(kind: str, resources: tuple[str, ...]) -> None:
    verdict = runner.grade(exercise(READY_POD), answer(policy(kind, *resources), BINDING, BROKEN))
    assert (verdict.outcome, "meddles with" in verdict.message) == ("refused", True)


def test_a_webhook_that_does_is_refused() -> None:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["pods/status"]}
    hook = {"name": "a.b.c", "rules": [rule], "clientConfig": {"url": "https://x"}, "sideEffects": "None"}
    obj = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "w"}}
    assert runner.grade(exercise(READY_POD), answer({**obj, "webhooks": [hook]}, pod("web"))).outcome == "refused"


@pytest.mark.parametrize("spec", [None, [], "text", {"matchConstraints": []}, {"matchConstraints": {"resourceRules": ["x", {"resources": 3}]}}])
def test_a_policy_that_is_none_breaks_no_grading(spec: Any) -> None:
    obj = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy", "metadata": {"name": "a"}, "spec": spec}
    assert runner.grade(exercise(READY_POD), answer(obj, pod("web"))).passed


def test_policies_about_what_people_write_are_no_forgery() -> None:
    verdict = runner.grade(exercise(READY_POD), answer(policy("ValidatingAdmissionPolicy", "pods", "deployments"), pod("web")))
    assert verdict.passed


def test_a_policy_that_is_gone_again_is_remembered_in_a_live_cluster() -> None:
    found = exercise(READY_POD)
    cluster = runner.prepared(found)
    ground = Here(cluster)
    for obj in (policy("MutatingAdmissionPolicy", "pods/status"), BINDING, BROKEN):
        do(ground, {"apply": json.dumps(obj)})
    cluster.settle(60)
    do(ground, {"kubectl": "kubectl delete mutatingadmissionpolicy forge"})
    verdict = runner.grade(found, Answer(), saved=cluster.save())
    assert (verdict.outcome, "MutatingAdmissionPolicy forge meddles with pods/status" in verdict.message) == ("refused", True)


@pytest.mark.parametrize(
    ("spec", "words"),
    [({}, "has its past behind it"), ({"forbidden": {"verbs": ["delete"]}}, "leave no trace in a live cluster")],
)
def test_the_self_test_complains_of_what_a_live_cluster_cannot_show(spec: dict[str, Any], words: str) -> None:
    always = {"always": True, "count": {"kind": "Pod", "atMost": 3}}
    good = exercise(READY_POD, always, reference={"manifests": json.dumps(pod("web"))}, **spec)
    assert any(words in each for each in selftest.complaints(good))
