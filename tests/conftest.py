"""What several folders of tests share: the whole product as running processes."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from django.utils import translation
from hypothesis import settings

from tests.golden import FIDELITY
from tests.playground.processes import Playground, running

settings.register_profile("playground", settings.get_profile("default"), deadline=None)
"""Properties are bounded by their number of examples: a busy machine must fail nothing."""
settings.load_profile("ci" if "CI" in os.environ else "playground")


@pytest.fixture(autouse=True)
def _no_language() -> Iterator[None]:
    """The language of a request is its thread's, and would be that of the next test."""
    yield
    translation.deactivate()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the rates of the recordings, wherever and beside whatever else their tests ran."""
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.getreports(outcome)]
    rates = [value for report in reports for name, value in report.user_properties if name == FIDELITY]
    if rates:
        terminalreporter.section("fidelity to a real control plane")
        for rate in rates:
            terminalreporter.write_line(str(rate))


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    """The playground with its cluster `demo`, one per test process."""
    with running(tmp_path_factory.mktemp("product")) as playground:
        yield playground
