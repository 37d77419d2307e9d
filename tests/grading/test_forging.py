"""A submission cannot forge what the cluster writes itself, in whatever form it is handed in."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from cluster_core.apiserver.request import ADMIN, ApiRequest
from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.saved import ClusterSpec, from_json, to_json
from playground.grading import handin
from playground.grading.exercise import Answer
from playground.grading.runner import grade

from .making import READY_POD, answer, exercise, pod, workload

TRUE = exercise({"cel": "true"})
SLICE = {
    "apiVersion": "discovery.k8s.io/v1",
    "kind": "EndpointSlice",
    "metadata": {"name": "forged", "labels": {"kubernetes.io/service-name": "web"}},
    "addressType": "IPv4",
    "endpoints": [{"addresses": ["10.0.0.1"]}],
}
LEASE = {
    "apiVersion": "coordination.k8s.io/v1",
    "kind": "Lease",
    "metadata": {"name": "node-1", "namespace": "kube-node-lease"},
}
EVENT = {
    "apiVersion": "v1",
    "kind": "Event",
    "metadata": {"name": "forged"},
    "involvedObject": {"kind": "Pod", "namespace": "default", "name": "web"},
    "reason": "Started",
}
NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "phantom"}}
BINDING = {
    "apiVersion": "v1",
    "kind": "Binding",
    "metadata": {"name": "web"},
    "target": {"kind": "Node", "name": "node-1"},
}
FORGED = [SLICE, LEASE, EVENT, NODE, BINDING, {**pod(), "status": {"phase": "Running"}}]
NAMES = [each["kind"] for each in FORGED]


def outcome(given: Answer, **more: Any) -> str:
    return str(grade(TRUE, given, **more).document()["outcome"])


@pytest.mark.parametrize("obj", FORGED, ids=NAMES)
@pytest.mark.parametrize("form", ["manifests", "list", "directory", "commands"])
def test_forged_objects_are_refused_in_every_form(obj: dict[str, Any], form: str) -> None:
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": [obj]} if form == "list" else obj)
    commands = ("kubectl apply -f a.yaml",) if form == "commands" else ()
    given = Answer(files={"a.yaml": text}, commands=commands, form="manifests" if form == "list" else form)
    assert outcome(given) == "refused"


@pytest.mark.parametrize(
    "line",
    [
        'kubectl patch endpointslice web --type=merge -p \'{"endpoints":[{"addresses":["10.0.0.9"]}]}\'',
        "kubectl label lease node-1 x=y -n kube-node-lease --overwrite",
        "kubectl patch node node-1 --subresource=status -p '{}'",
    ],
)
def test_commands_that_forge_are_refused(line: str) -> None:
    prepared = exercise({"cel": "true"}, setup=[{**SLICE, "metadata": {**SLICE["metadata"], "name": "web"}}])
    verdict = grade(prepared, answer(commands=(line,)))
    assert verdict.document()["outcome"] == "refused", verdict.hand_in
    assert verdict.points == 0


def test_a_set_up_may_hold_what_a_submission_may_not() -> None:
    assert grade(exercise({"cel": "endpointslices.size() > 1"}, setup=[SLICE]), answer()).passed


def test_an_exercise_may_allow_it() -> None:
    allowed = exercise({"cel": "true"}, forbidden={"forging": True})
    assert grade(allowed, answer(EVENT)).passed


def test_a_status_beside_a_patch_is_ignored_as_the_api_server_does() -> None:
    commands = ("kubectl apply -f 0.yaml", 'kubectl patch pod web -p \'{"status":{"phase":"Succeeded"}}\'')
    never = exercise({"match": {"kind": "Pod", "metadata": {"name": "web"}, "status": {"phase": "Succeeded"}}})
    verdict = grade(never, answer(pod(image="nginx:9.99"), commands=commands))
    assert not verdict.checks[0].ok


@pytest.mark.parametrize(
    ("forbidden", "line", "why"),
    [
        ({"kinds": ["Deployment"]}, "kubectl scale deploy/web --replicas=9", "Deployment may not be handed in"),
        (
            {"objects": ["Deployment/web"]},
            'kubectl patch deploy web -p \'{"spec":{"replicas":9}}\'',
            "may not be changed",
        ),
        ({"objects": ["Deployment/web"]}, "kubectl delete deploy -l app=web", "Deployment/web may not be changed"),
        (
            {"fields": ["spec.replicas"]},
            'kubectl patch deploy web -p \'{"spec":{"replicas":9}}\'',
            "the field spec.replicas",
        ),
        (
            {"fields": ["spec.template.spec.nodeName"]},
            'kubectl patch deploy web --type=json -p \'[{"op":"add","path":"/spec/template/spec/nodeName","value":"node-1"}]\'',
            "the field spec.template.spec.nodeName",
        ),
        ({"namespaces": ["kube-system"]}, "kubectl delete deploy -n kube-system coredns", "namespace kube-system"),
    ],
)
def test_forbidden_means_are_found_in_what_commands_do(forbidden: dict[str, Any], line: str, why: str) -> None:
    deployment = workload("Deployment", replicas=1)
    deployment["metadata"]["labels"] = {"app": "web"}
    verdict = grade(exercise({"cel": "true"}, forbidden=forbidden, setup=[deployment]), answer(commands=(line,)))
    assert verdict.document()["outcome"] == "refused", verdict.hand_in
    assert why in verdict.message


def test_sleeping_is_the_only_way_to_move_the_clock() -> None:
    back = answer(commands=("sleep -10", "date -s 12:00", "kubectl proxy"))
    assert [each["status"] for each in grade(TRUE, back).hand_in] == ["error"] * 3


# ---------------------------------------------------------------------------------------------------- live clusters


SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
}


def live() -> Cluster:
    cluster = Cluster.create(ClusterSpec("live", nodes=2))
    handin.apply(cluster, json.dumps(pod(image="nginx:9.99")))
    handin.apply(cluster, json.dumps(SERVICE))
    cluster.settle(60)
    return cluster


def ask(cluster: Cluster, method: str, path: str, body: Any, media: str = "application/json") -> None:
    answered = cluster.submit(ApiRequest(method, path, (), {"content-type": media}, orjson.dumps(body), ADMIN))
    assert answered.status < 400, answered.body


def verdict_on(cluster: Cluster) -> dict[str, Any]:
    packed = json.loads(json.dumps(to_json(Cluster.load(cluster.save()).save())))
    return grade(exercise(READY_POD), answer(), saved=from_json(packed)).document()


POD = "/api/v1/namespaces/default/pods/web"
READY = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}
MERGE = "application/merge-patch+json"


def test_a_live_cluster_used_as_people_use_it_is_not_refused() -> None:
    cluster = live()
    ask(cluster, "PATCH", "/api/v1/nodes/node-1", {"metadata": {"labels": {"disk": "ssd"}}}, MERGE)
    ask(cluster, "POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": "c"}})
    own = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "leader"}}
    ask(cluster, "POST", "/apis/coordination.k8s.io/v1/namespaces/default/leases", own)
    cluster.command("kill-node", {"node": "node-2"})
    cluster.command("etcd", {"op": "put", "key": "mine", "value": b"1"})
    assert verdict_on(cluster)["outcome"] == "failed"


def test_a_status_whose_trace_was_wiped_from_the_object_is_still_found_out() -> None:
    cluster = live()
    ask(cluster, "PATCH", f"{POD}/status", READY, "application/strategic-merge-patch+json")
    obj = cluster.submit(ApiRequest("GET", POD, (), {}, b"", ADMIN)).json()
    ask(cluster, "PUT", POD, {**obj, "metadata": {**obj["metadata"], "managedFields": [{}]}})
    found = verdict_on(cluster)
    assert found["outcome"] == "refused"
    assert "the status of pods/default/web was written by kubernetes-admin" in found["message"]


def test_what_is_written_to_etcd_directly_is_found_out() -> None:
    cluster = live()
    key = "/registry/pods/default/web"
    obj = cluster.submit(ApiRequest("GET", POD, (), {}, b"", ADMIN)).json()
    obj["status"] |= READY["status"]
    obj["metadata"].pop("managedFields")
    put = {"key": key, "value": orjson.dumps(obj)}
    operation = {"compare": [], "success": [("put", put)], "failure": []}
    cluster.command("etcd", {"op": "txn", **operation})
    assert f"{key} was written to etcd directly" in verdict_on(cluster)["message"]


def test_what_a_shell_on_a_machine_writes_to_etcd_is_found_out() -> None:
    cluster = live()
    argv = ["etcdctl", "put", "/registry/pods/default/other", "{}"]
    cluster.command("machine-run", {"node": "control-plane", "argv": argv})
    assert verdict_on(cluster)["outcome"] == "refused"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/namespaces/default/events", EVENT),
        ("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", SLICE),
        ("/api/v1/namespaces/default/pods/web/binding", BINDING),
        ("/api/v1/nodes", NODE),
    ],
)
def test_objects_of_the_cluster_made_by_hand_are_found_out(path: str, body: Any) -> None:
    cluster = live()
    if path.endswith("binding"):
        ask(cluster, "POST", "/api/v1/namespaces/default/pods", pod("late", schedulerName="nobody"))
        path = path.replace("/web/", "/late/")
        body = {**body, "metadata": {"name": "late"}}
    ask(cluster, "POST", path, body)
    assert verdict_on(cluster)["outcome"] == "refused"
