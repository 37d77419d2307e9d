"""Counts for topology spread constraints, kept from pod to pod.

A node's part in a constraint is its value of the topology key, or, where every node has a value of its own, the number of
matching pods on it. So nodes that are alike share one key, and only nodes on which something happened change theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import log

from cluster_core.scheduler.affinity import HOSTNAME, Constraint
from cluster_core.scheduler.plugins.pod_topology_spread import FAR, count, counts_node, has_all, rounded
from cluster_core.scheduler.snapshot import NodeView
from cluster_core.scheduler.views import PodShape

Part = str | int | None
Key = tuple[Part, ...]


class _Rule:
    """One constraint: matching pods per node and per value of the topology key."""

    __slots__ = ("counts", "domains", "eligible", "histogram", "rule", "unique", "values")

    def __init__(self, rule: Constraint, nodes: Sequence[NodeView], eligible: list[bool], shape: PodShape) -> None:
        self.rule = rule
        self.eligible = eligible
        self.values: list[str | None] = [node.facts.labels.get(rule.key) for node in nodes]
        self.counts = [count(node, rule.selector, shape.namespace) for node in nodes]
        self.domains: dict[str, int] = {}
        for counted, text, number in zip(eligible, self.values, self.counts, strict=True):
            if counted:
                self.domains[text or ""] = self.domains.get(text or "", 0) + number
        counted_values = [text for text, counted in zip(self.values, eligible, strict=True) if counted]
        self.unique = len(set(counted_values)) == len(counted_values)
        self.histogram: dict[int, int] = {}
        for number in self.domains.values():
            self.histogram[number] = self.histogram.get(number, 0) + 1

    def add(self, rank: int, sign: int) -> None:
        self.counts[rank] += sign
        if not self.eligible[rank]:
            return
        text = self.values[rank] or ""
        before = self.domains[text]
        self.domains[text] = before + sign
        self.histogram[before + sign] = self.histogram.get(before + sign, 0) + 1
        self.histogram[before] -= 1
        if not self.histogram[before]:
            del self.histogram[before]

    def fewest(self) -> int:
        if len(self.domains) < self.rule.min_domains:
            return 0
        return min(self.histogram, default=FAR)


class _Rules:
    """The constraints of one kind (hard or soft) of one shape of pod."""

    def __init__(
        self, rules: Sequence[Constraint], shape: PodShape, nodes: Sequence[NodeView], needs_all: bool
    ) -> None:
        self._shape = shape
        self.labelled = [not needs_all or has_all(node.facts, rules) for node in nodes]
        self.rules = [
            _Rule(rule, nodes, [ok and counts_node(rule, shape, node.facts)
                                for ok, node in zip(self.labelled, nodes, strict=True)], shape)
            for rule in rules
        ]  # fmt: skip
        self._matching: dict[PodShape, list[_Rule]] = {}

    def __bool__(self) -> bool:
        return bool(self.rules)

    def add(self, rank: int, pod: PodShape, sign: int) -> None:
        """A pod of this shape came to (1) or left (-1) a node."""
        matching = self._matching.get(pod)
        if matching is None:
            matching = self._matching[pod] = self._select(pod)
        for rule in matching:
            rule.add(rank, sign)

    def _select(self, pod: PodShape) -> list[_Rule]:
        if pod.namespace != self._shape.namespace:
            return []
        return [r for r in self.rules if not r.rule.selector.empty() and r.rule.selector.matches(pod.labels)]


class Hard(_Rules):
    def __init__(self, rules: Sequence[Constraint], shape: PodShape, nodes: Sequence[NodeView]) -> None:
        super().__init__(rules, shape, nodes, needs_all=True)

    def key(self, rank: int) -> Key | None:
        """None: the node lacks a topology label and will not do."""
        parts: list[Part] = []
        for rule in self.rules:
            text = rule.values[rank]
            if text is None:
                return None
            parts.append((rule.counts[rank] if rule.eligible[rank] else 0) if rule.unique else text)
        return tuple(parts)

    def limits(self) -> list[int]:
        """How many matching pods a domain may hold before the newcomer, per constraint."""
        return [rule.rule.max_skew + rule.fewest() - rule.rule.self_match for rule in self.rules]

    def allows(self, key: Key, limits: Sequence[int]) -> bool:
        for rule, part, limit in zip(self.rules, key, limits, strict=True):
            number = part if isinstance(part, int) else rule.domains.get(part or "", 0)
            if number > limit:
                return False
        return True


class Soft(_Rules):
    def __init__(
        self, rules: Sequence[Constraint], shape: PodShape, nodes: Sequence[NodeView], needs_all: bool
    ) -> None:
        super().__init__(rules, shape, nodes, needs_all)

    def key(self, rank: int) -> Key | None:
        """None: the node is left out of the scoring."""
        if not self.labelled[rank]:
            return None
        return tuple(
            rule.counts[rank] if rule.rule.key == HOSTNAME and rule.values[rank] is not None else rule.values[rank]
            for rule in self.rules
        )

    def weights(self, keys: Iterable[tuple[Key | None, int]]) -> list[float]:
        """The weight of each constraint; `keys` are the feasible nodes' keys with how many nodes have them."""
        values: list[set[Part]] = [set() for _ in self.rules]
        hosts = 0
        for key, number in keys:
            if key is not None:
                hosts += number
                for found, part in zip(values, key, strict=True):
                    found.add(part)
        sizes = [hosts if r.rule.key == HOSTNAME else len(v) for r, v in zip(self.rules, values, strict=True)]
        return [log(size + 2) for size in sizes]

    def raw(self, key: Key, weights: Sequence[float]) -> int:
        total = 0.0
        for rule, part, weight in zip(self.rules, key, weights, strict=True):
            if part is not None:
                number = part if isinstance(part, int) else rule.domains.get(part, 0)
                total += float(number) * weight + float(rule.rule.max_skew - 1)
        return rounded(total)
