"""The workload controllers do what a real control plane was recorded doing."""

from __future__ import annotations

import pytest

from tests.controllers.recordings import GOLDEN, Outcome, names

OURS = ("cronjob", "deploy", "ds", "hpa", "job", "pdb", "rs", "sts")

pytestmark = pytest.mark.skipif(not GOLDEN.exists(), reason="the recordings are not on this machine")


def ours() -> list[str]:
    return [name for name in names() if name.split("-")[0] in OURS]


@pytest.mark.parametrize("name", ours() if GOLDEN.exists() else [])
def test_a_recorded_scenario_ends_with_equal_objects_and_events(name: str) -> None:
    outcome = Outcome(name)
    assert outcome.equal, "\n".join([str(outcome), *outcome.errors, *outcome.differences])
