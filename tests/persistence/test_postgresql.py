"""The contract suite once more, on a PostgreSQL server started for it. Skipped where none is installed."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgresql import postgresql

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def server() -> Iterator[str]:
    with postgresql() as url:
        yield url


@pytest.mark.slow
def test_the_log_keeps_its_promises_on_postgresql(server: str) -> None:
    suite = str(Path(__file__).with_name("test_log_contract.py"))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "orm or two_writers", suite]
    environment = {**os.environ, "DATABASE_URL": server, "USER": getpass.getuser()}
    outcome = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert outcome.returncode == 0, outcome.stdout[-3000:] + outcome.stderr[-1000:]
    assert " passed" in outcome.stdout
