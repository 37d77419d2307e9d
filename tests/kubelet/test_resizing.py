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


def pending(engine: Engine, name: str) -> Any:
    return next((each for each in status(engine, name)["conditions"] if each["type"] == "PodResizePending"), None)


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


def test_more_than_the_node_has_is_infeasible(engine: Engine) -> None:
    run(engine, "web", container=asking("100m"))
    engine.settle()
    resize(engine, "web", "5")
    engine.settle()
    found = pending(engine, "web")
    assert (found["reason"], found["message"]) == (
        "Infeasible", "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000"
    )  # fmt: skip
    assert first(engine, "web")["allocatedResources"] == {"cpu": "100m"}
    resize(engine, "web", "200m")
    engine.settle()
    assert pending(engine, "web") is None and first(engine, "web")["allocatedResources"] == {"cpu": "200m"}


def test_what_others_have_is_waited_for(engine: Engine) -> None:
    run(engine, "web", container=asking("100m"))
    run(engine, "other", container=asking("3"))
    engine.settle()
    resize(engine, "web", "2")
    engine.settle()
    assert pending(engine, "web")["reason"] == "Deferred"
    engine.api.delete("Pod", "default", "other")
    engine.settle()
    assert pending(engine, "web") is None and first(engine, "web")["allocatedResources"] == {"cpu": "2"}
