"""What a kubelet tells about its node."""

from __future__ import annotations

from tests.builders import Engine


def told(engine: Engine, node: str) -> list[str]:
    found = [each for each in engine.api.list("Event") if each["involvedObject"]["name"] == node and each["source"]["component"] == "kubelet"]
    return [each["message"] for each in sorted(found, key=lambda each: int(each["metadata"]["resourceVersion"]))]


def test_a_kubelet_tells_that_its_node_was_cordoned_and_opened_again():
    """recordNodeSchedulableEvent, at the kubelet's next look at its status."""
    engine = Engine(nodes=2)
    engine.api.patch("Node", "", "node-1", {"spec": {"unschedulable": True}})
    engine.cluster.advance(11)
    assert told(engine, "node-1") == ["Node node-1 status is now: NodeNotSchedulable"]
    engine.api.patch("Node", "", "node-1", {"spec": {"unschedulable": None}})
    engine.cluster.advance(11)
    assert told(engine, "node-1")[1:] == ["Node node-1 status is now: NodeSchedulable"]
    assert told(engine, "node-2") == []


def test_a_kubelet_that_is_stopped_tells_nothing():
    engine = Engine(nodes=1)
    engine.cluster.command("kill-node", {"node": "node-1"})
    engine.api.patch("Node", "", "node-1", {"spec": {"unschedulable": True}})
    engine.cluster.advance(11)
    assert told(engine, "node-1") == []
