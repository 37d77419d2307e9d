"""Where the recordings of a real control plane are: PLAYGROUND_GOLDEN, else shared/golden beside this project."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = Path(os.environ.get("PLAYGROUND_GOLDEN", ROOT.parent / "shared" / "golden"))
