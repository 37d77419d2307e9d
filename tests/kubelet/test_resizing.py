"""Giving running containers other resources."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import Engine
from tests.kubelet.test_pod_lifecycle import events, first, run, status


@pytest.fixture
def engine() -> Engine:
    return Engine(nodes=1, cpu="4")


def asking(cpu: str, **more: Any) -> dict[str, Any]:
    return {"resources": {"requests": {"cpu": cpu}}, **more}


def resize(engine: Engine, name: str, cpu: str) -> None:
    pod = engine.api.get("Pod", "default", name)
    container = {**pod["spec"]["containers"][0], **asking(cpu)}
    engine.api.update("Pod", {**pod, "spec": {**pod["spec"], "containers": [container]}}, subresource="resize")


def condition(engine: Engine, name: str, type: str) -> Any:
    return next((each for each in status(engine, name)["conditions"] if each["type"] == type), None)


def pending(engine: Engine, name: str) -> Any:
    return condition(engine, name, "PodResizePending")


def test_a_resize_in_place_is_told_from_its_start_to_its_end(engine: Engine) -> None:
    run(engine, "web", container=asking("100m"))
    engine.settle()
    resize(engine, "web", "200m")
    engine.settle()
    assert first(engine, "web")["resources"] == {"requests": {"cpu": "200m"}} and first(engine, "web")["restartCount"] == 0
    told = [text for reason, text in events(engine, "web") if reason in ("ResizeStarted", "ResizeCompleted")]
    assert [text.partition(":")[0] for text in told] == ["Pod resize started", "Pod resize completed"]


def test_a_container_that_wants_a_restart_gets_one(engine: Engine) -> None:
    policy = [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}]
    run(engine, "web", container=asking("100m", resizePolicy=policy))
    engine.settle()
    resize(engine, "web", "200m")
    engine.settle()
    assert first(engine, "web")["restartCount"] == 1
    assert first(engine, "web")["allocatedResources"] == {"cpu": "200m"}
    assert ("Killing", "Container c resize requires restart") in events(engine, "web")


def test_more_than_the_node_has_is_refused_by_the_server(engine: Engine) -> None:
    run(engine, "web", container=asking("100m"))
    engine.settle()
    patch = {"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": "5"}}}]}}
    path = "/api/v1/namespaces/default/pods/web/resize"
    refused = engine.call("PATCH", path, patch, content_type="application/strategic-merge-patch+json")
    told = refused.json()
    assert told["message"] == 'pods "web" is forbidden: node didn\'t have enough allocatable resources: cpu, requested: 5000, allocatable: 4000'
    assert refused.status == 403 and told["details"]["causes"] == [{"reason": "NodeCapacity"}]


def test_a_resize_is_in_progress_until_the_container_has_it(engine: Engine) -> None:
    run(engine, "web", container=asking("100m"))
    engine.settle()
    resize(engine, "web", "200m")
    engine.cluster.advance(0.5)
    found = condition(engine, "web", "PodResizeInProgress")
    assert (found["status"], found["observedGeneration"]) == ("True", 2)
    types = [each["type"] for each in status(engine, "web")["conditions"]]
    assert types.index("PodResizeInProgress") < types.index("PodReadyToStartContainers")
    assert first(engine, "web")["resources"] == {"requests": {"cpu": "100m"}} and status(engine, "web")["allocatedResources"] == {"cpu": "100m"}
    engine.settle()
    assert condition(engine, "web", "PodResizeInProgress") is None
    assert status(engine, "web")["resources"] == {"requests": {"cpu": "200m"}} and status(engine, "web")["allocatedResources"] == {"cpu": "200m"}


def test_pod_level_resources_are_resized_as_well(engine: Engine) -> None:
    run(engine, "web", resources={"requests": {"cpu": "500m"}, "limits": {"cpu": "1"}})
    engine.settle()
    assert status(engine, "web")["resources"] == {"requests": {"cpu": "500m"}, "limits": {"cpu": "1"}}
    pod = engine.api.get("Pod", "default", "web")
    resources = {"requests": {"cpu": "800m"}, "limits": {"cpu": "1"}}
    engine.api.update("Pod", {**pod, "spec": {**pod["spec"], "resources": resources}}, subresource="resize")
    engine.settle()
    assert status(engine, "web")["resources"] == resources
    assert [reason for reason, _ in events(engine, "web") if reason.startswith("Resize")] == ["ResizeStarted", "ResizeCompleted"]


def test_what_others_have_is_waited_for(engine: Engine) -> None:
    run(engine, "web", container=asking("100m"))
    run(engine, "other", container=asking("3"))
    engine.settle()
    resize(engine, "web", "2")
    engine.settle()
    found = pending(engine, "web")
    assert found["reason"] == "Deferred" and found["message"].startswith("Node didn't have enough resource: cpu, requested: 2000, used: 3")
    assert [text.partition(":")[0] for reason, text in events(engine, "web") if reason == "ResizeDeferred"] == ["Pod resize OutOfcpu"]
    assert status(engine, "web")["allocatedResources"] == {"cpu": "100m"}
    run(engine, "third", container=asking("500m"), nodeName="node-1")
    engine.settle()
    assert status(engine, "third")["phase"] == "Running", "what is only wished for does not count"
    engine.api.delete("Pod", "default", "third")
    engine.api.delete("Pod", "default", "other")
    engine.settle()
    assert pending(engine, "web") is None and first(engine, "web")["allocatedResources"] == {"cpu": "2"}
