"""The whole playground as processes (web, worker, SQLite), for figures through the web process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Served:
    port: int
    prefix: str
    """The path of the cluster demo's API server; "" where there is none."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """That of its processes."""


@contextmanager
def playground(**settings: str) -> Iterator[Served]:
    """`settings`: environment variables."""
    with tempfile.TemporaryDirectory(prefix="playground-bench-") as data, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        environment = {**os.environ, **settings, "DATA": data, "PORT": str(port), "HOST": "127.0.0.1", "LOG_LEVEL": "ERROR"}
        command = [sys.executable, str(ROOT / "manage.py"), "runplayground"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            _wait(process)
            yield Served(port, "" if settings.get("LOCAL_MODE") == "0" else _prefix(port), environment)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def _wait(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    end = time.monotonic() + 60
    for line in process.stdout:
        if "Cluster Playground:" in line:
            return
        assert time.monotonic() < end
    raise RuntimeError("the playground did not start")


def _prefix(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/clusters/demo/kubeconfig/") as answer:
        lines = answer.read().decode().splitlines()
    server = next(line.split()[1] for line in lines if "server:" in line)
    return "/" + server.split("/", 3)[3]
