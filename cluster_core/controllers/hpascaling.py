"""How far and how fast an autoscaler may go from where it is: limits, stabilization, behaviour policies.

Models the normalization of pkg/controller/podautoscaler/horizontal.go. What has been recommended and done lately is kept in
the controller's memory, as the real one keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

from cluster_core.machinery.timestamps import SECOND
from cluster_core.machinery.typed import Obj

DOWNSCALE_WINDOW = 300
"""Seconds: --horizontal-pod-autoscaler-downscale-stabilization."""

Samples = list[list[int]]
"""[value, time] pairs."""

READY = ("ReadyForNewScale", "recommended size matches current size")
LOWER = "recent recommendations were lower than current one, applying the lowest recent recommendation"
HIGHER = "recent recommendations were higher than current one, applying the highest recent recommendation"
UP_LIMIT = ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate")
DOWN_LIMIT = ("ScaleDownLimit", "the desired replica count is decreasing faster than the maximum scale rate")
TOO_MANY = ("TooManyReplicas", "the desired replica count is more than the maximum replica count")
TOO_FEW = ("TooFewReplicas", "the desired replica count is less than the minimum replica count")
WITHIN = ("DesiredWithinRange", "the desired count is within the acceptable range")

UP_RULES: Obj = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ],
}
DOWN_RULES: Obj = {
    "stabilizationWindowSeconds": DOWNSCALE_WINDOW,
    "selectPolicy": "Max",
    "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
}


@dataclass(frozen=True, slots=True)
class Decision:
    """The size to go to, why it was stabilized or not, and what limited it, if anything."""

    replicas: int
    stabilized: tuple[str, str]
    limit: tuple[str, str]
    limited: bool


@dataclass(slots=True)
class Scaling:
    """One autoscaler's bounds and memory. `memory` is changed in place: it is the controller's own."""

    memory: dict[str, Samples]
    now: int
    current: int
    minimum: int
    maximum: int
    behavior: Obj | None = None

    def _samples(self, name: str) -> Samples:
        return self.memory.setdefault(name, [])

    def begin(self) -> None:
        """The present size counts as recommended when the controller starts."""
        if "recommendations" not in self.memory:
            self._remember("recommendations", self.current, self.now)

    def _remember(self, name: str, value: int, cutoff: int) -> None:
        """Add a sample in the place of one from before the cutoff, so that the list does not grow."""
        samples = self._samples(name)
        stale = [index for index, (_, time) in enumerate(samples) if time < cutoff]
        if stale:
            samples[stale[-1]] = [value, self.now]
        else:
            samples.append([value, self.now])

    def decide(self, desired: int) -> Decision:
        return self._by_rules(desired) if self.behavior is None else self._by_behavior(desired)

    # ------------------------------------------------------------------------------------------------ default rules

    def _by_rules(self, desired: int) -> Decision:
        cutoff = self.now - DOWNSCALE_WINDOW * SECOND
        recent = [value for value, time in self._samples("recommendations") if time >= cutoff]
        stable = max([desired, *recent])
        self._remember("recommendations", desired, cutoff)
        why = READY if stable == desired else ("ScaleDownStabilized", HIGHER)
        fastest = max(2 * self.current, 4)
        upper, limit = (fastest, UP_LIMIT) if self.maximum > fastest else (self.maximum, TOO_MANY)
        if stable < self.minimum:
            return Decision(self.minimum, why, TOO_FEW, limited=True)
        if stable > upper:
            return Decision(upper, why, limit, limited=True)
        return Decision(stable, why, WITHIN, limited=False)

    # ------------------------------------------------------------------------------------------------ behaviour

    def _rules(self, way: str) -> Obj:
        given = (self.behavior or {}).get(way) or {}
        return {**(UP_RULES if way == "scaleUp" else DOWN_RULES), **given}

    def _by_behavior(self, desired: int) -> Decision:
        stable = self._stabilized(desired)
        rising = desired >= self.current
        why = ("ScaleUpStabilized", LOWER) if rising else ("ScaleDownStabilized", HIGHER)
        why = READY if stable == desired else why
        if stable > self.current:
            fastest = max(self._up_limit(), self.current)
            upper, limit = (fastest, UP_LIMIT) if self.maximum > fastest else (self.maximum, TOO_MANY)
            if stable > upper:
                return Decision(upper, why, limit, limited=True)
        elif stable < self.current:
            slowest = min(self._down_limit(), self.current)
            lower, limit = (slowest, DOWN_LIMIT) if self.minimum < slowest else (self.minimum, TOO_FEW)
            if stable < lower:
                return Decision(lower, why, limit, limited=True)
        return Decision(stable, why, WITHIN, limited=False)

    def _stabilized(self, desired: int) -> int:
        """Up no further than the lowest, down no further than the highest of the recent recommendations."""
        up = self.now - int(self._rules("scaleUp")["stabilizationWindowSeconds"]) * SECOND
        down = self.now - int(self._rules("scaleDown")["stabilizationWindowSeconds"]) * SECOND
        samples = self._samples("recommendations")
        lowest = min([desired, *(value for value, time in samples if time > up)])
        highest = max([desired, *(value for value, time in samples if time > down)])
        self._remember("recommendations", desired, min(up, down))
        return min(max(self.current, lowest), highest)

    def _up_limit(self) -> int:
        rules = self._rules("scaleUp")
        starts = self._starts(rules)
        proposals = [
            start + policy["value"] if policy["type"] == "Pods" else _ceil_percent(start, 100 + policy["value"])
            for policy, start in starts
        ]
        return _selected(rules["selectPolicy"], proposals, self.current, most=max, least=min)

    def _down_limit(self) -> int:
        rules = self._rules("scaleDown")
        starts = self._starts(rules)
        proposals = [
            start - policy["value"] if policy["type"] == "Pods" else int(start * (1 - policy["value"] / 100))
            for policy, start in starts
        ]
        return _selected(rules["selectPolicy"], proposals, self.current, most=min, least=max)

    def _starts(self, rules: Obj) -> list[tuple[Obj, int]]:
        """Each policy with the size at the beginning of its period."""
        return [(policy, self._size_before(policy["periodSeconds"])) for policy in rules["policies"]]

    def _size_before(self, seconds: int) -> int:
        cutoff = self.now - seconds * SECOND
        added, removed = (
            sum(value for value, time in self._samples(name) if time > cutoff) for name in ("up", "down")
        )
        return self.current - added + removed

    def scaled(self, replicas: int) -> None:
        """Remember a change of size, as long as behaviour policies ask for it."""
        if self.behavior is None:
            return
        name, way = ("up", "scaleUp") if replicas > self.current else ("down", "scaleDown")
        longest = max((policy["periodSeconds"] for policy in self._rules(way)["policies"]), default=0)
        self._remember(name, abs(replicas - self.current), self.now - longest * SECOND)


def _ceil_percent(start: int, percentage: int) -> int:
    return ceil(start * (percentage / 100))


def _selected(policy: str, proposals: list[int], current: int, *, most: Any, least: Any) -> int:
    """The policy that allows the most change, or the least, or none at all."""
    if policy == "Disabled" or not proposals:
        return current
    chosen: int = (least if policy == "Min" else most)(proposals)
    return chosen
