"""@kubernetes/client-node, the official client for JavaScript, in a Node of this machine."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tools import setup

pytestmark = pytest.mark.slow


def test_a_program_with_the_javascript_client_works(secure_kubeconfig: Path) -> None:
    program = str(Path(__file__).with_name("node_client.mjs"))
    command = ["node", program, str(secure_kubeconfig)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=setup.node_environment())
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout) == {
        "version": "36",
        "nodes": 4,
        "watched": "ADDED",
        "informed": 2,
        "patched": 1,
        "applied": "2",
        "listed": True,
        "log": True,
        "refused": 422,
        "token": 3,
    }
