"""Small pictures of many clusters."""

from __future__ import annotations

from typing import Any

import pytest

from playground.worker.glance import letter
from playground.worker.host import Host


def pod(phase: str = "Running", ready: bool = False, waiting: str = "", **metadata: str) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    states = [{"state": {"waiting": {"reason": waiting}}}] if waiting else []
    return {"metadata": metadata, "status": {"phase": phase, "conditions": conditions, "containerStatuses": states}}


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (pod(ready=True), "r"),
        (pod(), "n"),
        (pod("Pending"), "p"),
        (pod("Pending", waiting="ImagePullBackOff"), "c"),
        (pod(waiting="CrashLoopBackOff"), "c"),
        (pod("Pending", waiting="ContainerCreating"), "p"),
        (pod("Succeeded"), "s"),
        (pod("Failed"), "f"),
        (pod(ready=True, deletionTimestamp="2026-01-01T00:00:00Z"), "t"),
        ({"metadata": {}, "status": {}}, "p"),
    ],
)
def test_a_pod_is_one_letter(shown: dict[str, Any], expected: str) -> None:
    assert letter(shown) == expected


async def test_who_is_awake_is_shown_and_nobody_is_woken(host: Host) -> None:
    for name in ("a", "b"):
        await host.command(name, "create", {"seed": 1, "nodes": 1})
        await host.command(name, "clock", {"action": "settle"})
    await host._put_away(host.residents["b"], "hibernated")
    told = await host.command("a", "glance", {"names": ["a", "b", "nothing"]})
    assert list(told["clusters"]) == ["a"]
    picture = told["clusters"]["a"]
    assert [(node["name"], node["ready"]) for node in picture["nodes"]] == [("control-plane", True), ("node-1", True)]
    assert all(node["pods"].strip("r") == "" for node in picture["nodes"])
    assert list(host.residents) == ["a"]
