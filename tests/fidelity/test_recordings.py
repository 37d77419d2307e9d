"""The running product against what a real v1.36.2 control plane answered, with the recordings' own tools.

Each rate has a floor. Raise a floor when its rate has risen; docs/fidelity.md says what differs on purpose.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.golden import FIDELITY

pytestmark = pytest.mark.slow

ALL = pytest.mark.skipif("PLAYGROUND_ALL" not in os.environ, reason="in real time for minutes: make fidelity")
"""tests/scheduler and tests/controllers play the same scenarios with the same tools, in process and in virtual time."""
FLOORS = json.loads((Path(__file__).parent / "floors.json").read_text())


def run_tool(golden: Path, *words: str, seconds: float = 600) -> str:
    """What a tool prints. It may exit with 1 when something differs; the rates tell."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, str(golden / words[0]), *words[1:]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, env=environment, cwd=golden)
    assert done.stdout, done.stderr
    return done.stdout


Hold = Callable[[str, float], None]


@pytest.fixture
def hold(record_property: Callable[[str, object], None]) -> Hold:
    """hold(name, rate) tells the rate at the end of the run and keeps it from falling."""

    def hold_(name: str, rate: float) -> None:
        record_property(FIDELITY, f"{name}: {rate:.4f} (floor {FLOORS[name]})")
        assert rate >= FLOORS[name], f"{name} fell to {rate:.4f}, below {FLOORS[name]}"

    return hold_


def last_line(text: str) -> dict[str, Any]:
    rates: dict[str, Any] = json.loads(text.strip().splitlines()[-1])
    return rates


def test_creates_give_the_same_objects_and_refusals(golden: Path, bare: Callable[[str], Path], hold: Hold) -> None:
    rates = last_line(run_tool(golden, "compare.py", "create", "--kubeconfig", str(bare("create")), "--show", "0"))
    hold("create.equal", rates["equal"])
    hold("create.status", rates["status"])


def test_broken_manifests_are_refused_in_the_same_words(golden: Path, bare: Callable[[str], Path], hold: Hold) -> None:
    config = str(bare("mutations"))
    rates = last_line(run_tool(golden, "compare.py", "mutations", "--kubeconfig", config, "--show", "0"))
    assert rates["five_hundreds"] == 0
    hold("mutations.status", rates["status"])
    hold("mutations.message", rates["message"])


def test_discovery_and_columns_are_the_same(golden: Path, bare: Callable[[str], Path], hold: Hold) -> None:
    config = str(bare("discovery"))
    rates = last_line(run_tool(golden, "compare.py", "discovery", "--kubeconfig", config, "--show", "5"))
    hold("discovery.resources", rates["resources"])
    hold("discovery.tables", rates["tables"])


def network_of(config: Path, name: str) -> list[str]:
    """How the replay tool reaches the cluster as one reaches it on a network, where no token is anonymous."""
    found = re.search(r"server: (\S+)/k/(\S+)", config.read_text())
    assert found is not None
    return ["--server", found[1], "--prefix", f"/k8s/{name}", "--token", found[2]]


def test_conversations_go_the_same_way(golden: Path, bare: Callable[[str], Path], tmp_path: Path, hold: Hold) -> None:
    where = network_of(bare("transcripts"), "transcripts")
    report = tmp_path / "report.json"
    run_tool(golden, "replay.py", *where, "--json", str(report), "transcripts")
    found = json.loads(report.read_text())
    hold("transcripts.equal", found["equal"] / found["steps"])


@ALL
def test_the_scheduler_decides_the_same(golden: Path, bare: Callable[[str], Path], hold: Hold) -> None:
    config = str(bare("scheduling"))
    text = run_tool(golden, "scheduling/sched.py", "replay", "--kubeconfig", config, "--delete-nodes")
    hold("scheduling.equal", share_in(text, "observations equal"))


@ALL
def test_workloads_end_in_the_same_objects_and_events(golden: Path, bare: Callable[[str], Path], hold: Hold) -> None:
    text = run_tool(golden, "workloads/work.py", "replay", "--kubeconfig", str(bare("workloads")), seconds=2400)
    print(text[-3000:])
    hold("workloads.objects", share_in(text, "objects equal"))
    hold("workloads.events", share_in(text, "events  equal"))


def share_in(text: str, label: str) -> float:
    """The share in a line such as "observations equal 190/200 = 95.0 %"."""
    found = re.search(rf"{label}\s+(\d+)/(\d+)", text)
    assert found is not None, text[-2000:]
    return int(found[1]) / int(found[2])
