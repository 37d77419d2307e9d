"""One message to browsers, encoded once for each form and handed to every socket.

Whoever asks for no more gets plain JSON in which every change carries the whole object. A browser says "small" in its
hello and gets what changed of objects it has, deflated when that is worth it: a fifteenth of the bytes in a rollout.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

Update = dict[str, Any]
_WORTH_DEFLATING = 512
_LEVEL = 6
_ALWAYS_WHOLE = ("Event",)
"""Browsers keep only the newest of these: they might not have what is changed."""


@dataclass(eq=False)
class Frame:
    """`differences`: the message's changes, told as what changed of each object."""

    message: Update
    differences: list[list[Any]] | None = None

    @cached_property
    def plain(self) -> bytes:
        return orjson.dumps(self.message)

    @cached_property
    def small(self) -> bytes:
        """JSON, or JSON deflated (zlib's format), told apart by the first byte."""
        text = self.plain
        if self.differences is not None:
            text = orjson.dumps(self.message | {"changes": self.differences})
        return zlib.compress(text, _LEVEL) if len(text) >= _WORTH_DEFLATING else text


def difference(old: Mapping[str, Any] | None, new: Update) -> list[Any]:
    """["mod", kind, uid, {field: value now, None: gone}], or ["put", the whole object]."""
    if old is None or new["k"] in _ALWAYS_WHOLE:
        return ["put", new]
    changed = {name: value for name, value in new.items() if name not in old or old[name] != value}
    return ["mod", new["k"], new["uid"], changed | {name: None for name in old if name not in new}]
