"""Why a pod waits, asked from outside."""

from __future__ import annotations

import pytest

from cluster_core.simulation.commands import CommandError
from tests.builders import Engine, pod


def test_a_waiting_pod_s_decision_names_each_node_s_reason() -> None:
    engine = Engine(nodes=2)
    made = engine.api.create("Pod", pod("giant", nodeSelector={"size": "giant"}))
    engine.cluster.advance(5)
    decision = engine.cluster.command("scheduling", {"uid": made["metadata"]["uid"]})
    assert "didn't match Pod's node affinity/selector" in str(decision)


def test_an_unknown_pod_has_no_decision() -> None:
    with pytest.raises(CommandError) as caught:
        Engine(nodes=1).cluster.command("scheduling", {"uid": "nobody"})
    assert caught.value.status == 404


def test_a_stopped_scheduler_tells_nothing() -> None:
    engine = Engine(nodes=1)
    engine.cluster.command("stop-component", {"component": "kube-scheduler"})
    with pytest.raises(CommandError, match="stopped"):
        engine.cluster.command("scheduling", {"uid": "x"})
