"""The controllers do what a real control plane was recorded doing."""

from __future__ import annotations

import pytest

from tests.controllers.recordings import GOLDEN, Outcome, names

OURS = (
    "cronjob", "csr", "deploy", "ds", "gc", "hpa", "job", "limitrange", "node", "ns", "pdb", "pv", "pvc", "quota", "rs",
    "sts", "svc",
)  # fmt: skip
KNOWN_BEFORE = "Registered Node node-1 in Controller"
"""The recorded control plane had node-1 from the scenario before, so that its coming was no news there."""

pytestmark = pytest.mark.skipif(not GOLDEN.exists(), reason="the recordings are not on this machine")


def ours() -> list[str]:
    return [name for name in names() if name.split("-")[0] in OURS]


@pytest.mark.parametrize("name", ours() if GOLDEN.exists() else [])
def test_a_recorded_scenario_ends_with_equal_objects_and_events(name: str) -> None:
    outcome = Outcome(name)
    differences = [text for text in outcome.differences if KNOWN_BEFORE not in text]
    assert not differences and not outcome.errors, "\n".join([str(outcome), *outcome.errors, *differences])
