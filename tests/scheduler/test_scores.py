"""Which of the possible nodes is best."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_core.scheduler.plugins.node_resources import NodeResourcesFit
from tests.scheduler.stage import Stage, node, pod, taint, term

ZONE = "topology.kubernetes.io/zone"


def raw_scores(stage: Stage, wanted: dict[str, Any], plugin: str) -> list[int]:
    """The plugin's weighted scores by node name."""
    decision = stage.decider.decide_plainly(stage.view(wanted))
    assert decision.scored is not None
    return decision.scored.weighted[plugin]


def test_fewer_untolerated_soft_taints_are_better() -> None:
    soft = [taint("a", "PreferNoSchedule"), taint("b", "PreferNoSchedule")]
    stage = Stage(node("none"), node("one", taints=soft[:1]), node("two", taints=soft))
    assert raw_scores(stage, pod("p"), "TaintToleration") == [300, 150, 0]


def test_least_allocated_counts_pods_without_requests_with_defaults() -> None:
    stage = Stage(node("a", cpu="1", memory="1000Mi"), node("b", cpu="1", memory="1000Mi"))
    stage.put(pod("old"), "a")
    assert raw_scores(stage, pod("p"), "NodeResourcesFit") == [(80 + 60) // 2, (90 + 80) // 2]


def test_most_allocated_packs() -> None:
    strategy = {"scoringStrategy": {"type": "MostAllocated", "resources": [{"name": "cpu", "weight": 1}]}}
    stage = Stage(node("a"), node("b"), configuration=_with_args(strategy))
    stage.put(pod("old", cpu="2"), "b")
    assert raw_scores(stage, pod("p", cpu="1"), "NodeResourcesFit") == [25, 75]
    assert stage.schedule(pod("p", cpu="1")) == "b"


@pytest.mark.parametrize(("used", "score"), [(0, 0), (25, 25), (50, 50), (75, 25), (100, 0)])
def test_requested_to_capacity_ratio_follows_its_shape(used: int, score: int) -> None:
    shape = [{"utilization": 0, "score": 0}, {"utilization": 50, "score": 5}, {"utilization": 100, "score": 0}]
    strategy = {
        "type": "RequestedToCapacityRatio",
        "resources": [{"name": "cpu", "weight": 1}],
        "requestedToCapacityRatio": {"shape": shape},
    }
    stage = Stage(node("a", cpu="10"))
    cycle = stage.decider.cycle(stage.view(pod("p", cpu=f"{max(used, 1) * 100}m")))
    view = stage.snapshot.nodes["a"]
    if used == 0:
        stage.snapshot.set_node(node("a", cpu="1000"))
    assert NodeResourcesFit({"scoringStrategy": strategy}).score(cycle, view) == score


def test_a_cpu_heavy_pod_goes_where_memory_is_used() -> None:
    stage = Stage(node("a"), node("b"))
    stage.put(pod("cpu", cpu="2"), "a")
    stage.put(pod("memory", memory="4Gi"), "b")
    better, worse = raw_scores(stage, pod("p", cpu="1"), "NodeResourcesBalancedAllocation")[::-1]
    assert better > worse


def test_preferred_node_affinity_adds_up_the_weights() -> None:
    def prefers(key: str, weight: int) -> dict[str, Any]:
        return {"weight": weight, "preference": {"matchExpressions": [{"key": key, "operator": "Exists"}]}}

    rule = {"preferredDuringSchedulingIgnoredDuringExecution": [prefers("x", 10), prefers("y", 30)]}
    stage = Stage(node("a", labels={"x": ""}), node("b", labels={"x": "", "y": ""}), node("c"))
    assert raw_scores(stage, pod("p", affinity={"nodeAffinity": rule}), "NodeAffinity") == [50, 200, 0]


def test_images_count_by_size_and_by_how_many_nodes_have_them() -> None:
    size = 500 * 1024 * 1024
    stage = Stage(node("a", images={"app:latest": size}), node("b"))
    assert raw_scores(stage, pod("p", image="app"), "ImageLocality") == [100 * (250 - 23) // (1000 - 23), 0]


def test_pods_of_one_replica_set_are_spread_without_being_asked_to() -> None:
    stage = Stage(node("a", cpu="64", memory="64Gi"), node("b"))
    spec = {"selector": {"matchLabels": {"app": "web"}}}
    stage.shelf.put("ReplicaSet", {"metadata": {"name": "web", "namespace": "default"}, "spec": spec})
    owner = {"kind": "ReplicaSet", "apiVersion": "apps/v1", "name": "web", "uid": "u", "controller": True}
    for i in range(2):
        stage.put(pod(f"p{i}", labels={"app": "web"}, owner=owner), "a")
    assert stage.schedule(pod("p9", labels={"app": "web"}, owner=owner)) == "b"


def test_a_service_makes_its_pods_a_group() -> None:
    stage = Stage(node("a", cpu="64", memory="64Gi"), node("b"))
    stage.put(pod("old", labels={"app": "web"}), "a")
    assert stage.schedule(pod("x", labels={"app": "web"})) == "a"
    stage.snapshot.displace("uid-default-x")
    service = {"metadata": {"name": "web", "namespace": "default"}, "spec": {"selector": {"app": "web"}}}
    stage.shelf.put("Service", service)
    stage.lookup.changed("Service", None, service)
    assert stage.schedule(pod("y", labels={"app": "web"})) == "b"


def test_preferred_affinity_of_both_sides_is_weighed() -> None:
    stage = Stage(node("a"), node("b"), node("c"))
    likes = [{"weight": 100, "podAffinityTerm": term({"app": "new"})}]
    rule = {"podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": likes}}
    stage.put(pod("fan", labels={"app": "fan"}, affinity=rule), "b")
    assert raw_scores(stage, pod("p", labels={"app": "new"}), "InterPodAffinity") == [0, 200, 0]


def test_equally_good_nodes_are_drawn_by_the_pods_own_chance() -> None:
    chosen = {Stage(*(node(f"n{i}") for i in range(5))).schedule(pod(f"p{i}")) for i in range(30)}
    assert len(chosen) == 5
    first = [Stage(*(node(f"n{i}") for i in range(5))).schedule(pod("same")) for _ in range(3)]
    assert len(set(first)) == 1


def _with_args(args: dict[str, Any]) -> dict[str, Any]:
    return {"profiles": [{"pluginConfig": [{"name": "NodeResourcesFit", "args": args}]}]}
