"""The pictures of a cluster's past that a presenter scrubs through, asked for once for all who follow in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from playground.clusters import engine
from playground.engine.port import Engine

from .frame import Frame

_KEPT = 8


class Pictures:
    """The last few. A picture of the past never changes, so it is made and encoded once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._asked: dict[tuple[str, int], asyncio.Task[Frame]] = {}

    async def of(self, *, token: str, cluster: str, revision: int) -> Frame:
        """What whoever follows by this link is shown as of a revision. Raises EngineError."""
        key = (token, revision)
        task = self._asked.get(key)
        if task is None or (task.done() and task.exception() is not None):
            task = self._asked[key] = asyncio.create_task(self._ask(cluster, revision))
            while len(self._asked) > _KEPT:
                del self._asked[next(iter(self._asked))]
        return await asyncio.shield(task)

    async def _ask(self, cluster: str, revision: int) -> Frame:
        picture: Mapping[str, Any] = await self._engine.command(cluster, "history", {"revision": revision})
        return Frame({**picture, "type": "past"})


@lru_cache(1)
def pictures() -> Pictures:
    """Those of this process."""
    return Pictures(engine())
