"""Where the recordings of a real control plane are: PLAYGROUND_GOLDEN, else shared/golden beside this project."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = Path(os.environ.get("PLAYGROUND_GOLDEN", ROOT.parent / "shared" / "golden"))
FIDELITY = "fidelity"
"""Under this property tests record how close to the recordings the product is."""


def load_tool(path: Path) -> ModuleType:
    """A fresh copy of one of the recordings' own tools, whose clock or client a test may replace."""
    spec = importlib.util.spec_from_file_location(f"golden_{path.stem}", path)
    assert spec is not None and spec.loader is not None, path
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
