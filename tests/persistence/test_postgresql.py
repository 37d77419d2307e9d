"""The contract suite once more, on a PostgreSQL server started for it. Skipped where none is installed."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


def user() -> str | None:
    """PostgreSQL does not run as root; None: as we are."""
    if os.geteuid() != 0:
        return None
    return next((entry.pw_name for entry in pwd.getpwall() if entry.pw_name == "postgres"), "nobody")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def server() -> Iterator[str]:
    """DATABASE_URL of a fresh server."""
    if not INSTALLED:
        pytest.skip("no PostgreSQL is installed")
    binaries, port = INSTALLED[-1].parent, free_port()
    directory = Path(tempfile.mkdtemp(prefix="playground-pg-"))
    if owner := user():
        shutil.chown(directory, owner)
    data = str(directory / "data")

    def run(*command: str) -> None:
        subprocess.run(command, user=owner, cwd=directory, check=True, capture_output=True, timeout=60)

    run(str(binaries / "initdb"), "-D", data, "-A", "trust", "-U", "playground", "--no-sync")
    options = f"-p {port} -k {directory} -h 127.0.0.1 -F"
    run(str(binaries / "pg_ctl"), "-D", data, "-o", options, "-l", str(directory / "log"), "-w", "start")
    try:
        yield f"postgres://playground@127.0.0.1:{port}/postgres"
    finally:
        run(str(binaries / "pg_ctl"), "-D", data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(directory, ignore_errors=True)


@pytest.mark.slow
def test_the_log_keeps_its_promises_on_postgresql(server: str) -> None:
    suite = str(Path(__file__).with_name("test_log_contract.py"))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "orm or two_writers", suite]
    environment = {**os.environ, "DATABASE_URL": server, "USER": getpass.getuser()}
    outcome = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert outcome.returncode == 0, outcome.stdout[-3000:] + outcome.stderr[-1000:]
    assert " passed" in outcome.stdout
