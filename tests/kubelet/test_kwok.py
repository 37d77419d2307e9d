"""A Node made through the API has no kubelet, unless KWOK is asked to play it."""

from __future__ import annotations

from typing import Any

from tests.builders import Engine, pod


def node(name: str, fake: bool) -> dict[str, Any]:
    annotations = {"kwok.x-k8s.io/node": "fake"} if fake else {}
    capacity = {"cpu": "4", "memory": "8Gi", "pods": "110"}
    return {"metadata": {"name": name, "annotations": annotations}, "status": {"capacity": capacity, "allocatable": capacity}}


def test_a_fake_node_is_ready_and_its_pods_run_at_once():
    engine = Engine(nodes=0, bare=True)
    engine.api.create("Node", node("fake", True))
    engine.api.create("Pod", pod("web"))
    engine.settle()
    conditions = {each["type"]: each["status"] for each in engine.api.get("Node", "", "fake")["status"]["conditions"]}
    assert conditions["Ready"] == "True"
    status = engine.api.get("Pod", "default", "web")["status"]
    assert (status["phase"], status["containerStatuses"][0]["ready"]) == ("Running", True)
    engine.api.delete("Pod", "default", "web")
    engine.settle()
    assert engine.api.get("Pod", "default", "web") is None


def test_a_fake_node_stays_ready():
    engine = Engine(nodes=0, bare=True)
    engine.api.create("Node", node("fake", True))
    engine.settle()
    engine.cluster.advance(600)
    conditions = {each["type"]: each["status"] for each in engine.api.get("Node", "", "fake")["status"]["conditions"]}
    assert conditions["Ready"] == "True"


def test_a_plain_node_has_no_kubelet():
    engine = Engine(nodes=0, bare=True)
    engine.api.create("Node", node("plain", False))
    engine.api.create("Pod", {**pod("web"), "spec": {**pod("web")["spec"], "nodeName": "plain"}})
    engine.cluster.advance(30)
    assert engine.api.get("Pod", "default", "web")["status"]["phase"] == "Pending"
