"""Who has to go so that a more important pod can stay."""

from __future__ import annotations

from typing import Any

from tests.scheduler.stage import Stage, node, pod, spread, term


def full_node(stage: Stage, name: str, *priorities: int, **more: Any) -> None:
    """Pods of 1 cpu with these priorities, named NODE-PRIORITY-NUMBER."""
    for i, priority in enumerate(priorities):
        stage.put(pod(f"{name}-{priority}-{i}", cpu="1", priority=priority, labels={"app": "old"}, **more), name)


def victims(stage: Stage, wanted: dict[str, Any]) -> tuple[str | None, list[str]]:
    decision = stage.try_(wanted)
    assert decision.node is None
    return decision.rescue.nominate, sorted(victim.name for victim in decision.rescue.victims)


def budget(allowed: int, app: str = "old") -> dict[str, Any]:
    spec = {"selector": {"matchLabels": {"app": app}}}
    return {"metadata": {"name": "b", "namespace": "default"}, "spec": spec, "status": {"disruptionsAllowed": allowed}}


def test_only_as_many_as_needed_and_the_least_important_first() -> None:
    stage = Stage(node("a", cpu="3"))
    full_node(stage, "a", 5, 1, 3)
    assert victims(stage, pod("p", cpu="1", priority=10)) == ("a", ["a-1-1"])
    assert victims(stage, pod("q", cpu="2", priority=10)) == ("a", ["a-1-1", "a-3-2"])


def test_the_message_of_a_successful_preemption_has_no_tail() -> None:
    stage = Stage(node("a", cpu="1"))
    full_node(stage, "a", 0)
    assert stage.why_not(pod("p", cpu="1", priority=1)) == "0/1 nodes are available: 1 Insufficient cpu."


def test_equals_are_no_victims() -> None:
    stage = Stage(node("a", cpu="1"))
    full_node(stage, "a", 5)
    assert "1 No preemption victims found for incoming pod." in stage.why_not(pod("p", cpu="1", priority=5))


def test_the_node_with_the_lowest_highest_priority_is_taken() -> None:
    stage = Stage(node("a", cpu="2"), node("b", cpu="2"))
    full_node(stage, "a", 1, 4)
    full_node(stage, "b", 3, 3)
    assert victims(stage, pod("p", cpu="2", priority=10)) == ("b", ["b-3-0", "b-3-1"])


def test_then_the_smaller_sum_and_then_fewer_pods() -> None:
    stage = Stage(node("a", cpu="2"), node("b", cpu="2"))
    full_node(stage, "a", 3, 2)
    full_node(stage, "b", 3, 1)
    assert victims(stage, pod("p", cpu="2", priority=10))[0] == "b"


def test_the_node_whose_most_important_victim_started_last_is_taken() -> None:
    stage = Stage(node("a", cpu="1"), node("b", cpu="1"))
    full_node(stage, "a", 1, status={"startTime": "2026-01-01T00:00:00Z"})
    full_node(stage, "b", 1, status={"startTime": "2026-01-01T00:00:09Z"})
    assert victims(stage, pod("p", cpu="1", priority=10))[0] == "b"


def test_a_budget_sends_preemption_to_the_other_node() -> None:
    stage = Stage(node("a", cpu="1"), node("b", cpu="1"))
    full_node(stage, "a", 1)
    stage.put(pod("other", cpu="1", priority=5, labels={"app": "free"}), "b")
    stage.shelf.put("PodDisruptionBudget", budget(0))
    assert victims(stage, pod("p", cpu="1", priority=10)) == ("b", ["other"])


def test_a_budget_is_broken_when_nothing_else_helps() -> None:
    stage = Stage(node("a", cpu="1"))
    full_node(stage, "a", 1)
    stage.shelf.put("PodDisruptionBudget", budget(0))
    assert victims(stage, pod("p", cpu="1", priority=10)) == ("a", ["a-1-0"])


def test_protected_pods_are_put_back_first() -> None:
    stage = Stage(node("a", cpu="2"))
    full_node(stage, "a", 1)
    stage.put(pod("free", cpu="1", priority=2, labels={"app": "free"}), "a")
    stage.shelf.put("PodDisruptionBudget", budget(0))
    assert victims(stage, pod("p", cpu="1", priority=10)) == ("a", ["free"])


def test_never_means_never() -> None:
    stage = Stage(node("a", cpu="1"))
    full_node(stage, "a", 1)
    message = stage.why_not(pod("p", cpu="1", priority=10, preemptionPolicy="Never"))
    assert message.endswith(" no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.")


def test_a_pod_in_the_way_by_anti_affinity_is_a_victim() -> None:
    stage = Stage(node("a"))
    full_node(stage, "a", 1)
    away = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term({"app": "old"})]}}
    assert victims(stage, pod("p", priority=10, affinity=away)) == ("a", ["a-1-0"])


def test_a_pod_in_the_way_by_spreading_is_a_victim() -> None:
    stage = Stage(node("a"), node("b", cpu="0"))
    full_node(stage, "a", 1)
    rules = [spread({"app": "old"}, "kubernetes.io/hostname")]
    wanted = pod("p", cpu="1", priority=10, labels={"app": "old"}, topologySpreadConstraints=rules)
    assert victims(stage, wanted) == ("a", ["a-1-0"])


def test_room_promised_to_a_more_important_pod_is_not_given_away() -> None:
    stage = Stage(node("a", cpu="1"))
    stage.nominator.nominate(stage.view(pod("first", cpu="1", priority=10)), "a")
    assert stage.try_(pod("p", cpu="1", priority=5)).node is None
    assert stage.try_(pod("q", cpu="1", priority=11)).node == "a"
