"""JSON that is kept: in no more memory than it needs."""

from __future__ import annotations

from typing import Any

import orjson


def encode(value: Any, option: int = 0) -> bytes:
    """As orjson.dumps, whose own result holds on to up to four times its size."""
    return bytes(memoryview(orjson.dumps(value, option=option)))
