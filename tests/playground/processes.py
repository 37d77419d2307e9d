"""The whole playground as real processes on a free port of this machine, for tests that kill them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Playground:
    """`manage.py runplayground` in a directory of its own."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.https_port = free_port()
        own = {"DATA": str(data), "PORT": str(self.port), "HTTPS_PORT": str(self.https_port), "HOST": "127.0.0.1", "LOG_LEVEL": "ERROR"}
        self._environment = {**os.environ, **own, **environment}
        self._data, self._log = data, data / "log.txt"
        data.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(ROOT / "manage.py"), "runplayground"],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self, seconds: float = 40.0) -> None:
        """Until the URL is printed."""
        end = time.monotonic() + seconds
        while "Cluster Playground:" not in self.output():
            assert self._process.poll() is None and time.monotonic() < end, self.output()
            time.sleep(0.05)

    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(ROOT / "manage.py"), *words]
        return subprocess.run(command, cwd=ROOT, env=self._environment, capture_output=True, text=True, timeout=60)

    def child(self, name: str) -> int | None:
        """The process id of "worker" or "web"; None while there is none."""
        with contextlib.suppress(OSError, ValueError):
            pid = int((self._data / f"{name}.pid").read_text())
            return pid if Path(f"/proc/{pid}").exists() else None
        return None

    def kill(self, name: str, but: int = 0) -> int:
        """kill -9 a child (a later one than `but`); answers its process id."""
        end = time.monotonic() + 20
        while (pid := self.child(name)) in (None, but):
            assert time.monotonic() < end, self.output()
            time.sleep(0.005)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        return pid

    def stop(self) -> int:
        """As Ctrl-C does; answers the exit status."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise

    def client(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=20, **options)


@contextlib.contextmanager
def running(data: Path, **environment: str) -> Iterator[Playground]:
    playground = Playground(data, **environment)
    try:
        playground.wait()
        yield playground
    finally:
        playground.stop()
