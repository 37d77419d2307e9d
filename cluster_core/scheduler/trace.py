"""placeholder"""

from __future__ import annotations

from typing import Any


class Trace:
    def __init__(self, snapshot: Any, lookup: Any) -> None: ...
    def record(self, decision: Any, now: int) -> None: ...
    def explain(self, uid: str) -> dict[str, Any] | None:
        return None
