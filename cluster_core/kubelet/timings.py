"""How long things take on a node, and how often they fail: data, in seconds, drawn by name from the cluster's seed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_core.machinery.seed import Seed

DEFAULTS: dict[str, Any] = {
    "sandbox": [0.2, 0.6],
    "create": [0.05, 0.2],
    "pull-latency": [0.4, 1.2],
    "pull-bytes-per-second": [30e6, 80e6],
    "pull-failure": 0.0,
    "resync": [1.0, 2.0],
    "volume-refresh": [2.0, 60.0],
    "config-retry": [10.0, 15.0],
    "boot": [10.0, 20.0],
    "register": [0.5, 1.5],
    "observe": [0.01, 0.05],
    "remove": [0.1, 0.4],
    "sandbox-failure": 0.0,
    "start-failure": 0.0,
    "node-failure": 0.0,
    "node-outage": [60.0, 600.0],
}
"""A pair is a range, a number a fixed value. pull-failure, sandbox-failure and start-failure are the probabilities that one
pull, pod sandbox or start of a container fails; node-failure is the mean time a node runs between two failures, 0: it never
fails by itself; node-outage how long it is gone then."""
PROBABILITIES = ("pull-failure", "sandbox-failure", "start-failure")


class Timings:
    """The cluster's timings: the defaults with what was set for it."""

    def __init__(self, seed: Seed, changed: Mapping[str, Any]) -> None:
        self._seed = seed
        self.changed = dict(changed)

    def value(self, name: str) -> Any:
        return self.changed.get(name, DEFAULTS[name])

    def draw(self, name: str, *names: object) -> float:
        """One value of this timing for what `names` say it is about."""
        value = self.value(name)
        if isinstance(value, (int, float)):
            return float(value)
        low, high = value
        return float(low) + (float(high) - float(low)) * self._seed.fraction("timing", name, *names)

    def happens(self, name: str, *names: object) -> bool:
        """Whether a failure of this probability strikes."""
        chance = float(self.value(name))
        return chance > 0 and self._seed.fraction("failure", name, *names) < chance
