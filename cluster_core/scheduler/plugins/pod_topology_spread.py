"""PodTopologySpread: pods of a kind spread evenly over nodes, zones and whatever else the labels tell apart.

Models pkg/scheduler/framework/plugins/podtopologyspread, with the system's default constraints (hostname with skew 3 and zone
with skew 5, both soft) for pods that belong to a Service, ReplicaSet, StatefulSet or ReplicationController.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import log
from typing import Any

from cluster_core.machinery.selectors import Selector
from cluster_core.scheduler import matching
from cluster_core.scheduler.affinity import HOSTNAME, ZONE, Constraint, constraints
from cluster_core.scheduler.framework import MAX_SCORE, SKIP, Cycle, Event, Plugin, Rejection, Skip, hopeless, unfit
from cluster_core.scheduler.snapshot import NodeView
from cluster_core.scheduler.views import NodeFacts, PodShape, PodView

UNEVEN = unfit("node(s) didn't match pod topology spread constraints")
UNLABELLED = hopeless("node(s) didn't match pod topology spread constraints (missing required label)")
FAR = 2**31 - 1
SYSTEM_DEFAULTS = (
    {"topologyKey": HOSTNAME, "whenUnsatisfiable": "ScheduleAnyway", "maxSkew": 3},
    {"topologyKey": ZONE, "whenUnsatisfiable": "ScheduleAnyway", "maxSkew": 5},
)


def has_all(facts: NodeFacts, rules: Sequence[Constraint]) -> bool:
    return all(rule.key in facts.labels for rule in rules)


def counts_node(rule: Constraint, shape: PodShape, facts: NodeFacts) -> bool:
    """Whether the node's pods count, by the constraint's node inclusion policies."""
    if rule.honors_affinity and not shape.required_nodes.matches(facts.name, facts.labels):
        return False
    return not (rule.honors_taints and matching.repels(shape.tolerations, facts.taints))


def count(node: NodeView, selector: Selector, namespace: str) -> int:
    """Pods on the node that are not being deleted and match."""
    if selector.empty():
        return 0
    shapes = node.live_shapes.items()
    return sum(n for shape, n in shapes if shape.namespace == namespace and selector.matches(shape.labels))


def rounded(score: float) -> int:
    """math.Round of a number that is not negative."""
    whole = int(score)
    return whole + 1 if score - whole >= 0.5 else whole


@dataclass(slots=True)
class _Hard:
    """Pods per value of each hard constraint's topology key."""

    rules: tuple[Constraint, ...]
    counts: list[dict[str, int]]

    def copy(self) -> _Hard:
        return _Hard(self.rules, [dict(counts) for counts in self.counts])


@dataclass(slots=True)
class _Soft:
    rules: tuple[Constraint, ...]
    ignored: set[str] = field(default_factory=set)
    counts: list[dict[str, int]] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)


class PodTopologySpread(Plugin):
    name = "PodTopologySpread"
    FILTERS = True
    SCORES = True
    EVENTS = frozenset(
        [("AssignedPod", action) for action in ("Add", "Delete", "UpdatePodLabel", "UpdatePodToleration")]
        + [("UnscheduledPod", action) for action in ("UpdatePodLabel", "UpdatePodToleration")]
        + [("Node", action) for action in ("Add", "Delete", "UpdateNodeLabel", "UpdateNodeTaint")]
    )

    def __init__(self, args: Mapping[str, Any] | None = None) -> None:
        super().__init__(args)
        self.system = self.args.get("defaultingType", "System") != "List"
        self.defaults: Sequence[Mapping[str, Any]] = (
            SYSTEM_DEFAULTS if self.system else self.args.get("defaultConstraints") or ()
        )

    # ------------------------------------------------------------------------------------------------ which rules

    def rules(self, cycle: Cycle, action: str) -> tuple[Constraint, ...]:
        shape = cycle.pod.shape
        if shape.spread:
            return shape.hard if action == "DoNotSchedule" else shape.soft
        found = constraints(self.defaults, action, shape.labels)
        if not found:
            return ()
        selector = cycle.lookup.default_selector(cycle.pod)
        if selector.empty() or selector.nothing:
            return ()
        self_match = selector.matches(shape.labels)
        return tuple(replace(rule, selector=selector, self_match=self_match) for rule in found)

    def needs_all_labels(self, shape: PodShape) -> bool:
        return bool(shape.spread) or not self.system

    # ------------------------------------------------------------------------------------------------ filter

    def pre_filter(self, cycle: Cycle) -> Skip | None:
        rules = self.rules(cycle, "DoNotSchedule")
        if not rules:
            return SKIP
        shape = cycle.pod.shape
        counts: list[dict[str, int]] = [{} for _ in rules]
        for node in cycle.snapshot.ordered:
            if not has_all(node.facts, rules):
                continue
            for rule, totals in zip(rules, counts, strict=True):
                if counts_node(rule, shape, node.facts):
                    text = node.facts.labels[rule.key]
                    totals[text] = totals.get(text, 0) + count(node, rule.selector, shape.namespace)
        cycle.state[self.name] = _Hard(rules, counts)
        return None

    def move(self, cycle: Cycle, pod: PodView, node: NodeView, sign: int) -> None:
        hard: _Hard = cycle.state[self.name]
        shape, facts = cycle.pod.shape, node.facts
        if pod.shape.namespace != shape.namespace or not has_all(facts, hard.rules):
            return
        for rule, totals in zip(hard.rules, hard.counts, strict=True):
            if rule.selector.matches(pod.shape.labels) and counts_node(rule, shape, facts):
                text = facts.labels[rule.key]
                totals[text] = totals.get(text, 0) + sign

    def filter(self, cycle: Cycle, node: NodeView) -> Rejection | None:
        hard: _Hard = cycle.state[self.name]
        for rule, totals in zip(hard.rules, hard.counts, strict=True):
            text = node.facts.labels.get(rule.key)
            if text is None:
                return UNLABELLED
            fewest = min(totals.values(), default=FAR) if len(totals) >= rule.min_domains else 0
            if totals.get(text, 0) + rule.self_match - fewest > rule.max_skew:
                return UNEVEN
        return None

    # ------------------------------------------------------------------------------------------------ score

    def pre_score(self, cycle: Cycle, nodes: Sequence[NodeView]) -> Skip | None:
        rules = self.rules(cycle, "ScheduleAnyway")
        if not rules:
            return SKIP
        shape = cycle.pod.shape
        needs_all = self.needs_all_labels(shape)
        soft = _Soft(rules, counts=[{} for _ in rules])
        for node in nodes:
            if needs_all and not has_all(node.facts, rules):
                soft.ignored.add(node.name)
                continue
            for rule, totals in zip(rules, soft.counts, strict=True):
                if rule.key != HOSTNAME:
                    totals[node.facts.labels.get(rule.key, "")] = 0
        sizes = [len(totals) for totals in soft.counts]
        hosts = len(nodes) - len(soft.ignored)
        soft.weights = [log((hosts if r.key == HOSTNAME else n) + 2) for r, n in zip(rules, sizes, strict=True)]
        self._count_all(cycle, soft, needs_all)
        cycle.state["score/" + self.name] = soft
        return None

    def _count_all(self, cycle: Cycle, soft: _Soft, needs_all: bool) -> None:
        shape = cycle.pod.shape
        for node in cycle.snapshot.ordered:
            if needs_all and not has_all(node.facts, soft.rules):
                continue
            for rule, totals in zip(soft.rules, soft.counts, strict=True):
                text = node.facts.labels.get(rule.key, "")
                if text in totals and counts_node(rule, shape, node.facts):
                    totals[text] += count(node, rule.selector, shape.namespace)

    def score(self, cycle: Cycle, node: NodeView) -> int:
        soft: _Soft = cycle.state["score/" + self.name]
        if node.name in soft.ignored:
            return 0
        total = 0.0
        for rule, totals, weight in zip(soft.rules, soft.counts, soft.weights, strict=True):
            text = node.facts.labels.get(rule.key)
            if text is not None:
                host = rule.key == HOSTNAME
                number = count(node, rule.selector, cycle.pod.shape.namespace) if host else totals[text]
                total += float(number) * weight + float(rule.max_skew - 1)
        return rounded(total)

    def normalize(self, cycle: Cycle, nodes: Sequence[NodeView], scores: list[int]) -> list[int]:
        soft: _Soft = cycle.state["score/" + self.name]
        kept = [score for node, score in zip(nodes, scores, strict=True) if node.name not in soft.ignored]
        low, high = min(kept, default=0), max(kept, default=0)
        return [
            0 if node.name in soft.ignored else evened(score, low, high)
            for node, score in zip(nodes, scores, strict=True)
        ]

    # ------------------------------------------------------------------------------------------------ the queue

    def helps(self, event: Event, pod: PodView, old: Any, new: Any) -> bool:
        rules = pod.shape.hard
        if event.resource == "Node":
            return _node_helps(rules, old, new)
        if any(other is not None and not _involved(other, pod) for other in (old, new)):
            return False
        if old is None or new is None:
            other = old if new is None else new
            return any(rule.selector.matches(other.shape.labels) for rule in rules)
        if new.uid == pod.uid and new.shape.tolerations != old.shape.tolerations:
            return any(rule.honors_taints for rule in rules)
        return any(r.selector.matches(old.shape.labels) != r.selector.matches(new.shape.labels) for r in rules)


def evened(score: int, low: int, high: int) -> int:
    """A raw spread score on the scale 0..100, where fewer pods are better."""
    return MAX_SCORE if high == 0 else MAX_SCORE * (high + low - score) // high


def _involved(other: PodView, pod: PodView) -> bool:
    if other.uid == pod.uid:
        return True
    return bool(other.node or other.nominated) and other.shape.namespace == pod.shape.namespace


def _node_helps(rules: Sequence[Constraint], old: NodeFacts | None, new: NodeFacts | None) -> bool:
    before = old is not None and has_all(old, rules)
    after = new is not None and has_all(new, rules)
    if old is None or new is None:
        return before or after
    if before != after:
        return True
    moved = any(old.labels.get(rule.key) != new.labels.get(rule.key) for rule in rules)
    return after and (moved or old.taints != new.taints)
