"""How real time drives a cluster's virtual time: at a speed, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SECOND = 1_000_000
MAX_SPEED = 10_000.0
_MOST_LAG_SECONDS = 1.0


@dataclass(slots=True)
class Pace:
    """`anchor_wall` (seconds, monotonic) and `anchor_now` (virtual microseconds) are the same instant."""

    speed: float = 1.0
    paused: bool = False
    anchor_wall: float = 0.0
    anchor_now: int = 0

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Pace:
        return cls(float(settings.get("speed", 1.0)), bool(settings.get("paused", False)))

    def settings(self) -> dict[str, Any]:
        return {"speed": self.speed, "paused": self.paused}

    def saved(self, wall: float, real: float) -> dict[str, Any]:
        """What is persisted: the settings, and which virtual time was which real one (seconds since the epoch).

        So a cluster whose worker dies goes on from the time it had, though an idle one commits nothing for hours.
        """
        return {**self.settings(), "real": real - (wall - self.anchor_wall), "now": self.anchor_now}

    def resumed(self, settings: Mapping[str, Any], until: float) -> int:
        """The virtual time that a lost worker had reached by `until`, when it was last known to live; 0: unknown."""
        if self.paused or "real" not in settings:
            return 0
        return int(settings["now"]) + round(max(until - settings["real"], 0.0) * self.speed * SECOND)

    def anchor(self, wall: float, now: int) -> None:
        """From here on time passes as set."""
        self.anchor_wall, self.anchor_now = wall, now

    def target(self, wall: float) -> int:
        """What the virtual time should be."""
        if self.paused:
            return self.anchor_now
        return self.anchor_now + round((wall - self.anchor_wall) * self.speed * SECOND)

    def wall_of(self, due: int) -> float | None:
        """When a virtual time will be reached; None while paused."""
        if self.paused:
            return None
        return self.anchor_wall + (due - self.anchor_now) / (self.speed * SECOND)

    def lags(self, wall: float, now: int) -> bool:
        """Whether the virtual time `now` is far behind what it should be."""
        return self.target(wall) - now > _MOST_LAG_SECONDS * self.speed * SECOND
