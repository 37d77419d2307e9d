"""The recordings of a real control plane, and the product running beside them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.golden import GOLDEN
from tests.playground.processes import Playground

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def golden() -> Path:
    """Where the recordings are. CI insists on them; elsewhere their absence skips."""
    folder = GOLDEN
    if not folder.is_dir():
        assert "PLAYGROUND_GOLDEN" not in os.environ, f"PLAYGROUND_GOLDEN={folder} is no folder"
        pytest.skip("no recordings beside the project")
    return folder


@pytest.fixture(scope="session")
def bare(product: Playground, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes a cluster without nodes; answers its kubeconfig."""
    folder = tmp_path_factory.mktemp("kubeconfigs")

    def make(name: str) -> Path:
        made = product.manage("createcluster", name, "--bare")
        assert made.returncode == 0, made.stderr
        printed = product.manage("kubeconfig", name)
        assert printed.returncode == 0, printed.stderr
        path = folder / f"{name}.yaml"
        path.write_text(printed.stdout)
        return path

    return make
