"""A PostgreSQL server of the test's own, from Debian's package."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

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


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """DATABASE_URL of a fresh server. Skips the test where none is installed."""
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
