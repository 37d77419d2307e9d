"""Admission of pods that depends on their node: labels of its place. Models plugin/pkg/admission/podtopologylabels."""

from __future__ import annotations

from tests.builders import Engine, pod

PLACE = {"topology.kubernetes.io/zone": "north", "topology.kubernetes.io/region": "europe"}


def engine_in_a_zone() -> Engine:
    engine = Engine(nodes=1)
    engine.api.patch("Node", "", "node-1", {"metadata": {"labels": PLACE}})
    return engine


def test_a_bound_pod_is_labelled_with_its_nodes_zone_and_region():
    engine = engine_in_a_zone()
    engine.api.create("Pod", pod("scheduled"))
    engine.settle()
    made = pod("placed", nodeName="node-1")
    made["metadata"]["labels"] = {"topology.kubernetes.io/zone": "mine", "app": "web"}
    engine.api.create("Pod", made)
    for name in ("scheduled", "placed"):
        assert PLACE.items() <= engine.api.get("Pod", "default", name)["metadata"]["labels"].items()


def test_nobody_labels_pods_where_the_plugin_is_off():
    engine = engine_in_a_zone()
    engine.cluster.server.options["disable-admission-plugins"] = "PodTopologyLabels"
    engine.api.create("Pod", pod("scheduled"))
    engine.settle()
    assert "topology.kubernetes.io/zone" not in engine.api.get("Pod", "default", "scheduled")["metadata"].get("labels", {})
