"""What a real scheduler decided in recorded scenarios, this one decides too: node, condition, events, victims, scores."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from tests.scheduler import recorded

pytestmark = pytest.mark.skipif(not recorded.GOLDEN.exists(), reason="the recordings are not on this machine")

FLOOR = 0.99
"""Observations that must be equal, of those recorded."""


@functools.cache
def outcomes() -> tuple[dict[str, list[str]], dict[str, list[str]], int]:
    """(differences per scenario, differing scores per scenario, observations)"""
    sched = recorded.tool()
    differences: dict[str, list[str]] = {}
    scores: dict[str, list[str]] = {}
    total = 0
    for scenario in recorded.scenarios():
        found, engine = recorded.play(sched, scenario)
        total += len(scenario["expect"])
        for i, wanted in enumerate(scenario["expect"]):
            different = sched.compare(wanted, found[i] if i < len(found) else None)
            if different:
                differences.setdefault(scenario["name"], []).append(f"{wanted['pod']}: {different}")
            told = _scores(engine, scenario["name"], wanted)
            if told is not None and told != wanted["scores"]:
                scores.setdefault(scenario["name"], []).append(f"{wanted['pod']}: {told} != {wanted['scores']}")
    return differences, scores, total


def _scores(engine: Any, scenario: str, wanted: dict[str, Any]) -> dict[str, dict[str, int]] | None:
    """The explained scores in the recording's form, None where none were recorded."""
    if "scores" not in wanted:
        return None
    namespace, _, name = wanted["pod"].rpartition("/")
    pod = engine.api.get("Pod", namespace or f"sched-{scenario}", name)
    told = engine.cluster.parts["scheduler"].decision(pod["metadata"]["uid"])
    return {
        node["name"]: {
            **{plugin: score["weighted"] for plugin, score in node["scores"].items()},
            "total": node["total"],
        }
        for node in told["nodes"]
        if node["fits"]
    }


def test_observations_equal_the_recorded_ones(capsys: pytest.CaptureFixture[str]) -> None:
    differences, _, total = outcomes()
    equal = total - sum(map(len, differences.values()))
    with capsys.disabled():
        print(f"\nscheduling recordings: {equal}/{total} observations equal")
    assert equal / total >= FLOOR, differences


def test_every_recorded_score_is_explained_to_the_point() -> None:
    assert outcomes()[1] == {}
