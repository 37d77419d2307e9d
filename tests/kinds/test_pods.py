"""What is filled in, shown, warned about and refused for pods and their templates."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_core.kinds.images import pull_policy
from cluster_core.kinds.pod_cells import summary
from cluster_core.kinds.qos import qos_class
from tests.builders import Engine, pod, workload

_PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture(scope="module")
def engine() -> Engine:
    engine = Engine(nodes=0)
    engine.call("POST", "/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})
    return engine


def causes(body: Any) -> list[tuple[str, str]]:
    return [(cause["field"], cause["message"]) for cause in body["details"]["causes"]]


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.25", "IfNotPresent"),
        ("registry:5000/nginx", "Always"),
        ("nginx@sha256:" + "a" * 64, "IfNotPresent"),
    ],
)
def test_images_that_may_change_are_always_pulled(image: str, policy: str) -> None:
    assert pull_policy(image) == policy


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({}, "BestEffort"),
        ({"requests": {"cpu": "1"}}, "Burstable"),
        ({"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}}, "Guaranteed"),
        ({"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}}, "Burstable"),
    ],
)
def test_quality_of_service_follows_the_resources(resources: Any, expected: str) -> None:
    assert qos_class({"spec": {"containers": [{"name": "c", "resources": resources}]}}) == expected


def state(**of: Any) -> dict[str, Any]:
    return {"name": "c", "ready": False, "restartCount": 0, **of}


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ({"phase": "Pending"}, "Pending"),
        ({"phase": "Failed", "reason": "Evicted"}, "Evicted"),
        (
            {"phase": "Pending", "containerStatuses": [state(state={"waiting": {"reason": "ErrImagePull"}})]},
            "ErrImagePull",
        ),
        ({"phase": "Running", "containerStatuses": [state(ready=True, state={"running": {}})]}, "Running"),
        ({"phase": "Failed", "containerStatuses": [state(state={"terminated": {"exitCode": 3}})]}, "ExitCode:3"),
        (
            {"phase": "Failed", "containerStatuses": [state(state={"terminated": {"exitCode": 0, "signal": 9}})]},
            "Signal:9",
        ),
        (
            {
                "phase": "Pending",
                "conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}],
            },
            "SchedulingGated",
        ),
    ],
)
def test_the_status_cell_tells_what_a_pod_is_at(status: Any, text: str) -> None:
    assert summary({"metadata": {}, "spec": {"containers": [{"name": "c"}]}, "status": status}).reason == text


def test_a_pod_that_starts_its_init_containers_tells_how_far_it_is() -> None:
    spec = {"initContainers": [{"name": "a"}, {"name": "b"}], "containers": [{"name": "c"}]}
    done = {"name": "a", "restartCount": 0, "state": {"terminated": {"exitCode": 0}}}
    waiting = {"name": "b", "restartCount": 0, "state": {"waiting": {"reason": "PodInitializing"}}}
    status = {"phase": "Pending", "initContainerStatuses": [done, waiting]}
    assert summary({"metadata": {}, "spec": spec, "status": status}).reason == "Init:1/2"


def test_a_pod_without_a_name_and_containers_hears_of_both(engine: Engine) -> None:
    answer = engine.call("POST", _PODS, {"metadata": {}, "spec": {"containers": []}})
    assert answer.status == 422
    assert causes(answer.json()) == [
        ("metadata.name", "Required value: name or generateName is required"),
        ("spec.containers", "Required value"),
    ]


def test_only_a_few_fields_of_a_pod_may_change(engine: Engine) -> None:
    engine.call("POST", _PODS, pod("fixed", "nginx:1"))
    patch = {"spec": {"nodeSelector": {"a": "b"}}}
    answer = engine.call("PATCH", f"{_PODS}/fixed", patch, content_type="application/merge-patch+json")
    assert answer.status == 422
    ((where, message),) = causes(answer.json())
    assert where == "spec"
    assert "pod updates may not change fields other than `spec.containers[*].image`" in message
    image = [{"op": "replace", "path": "/spec/containers/0/image", "value": "nginx:2"}]
    assert engine.call("PATCH", f"{_PODS}/fixed", image, content_type="application/json-patch+json").status == 200


def test_a_deployment_keeps_its_selector(engine: Engine) -> None:
    engine.call("POST", "/apis/apps/v1/namespaces/default/deployments", workload("Deployment", "kept"))
    body = workload("Deployment", "kept")
    body["spec"]["selector"]["matchLabels"]["app"] = body["spec"]["template"]["metadata"]["labels"]["app"] = "other"
    answer = engine.call("PUT", "/apis/apps/v1/namespaces/default/deployments/kept", body)
    shown = '{"matchLabels":{"app":"other"}}'
    assert causes(answer.json()) == [("spec.selector", f"Invalid value: {shown}: field is immutable")]


@pytest.mark.parametrize(
    ("spec", "warning"),
    [
        ({"nodeSelector": {"beta.kubernetes.io/os": "linux"}}, "deprecated since v1.14"),
        ({"volumes": [{"name": "v", "cephfs": {"monitors": ["a"]}}]}, "non-functional in v1.31+"),
        ({"hostAliases": [{"ip": "1.1.1.1"}, {"ip": "1.1.1.1"}]}, 'duplicate ip "1.1.1.1"'),
    ],
)
def test_doubtful_fields_are_warned_about(engine: Engine, spec: Any, warning: str) -> None:
    answer = engine.call("POST", _PODS, pod("warned", **spec), query=(("dryRun", "All"),))
    assert answer.status == 201
    assert any(warning in text for text in answer.warnings)
