"""Counts for inter-pod affinity, kept from pod to pod; says on which nodes the outcome may have changed."""

from __future__ import annotations

from collections.abc import Iterator

from cluster_core.scheduler.framework import Cycle
from cluster_core.scheduler.plugins.inter_pod_affinity import InterPodAffinity, Pair, Relation, Tally, relate
from cluster_core.scheduler.snapshot import NodeView
from cluster_core.scheduler.views import NodeFacts, PodShape

NearKey = tuple[int, tuple[str | None, ...]]
_NOTHING = Relation((), (), (), ())


class Nearness:
    """What existing pods mean to pods of one shape. Its tally is the plugin's own state, so the plugin's filter works on it."""

    def __init__(self, plugin: InterPodAffinity, cycle: Cycle, filters: bool, scores: bool) -> None:
        self.plugin = plugin
        self._cycle = cycle
        self._shape = cycle.pod.shape
        own = self._shape.affinity
        self._filters = filters
        self._scores = scores and not (plugin.ignores_others and not own.preferred)
        self._own = not own.empty
        self.weights: dict[Pair, int] = {}
        self.tally = Tally()
        cycle.state[plugin.name] = self.tally
        self._relations: dict[PodShape, Relation] = {}
        self._narrow: set[str] = set()
        self._wide: list[str] = []
        for node in cycle.snapshot.ordered:
            if self._own or node.affine:
                for existing, number in node.all_shapes.items():
                    relation = self._relation(existing)
                    if relation is not _NOTHING:
                        self._count(relation, node.facts, number)

    def _relation(self, existing: PodShape) -> Relation:
        found = self._relations.get(existing)
        if found is None:
            found = relate(self._shape, existing, self._cycle.lookup, self.plugin.hard_weight)
            found = self._relations[existing] = _NOTHING if found.empty else found
        return found

    def _count(self, relation: Relation, facts: NodeFacts, number: int) -> None:
        self.tally.add(relation, facts, number)
        for key, weight in relation.weights if self._scores else ():
            self._learn(key)
            text = facts.labels.get(key)
            if text is not None:
                self.weights[key, text] = self.weights.get((key, text), 0) + weight * number

    def _learn(self, key: str) -> None:
        """Sort a topology key of the score: narrow when no two nodes share a value, else wide."""
        if key not in self._narrow and key not in self._wide:
            domains = self._cycle.snapshot.domains(key).values()
            if all(len(nodes) == 1 for nodes in domains):
                self._narrow.add(key)
            else:
                self._wide.append(key)

    @property
    def may_reject(self) -> bool:
        own = self._shape.affinity
        return self._filters and bool(own.required or own.anti or self.tally.forbids)

    def add(self, node: NodeView, pod: PodShape, sign: int) -> Iterator[NodeView]:
        """A pod came or left: the nodes for which that may change the outcome."""
        if not self._own and pod.affinity.empty:
            return
        relation = self._relation(pod)
        if relation is _NOTHING:
            return
        alone, wide = not self.tally.near, len(self._wide)
        before = self._standing(relation, node.facts)
        self._count(relation, node.facts, sign)
        if alone != (not self.tally.near) or wide != len(self._wide):
            yield from self._cycle.snapshot.ordered
            return
        for pair, standing in self._standing(relation, node.facts).items():
            if before[pair] != standing:
                yield from self._cycle.snapshot.domains(pair[0]).get(pair[1], ())

    def _standing(self, relation: Relation, facts: NodeFacts) -> dict[Pair, tuple[bool, bool, bool, int]]:
        """What decides, for each pair the relation touches: is it forbidden, near, to be avoided, and its weight."""
        keys = {*relation.forbids, *relation.near, *relation.away, *(key for key, _ in relation.weights)}
        tally = self.tally
        found = {}
        for key in keys:
            text = facts.labels.get(key)
            if text is not None:
                pair = (key, text)
                weight = self.weights.get(pair, 0) if key not in self._wide else 0
                found[pair] = (pair in tally.forbids, pair in tally.near, pair in tally.away, weight)
        return found

    def key(self, node: NodeView) -> NearKey:
        """The node's own score from narrow keys, and its values of the wide ones."""
        labels = node.facts.labels
        own = sum(self.weights.get((key, labels.get(key, "")), 0) for key in self._narrow if key in labels)
        return own, tuple(labels.get(key) for key in self._wide)

    def raw(self, key: NearKey) -> int:
        weights = self.weights
        places = zip(self._wide, key[1], strict=True)
        return key[0] + sum(weights.get((name, text), 0) for name, text in places if text is not None)
