"""Room on a node: NodeResourcesFit and NodeResourcesBalancedAllocation.

Models pkg/scheduler/framework/plugins/noderesources. All scores are whole numbers rounded as int64 arithmetic rounds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import sqrt
from typing import Any

from cluster_core.scheduler.amounts import is_scalar
from cluster_core.scheduler.framework import MAX_SCORE, SKIP, Cycle, Event, Plugin, Rejection, Skip
from cluster_core.scheduler.snapshot import NodeView
from cluster_core.scheduler.views import NodeFacts, PodShape, PodView

DEFAULT_RESOURCES: tuple[Mapping[str, Any], ...] = ({"name": "cpu", "weight": 1}, {"name": "memory", "weight": 1})
Resources = tuple[tuple[str, int], ...]
Strategy = Callable[[int, int], int]
"""(requested, allocatable) to 0..100."""


def weighed(resources: Sequence[Mapping[str, Any]] | None) -> Resources:
    return tuple((entry["name"], int(entry.get("weight") or 1)) for entry in resources or DEFAULT_RESOURCES)


def least(requested: int, capacity: int) -> int:
    return 0 if requested > capacity else (capacity - requested) * MAX_SCORE // capacity


def most(requested: int, capacity: int) -> int:
    return min(requested, capacity) * MAX_SCORE // capacity


def _shaped(points: Sequence[Mapping[str, Any]]) -> Strategy:
    """RequestedToCapacityRatio: straight lines between (utilization, score * 10) points."""
    shape = [(int(point.get("utilization", 0)), int(point.get("score", 0)) * 10) for point in points]

    def score(requested: int, capacity: int) -> int:
        used = 100 if requested > capacity else requested * 100 // capacity
        for i, (utilization, height) in enumerate(shape):
            if used <= utilization:
                return height if i == 0 else _between(shape[i - 1], shape[i], used)
        return shape[-1][1]

    return score


def _between(low: tuple[int, int], high: tuple[int, int], used: int) -> int:
    rise = (high[1] - low[1]) * (used - low[0])
    width = high[0] - low[0]
    return low[1] + (rise // width if rise >= 0 else -(-rise // width))


def _too_little(shape: PodShape, node: NodeView, ignored: Callable[[str], bool]) -> tuple[list[str], bool]:
    """The reasons, and whether even the empty node is too small."""
    reasons: list[str] = []
    final = False
    facts = node.facts
    if len(node.pods) + 1 > facts.pods:
        reasons.append("Too many pods")
    for name, asked, used, room in (
        ("cpu", shape.cpu, node.cpu, facts.cpu),
        ("memory", shape.memory, node.memory, facts.memory),
        ("ephemeral-storage", shape.ephemeral, node.ephemeral, facts.ephemeral),
    ):
        if asked > 0 and asked > room - used:
            reasons.append(f"Insufficient {name}")
            final = final or asked > room
    for name, asked in shape.scalars.items():
        room = facts.scalars.get(name, 0)
        if asked and not ignored(name) and asked > room - node.scalars.get(name, 0):
            reasons.append(f"Insufficient {name}")
            final = final or asked > room
    return reasons, final


class NodeResourcesFit(Plugin):
    """A pod fits where what it requests is still free; the scoring strategy says which of those nodes are better."""

    name = "NodeResourcesFit"
    FILTERS = True
    SCORES = True
    EVENTS = frozenset({("AssignedPod", "Delete"), ("AssignedPod", "UpdatePodScaleDown"), ("Node", "Add"),
                        ("UnscheduledPod", "UpdatePodScaleDown"), ("Node", "UpdateNodeAllocatable")})  # fmt: skip

    def __init__(self, args: Mapping[str, Any] | None = None) -> None:
        super().__init__(args)
        self._ignored = frozenset(self.args.get("ignoredResources") or ())
        self._ignored_groups = frozenset(self.args.get("ignoredResourceGroups") or ())
        strategy = self.args.get("scoringStrategy") or {}
        self.resources = weighed(strategy.get("resources"))
        self.kind = strategy.get("type") or "LeastAllocated"
        shape = (strategy.get("requestedToCapacityRatio") or {}).get("shape") or ()
        self._one: Strategy = {"LeastAllocated": least, "MostAllocated": most}.get(self.kind) or _shaped(shape)
        self._plain = self.resources == (("cpu", 1), ("memory", 1)) and self.kind == "LeastAllocated"

    def _is_ignored(self, name: str) -> bool:
        return name in self._ignored or name.split("/")[0] in self._ignored_groups

    def filter(self, cycle: Cycle, node: NodeView) -> Rejection | None:
        shape, facts = cycle.pod.shape, node.facts
        if (
            shape.cpu <= facts.cpu - node.cpu
            and shape.memory <= facts.memory - node.memory
            and len(node.pods) < facts.pods
            and not shape.ephemeral
            and not shape.scalars
        ):
            return None
        reasons, final = _too_little(shape, node, self._is_ignored)
        return Rejection(tuple(reasons), final) if reasons else None

    def score(self, cycle: Cycle, node: NodeView) -> int:
        shape, facts = cycle.pod.shape, node.facts
        if self._plain and facts.cpu and facts.memory:
            cpu = least(node.nonzero_cpu + shape.nonzero_cpu, facts.cpu)
            return (cpu + least(node.nonzero_memory + shape.nonzero_memory, facts.memory)) // 2
        total = weights = 0
        for name, weight in self.resources:
            asked, used, room = _account(shape, node, name, nonzero=True)
            if room == 0 or (asked == 0 and is_scalar(name)):
                continue
            score = self._one(used + asked, room)
            if self.kind == "RequestedToCapacityRatio" and score <= 0:
                continue
            total += score * weight
            weights += weight
        if not weights:
            return 0
        return (2 * total + weights) // (2 * weights) if self.kind == "RequestedToCapacityRatio" else total // weights

    def helps(self, event: Event, pod: PodView, old: Any, new: Any) -> bool:
        if event.resource == "Node":
            return _now_large_enough(pod.shape, old, new, self._is_ignored)
        if event.action == "Delete":
            return True
        return bool(new.uid == pod.uid) or _frees(pod.shape, old.shape, new.shape)


def _account(shape: PodShape, node: NodeView, name: str, nonzero: bool) -> tuple[int, int, int]:
    """(asked, used, allocatable) of one resource. `nonzero`: pods without a request count with the defaults."""
    facts = node.facts
    if name == "cpu":
        return (shape.nonzero_cpu, node.nonzero_cpu, facts.cpu) if nonzero else (shape.cpu, node.cpu, facts.cpu)
    if name == "memory":
        if nonzero:
            return shape.nonzero_memory, node.nonzero_memory, facts.memory
        return shape.memory, node.memory, facts.memory
    if name == "ephemeral-storage":
        return shape.ephemeral, node.ephemeral, facts.ephemeral
    return shape.scalars.get(name, 0), node.scalars.get(name, 0), facts.scalars.get(name, 0)


def _now_large_enough(shape: PodShape, old: NodeFacts | None, new: NodeFacts, ignored: Callable[[str], bool]) -> bool:
    if _too_little(shape, NodeView(new), ignored)[0]:
        return False
    if old is None or new.pods > old.pods:
        return True
    pairs = [(shape.cpu, old.cpu, new.cpu), (shape.memory, old.memory, new.memory)]
    pairs.append((shape.ephemeral, old.ephemeral, new.ephemeral))
    pairs += [(asked, old.scalars.get(name, 0), new.scalars.get(name, 0)) for name, asked in shape.scalars.items()]
    return any(asked > 0 and now > before for asked, before, now in pairs)


def _frees(shape: PodShape, before: PodShape, after: PodShape) -> bool:
    wanted = (name for name, number in shape.requests.items() if number)
    return any(before.requests.get(name, 0) > after.requests.get(name, 0) for name in wanted)


class NodeResourcesBalancedAllocation(Plugin):
    """Prefers nodes whose cpu and memory would be used alike, against how they are used without the pod."""

    name = "NodeResourcesBalancedAllocation"
    SCORES = True

    def __init__(self, args: Mapping[str, Any] | None = None) -> None:
        super().__init__(args)
        self.resources = weighed(self.args.get("resources"))
        self._plain = [name for name, _ in self.resources] == ["cpu", "memory"]

    def _asks_nothing(self, shape: PodShape) -> bool:
        return not any(shape.requests.get(name, 0) for name, _ in self.resources)

    def pre_score(self, cycle: Cycle, nodes: Sequence[NodeView]) -> Skip | None:
        return SKIP if self._asks_nothing(cycle.pod.shape) else None

    def score(self, cycle: Cycle, node: NodeView) -> int:
        shape, facts = cycle.pod.shape, node.facts
        if self._plain and facts.cpu and facts.memory:
            cpu, memory = node.cpu, node.memory
            with_pod = _pair(cpu + shape.cpu, facts.cpu, memory + shape.memory, facts.memory)
            without = _pair(cpu, facts.cpu, memory, facts.memory)
        else:
            accounts = [_account(shape, node, name, nonzero=False) for name, _ in self.resources]
            names = [name for name, _ in self.resources]
            kept = [a for name, a in zip(names, accounts, strict=True) if a[2] and (a[0] or not is_scalar(name))]
            with_pod = _evenness([(used + asked) / room for asked, used, room in kept])
            without = _evenness([used / room for _, used, room in kept])
        return MAX_SCORE // 2 + _halved(MAX_SCORE // 2 + with_pod - without)


def _halved(number: int) -> int:
    """Go's division truncates toward zero."""
    return number // 2 if number >= 0 else -(-number // 2)


def _pair(cpu: int, cpus: int, memory: int, memories: int) -> int:
    first, second = cpu / cpus, memory / memories
    return int((1 - abs((min(first, 1.0) - min(second, 1.0)) / 2)) * MAX_SCORE)


def _evenness(fractions: Sequence[float]) -> int:
    found = [min(fraction, 1.0) for fraction in fractions]
    spread = 0.0
    if len(found) == 2:
        spread = abs((found[0] - found[1]) / 2)
    elif len(found) > 2:
        total = 0.0
        for fraction in found:
            total += fraction
        mean, squares = total / len(found), 0.0
        for fraction in found:
            squares += (fraction - mean) * (fraction - mean)
        spread = sqrt(squares / len(found))
    return int((1 - spread) * MAX_SCORE)
