"""The browser code's own unit tests, in Node: what needs no browser is tested without one."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tools import setup

ROOT = Path(__file__).resolve().parents[2]


def test_pure_modules_of_the_front_end() -> None:
    files = sorted(str(path) for path in (ROOT / "tests/browser/unit").glob("*.test.js"))
    done = subprocess.run(["node", "--test", *files], cwd=ROOT, env=setup.node_environment(), capture_output=True, text=True)
    assert files and done.returncode == 0, done.stdout + done.stderr


def test_the_front_end_is_typed() -> None:
    tsc = ROOT / "node_modules/.bin/tsc"
    done = subprocess.run(["node", str(tsc)], cwd=ROOT, env=setup.node_environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
