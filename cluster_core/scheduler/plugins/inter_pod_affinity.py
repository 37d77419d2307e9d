"""InterPodAffinity: pods that want to be near other pods, or away from them.

Models pkg/scheduler/framework/plugins/interpodaffinity. What matters is counted per (topology key, value): how many existing
pods forbid this one there, how many it needs there, how many it must avoid, and a sum of weights for the score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cluster_core.scheduler.affinity import Term
from cluster_core.scheduler.framework import (
    MAX_SCORE,
    SKIP,
    Cycle,
    Event,
    Lookup,
    Plugin,
    Rejection,
    Skip,
    hopeless,
    unfit,
)
from cluster_core.scheduler.snapshot import NodeView
from cluster_core.scheduler.views import NodeFacts, PodShape, PodView

NOT_NEAR = hopeless("node(s) didn't match pod affinity rules")
NOT_AWAY = unfit("node(s) didn't match pod anti-affinity rules")
NOT_WELCOME = unfit("node(s) didn't satisfy existing pods anti-affinity rules")
Pair = tuple[str, str]
"""(topology key, value)."""


def matches(term: Term, shape: PodShape, lookup: Lookup) -> bool:
    return term.matches(shape.namespace, shape.labels, lookup.namespace_labels(shape.namespace))


def matches_all(terms: Sequence[Term], shape: PodShape, lookup: Lookup) -> bool:
    return bool(terms) and all(matches(term, shape, lookup) for term in terms)


class Relation(NamedTuple):
    """What an existing pod of one shape means to an incoming pod of another: topology keys, once per term."""

    forbids: tuple[str, ...]
    near: tuple[str, ...]
    away: tuple[str, ...]
    weights: tuple[tuple[str, int], ...]

    @property
    def empty(self) -> bool:
        return not (self.forbids or self.near or self.away or self.weights)


def relate(incoming: PodShape, existing: PodShape, lookup: Lookup, hard_weight: int) -> Relation:
    mine, theirs = incoming.affinity, existing.affinity
    near = tuple(t.key for t in mine.required) if matches_all(mine.required, existing, lookup) else ()
    weights = [(term.key, weight) for weight, term in mine.preferred if matches(term, existing, lookup)]
    if hard_weight > 0:
        weights += [(term.key, hard_weight) for term in theirs.required if matches(term, incoming, lookup)]
    weights += [(term.key, weight) for weight, term in theirs.preferred if matches(term, incoming, lookup)]
    return Relation(
        forbids=tuple(term.key for term in theirs.anti if matches(term, incoming, lookup)),
        near=near,
        away=tuple(term.key for term in mine.anti if matches(term, existing, lookup)),
        weights=tuple(weights),
    )


@dataclass(slots=True)
class Tally:
    """The counts of one incoming pod. Pairs whose count is zero are left out."""

    forbids: dict[Pair, int] = field(default_factory=dict)
    near: dict[Pair, int] = field(default_factory=dict)
    away: dict[Pair, int] = field(default_factory=dict)

    def copy(self) -> Tally:
        return Tally(dict(self.forbids), dict(self.near), dict(self.away))

    def add(self, relation: Relation, facts: NodeFacts, number: int) -> None:
        for keys, counts in ((relation.forbids, self.forbids), (relation.near, self.near), (relation.away, self.away)):
            for key in keys:
                text = facts.labels.get(key)
                if text is not None:
                    _bump(counts, (key, text), number)


def _bump(counts: dict[Pair, int], pair: Pair, by: int) -> None:
    number = counts.get(pair, 0) + by
    if number:
        counts[pair] = number
    else:
        del counts[pair]


class InterPodAffinity(Plugin):
    name = "InterPodAffinity"
    FILTERS = True
    SCORES = True
    EVENTS = frozenset(
        [("AssignedPod", action) for action in ("Add", "Delete", "UpdatePodLabel")]
        + [("UnscheduledPod", "UpdatePodLabel"), ("Node", "Add"), ("Node", "UpdateNodeLabel")]
    )

    def __init__(self, args: Mapping[str, Any] | None = None) -> None:
        super().__init__(args)
        weight = self.args.get("hardPodAffinityWeight")
        self.hard_weight = 1 if weight is None else int(weight)
        self.ignores_others = bool(self.args.get("ignorePreferredTermsOfExistingPods"))

    # ------------------------------------------------------------------------------------------------ filter

    def pre_filter(self, cycle: Cycle) -> Skip | None:
        shape = cycle.pod.shape
        own = bool(shape.affinity.required or shape.affinity.anti)
        tally = Tally()
        for node in cycle.snapshot.ordered:
            if own or node.affine:
                for existing, number in node.all_shapes.items():
                    if own or existing.affinity.anti:
                        tally.add(relate(shape, existing, cycle.lookup, 0), node.facts, number)
        if not own and not tally.forbids:
            return SKIP
        cycle.state[self.name] = tally
        return None

    def move(self, cycle: Cycle, pod: PodView, node: NodeView, sign: int) -> None:
        tally: Tally = cycle.state[self.name]
        tally.add(relate(cycle.pod.shape, pod.shape, cycle.lookup, 0), node.facts, sign)

    def filter(self, cycle: Cycle, node: NodeView) -> Rejection | None:
        tally: Tally = cycle.state[self.name]
        shape, labels = cycle.pod.shape, node.facts.labels
        if shape.affinity.required and not _near_enough(tally, shape, labels, cycle.lookup):
            return NOT_NEAR
        for term in shape.affinity.anti:
            if tally.away.get((term.key, labels.get(term.key, "")), 0) > 0 and term.key in labels:
                return NOT_AWAY
        if tally.forbids and any(tally.forbids.get(pair, 0) > 0 for pair in labels.items()):
            return NOT_WELCOME
        return None

    # ------------------------------------------------------------------------------------------------ score

    def pre_score(self, cycle: Cycle, nodes: Sequence[NodeView]) -> Skip | None:
        shape = cycle.pod.shape
        own = bool(shape.affinity.preferred)
        if self.ignores_others and not own:
            return SKIP
        weights: dict[Pair, int] = {}
        for node in cycle.snapshot.ordered:
            if own or node.affine:
                self._weigh(cycle, node, own, weights)
        if not weights:
            return SKIP
        cycle.state["score/" + self.name] = weights
        return None

    def _weigh(self, cycle: Cycle, node: NodeView, own: bool, weights: dict[Pair, int]) -> None:
        labels = node.facts.labels
        for existing, number in node.all_shapes.items():
            if not own and existing.affinity.empty:
                continue
            for key, weight in relate(cycle.pod.shape, existing, cycle.lookup, self.hard_weight).weights:
                if key in labels:
                    pair = (key, labels[key])
                    weights[pair] = weights.get(pair, 0) + weight * number

    def score(self, cycle: Cycle, node: NodeView) -> int:
        weights: dict[Pair, int] = cycle.state["score/" + self.name]
        return sum(weights.get(pair, 0) for pair in node.facts.labels.items())

    def normalize(self, cycle: Cycle, nodes: Sequence[NodeView], scores: list[int]) -> list[int]:
        low, high = min(scores), max(scores)
        return [between(score, low, high) for score in scores]

    # ------------------------------------------------------------------------------------------------ the queue

    def helps(self, event: Event, pod: PodView, old: Any, new: Any) -> bool:
        if event.resource == "Node":
            return _node_helps(pod.shape, old, new)
        if old is not None and new is not None and new.uid == pod.uid:
            return True
        if any(other is not None and not (other.node or other.nominated) for other in (old, new)):
            return False
        required, anti = pod.shape.affinity.required, pod.shape.affinity.anti
        if new is None:
            gone = old.shape
            return _all(anti, gone) or _all(gone.affinity.anti, pod.shape)
        if old is None:
            return _all(required, new.shape)
        joined = not _all(required, old.shape) and _all(required, new.shape)
        return joined or (_all(anti, old.shape) and not _all(anti, new.shape))


def between(score: int, low: int, high: int) -> int:
    """A raw score on the scale 0..100 between the lowest and the highest."""
    if high == low:
        return 0
    return int(float(MAX_SCORE) * (float(score - low) / float(high - low)))


def _near_enough(tally: Tally, shape: PodShape, labels: Mapping[str, str], lookup: Lookup) -> bool:
    near = True
    for term in shape.affinity.required:
        text = labels.get(term.key)
        if text is None:
            return False
        near = near and tally.near.get((term.key, text), 0) > 0
    # The first pod of a group that wants to be near itself finds nobody there yet.
    return near or (not tally.near and matches_all(shape.affinity.required, shape, lookup))


def _all(terms: Sequence[Term], shape: PodShape) -> bool:
    return bool(terms) and all(term.matches(shape.namespace, shape.labels, {}) for term in terms)


def _node_helps(shape: PodShape, old: NodeFacts | None, new: NodeFacts) -> bool:
    for terms, needed in ((shape.affinity.required, True), (shape.affinity.anti, False)):
        for term in terms:
            after = new.labels.get(term.key)
            if old is None:
                if after is not None or not needed:
                    return True
                continue
            before = old.labels.get(term.key)
            if before is not None and after is not None and before != after:
                return True
            if (before is None and after is not None) if needed else (before is not None and after is None):
                return True
    return False
