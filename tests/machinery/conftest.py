"""What the recordings of a real control plane say, for the tests of the machinery."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.golden import GOLDEN

# A busy machine is no failure: properties are bounded by examples, not by time.
settings.register_profile("machinery", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("machinery")



@pytest.fixture(scope="session")
def golden() -> pathlib.Path:
    if not GOLDEN.is_dir():
        pytest.skip(f"no recordings at {GOLDEN}")
    return GOLDEN


@pytest.fixture(scope="session")
def steps(golden: pathlib.Path) -> Callable[[str], list[Any]]:
    """A transcript's requests in order, each with the real response."""

    def load(name: str) -> list[Any]:
        transcript = json.loads((golden / "transcripts" / f"{name}.json").read_text())
        return [step for step in transcript["setup"] + transcript["steps"] if "response" in step]

    return load


@pytest.fixture(scope="session")
def refusals(golden: pathlib.Path) -> list[Any]:
    """Every distinct Status of a refusal that was recorded."""
    found = {json.dumps(status, sort_keys=True): status for status in _statuses(golden)}
    return list(found.values())


def _statuses(golden: pathlib.Path) -> Iterator[Any]:
    for case in json.loads((golden / "mutations.json").read_text()):
        if case["status"] >= 400:
            yield case["response"]
    for path in sorted((golden / "transcripts").glob("*.json")):
        transcript = json.loads(path.read_text())
        for step in transcript["setup"] + transcript["steps"]:
            body = step.get("response", {}).get("body")
            if isinstance(body, dict) and body.get("status") == "Failure":
                yield body
