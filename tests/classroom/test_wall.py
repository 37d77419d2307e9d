"""The wall's websocket when what it shows cannot be had for a while."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from playground.classroom import consumer, door
from playground.classroom.access import YES, refused
from playground.engine.port import Unavailable


async def test_a_wall_goes_on_after_its_worker_was_away(monkeypatch: pytest.MonkeyPatch) -> None:
    answers: Iterator[Any] = iter([{"students": ["a"]}, Unavailable("no worker answers"), {"students": ["a", "b"]}])
    decisions = iter([YES, YES, YES, refused(403, "not any more")])
    told: list[Any] = []

    class Wall(consumer.CourseConsumer):
        _slug = "alpha"
        scope: Any = None

        async def _wall(self) -> dict[str, Any]:
            answer = next(answers)
            if isinstance(answer, Exception):
                raise answer
            return dict(answer)

        async def send_json(self, content: Any, close: bool = False) -> None:
            told.append(content.get("students", content["type"]))

        async def close(self, code: int | None = None, reason: str | None = None) -> None:
            told.append(code)

    async def may_in(*_: object) -> object:
        return next(decisions)

    monkeypatch.setattr(door, "may_in", may_in)
    monkeypatch.setattr(consumer, "WALL_SECONDS", 0)
    await Wall()._show_walls()
    assert told == [["a"], ["a", "b"], "gone", 4403]
