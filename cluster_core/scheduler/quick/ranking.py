"""The nodes in order of preference for pods of one shape.

Each feasible node has a key of everything whose score depends on the other nodes (normalised scores, spread) and a sum of
scores that depend on nothing but the node. Nodes with equal keys are kept together, best sum first, so that a decision looks
at keys, not nodes. After a pod has been placed only the nodes it touched are looked at again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from cluster_core.scheduler.framework import Cycle, Plugin, Profile, Rejection, Skip, normalized
from cluster_core.scheduler.plugins.inter_pod_affinity import InterPodAffinity, between
from cluster_core.scheduler.plugins.pod_topology_spread import PodTopologySpread, evened
from cluster_core.scheduler.plugins.small import image_score
from cluster_core.scheduler.quick.nearness import NearKey, Nearness
from cluster_core.scheduler.quick.spreading import Hard, Key, Soft
from cluster_core.scheduler.snapshot import NodeView
from cluster_core.scheduler.views import PodShape, PodView

LOCAL_FILTERS = frozenset({"NodeUnschedulable", "NodeName", "TaintToleration", "NodeAffinity", "NodePorts",
                           "NodeResourcesFit"})  # fmt: skip
"""Filters that look at one node and the pod's shape."""
CLAIM_FILTERS = frozenset({"VolumeRestrictions", "NodeVolumeLimits", "VolumeBinding", "VolumeZone", "DynamicResources"})
"""Filters that skip pods without claims."""
LOCAL_SCORES = frozenset({"NodeResourcesFit", "NodeResourcesBalancedAllocation"})
"""Scores that look at one node and the pod's shape, and are not normalised."""
OTHER_SCORES = frozenset({"TaintToleration", "NodeAffinity", "PodTopologySpread", "InterPodAffinity", "ImageLocality",
                          "DynamicResources"})  # fmt: skip


NOT_NEAR: NearKey = (0, ())


class NodeKey(NamedTuple):
    """What decides a node's place beside its own sum of scores."""

    taints: int
    affinity: int
    near: NearKey
    images: tuple[bool, ...]
    hard: Key
    soft: Key | None


class Bucket:
    """Nodes (by rank) with equal keys, by their sum of local scores."""

    __slots__ = ("_heap", "_ranks", "size")

    def __init__(self) -> None:
        self._ranks: dict[int, list[int]] = {}
        self._heap: list[int] = []
        self.size = 0

    def add(self, rank: int, score: int) -> None:
        found = self._ranks.get(score)
        if found is None:
            self._ranks[score] = [rank]
            heappush(self._heap, -score)
        else:
            insort(found, rank)
        self.size += 1

    def remove(self, rank: int, score: int) -> None:
        found = self._ranks[score]
        del found[bisect_left(found, rank)]
        if not found:
            del self._ranks[score]
        self.size -= 1

    def best(self) -> tuple[int, list[int]]:
        """The highest score and the ranks that have it. The bucket must not be empty."""
        heap = self._heap
        while -heap[0] not in self._ranks:
            heappop(heap)
        # A score that went and came back is in the heap twice, which does no harm.
        return -heap[0], self._ranks[-heap[0]]


def suits(profile: Profile) -> bool:
    """Whether every plugin of the profile is one the quick way knows."""
    filters = {plugin.name for plugin in profile.filters}
    scores = {plugin.name for plugin in profile.scores}
    known = LOCAL_FILTERS | CLAIM_FILTERS | {"PodTopologySpread", "InterPodAffinity"}
    return filters <= known and scores <= LOCAL_SCORES | OTHER_SCORES


def takes(pod: PodView) -> bool:
    """Whether the pod is one for which equal pods get equal answers."""
    shape = pod.shape
    return not (shape.has_claims or shape.disks or shape.resource_claims or shape.named or pod.nominated)


class Ranking:
    """Call `choose()` for one of the nodes that are best right now."""

    def __init__(self, profile: Profile, cycle: Cycle, namespaces: int) -> None:
        self._profile = profile
        self._cycle = cycle
        self._shape: PodShape = cycle.pod.shape
        self._snapshot = cycle.snapshot
        self._weights = {plugin.name: profile.weights.get(plugin.name, 1) for plugin in profile.scores}
        self.namespaces = namespaces
        self._build()

    # ------------------------------------------------------------------------------------------------ starting over

    def _build(self) -> None:
        cycle, profile = self._cycle, self._profile
        self._epoch, self._sequence = self._snapshot.epoch, self._snapshot.sequence
        self._nodes = self._snapshot.ordered
        self._hopeless = False
        self._filters = [p.filter for p in profile.filters if p.name in LOCAL_FILTERS and not self._skips(p)]
        by_name = {plugin.name: plugin for plugin in profile.scores}
        self._locals = [(self._weights[name], by_name[name].score) for name in sorted(LOCAL_SCORES & by_name.keys())
                        if not isinstance(by_name[name].pre_score(cycle, ()), Skip)]  # fmt: skip
        self._taints = by_name.get("TaintToleration")
        affinity = by_name.get("NodeAffinity")
        self._affinity = None if affinity is None or isinstance(affinity.pre_score(cycle, ()), Skip) else affinity
        self._images = "ImageLocality" in by_name
        self._build_spread()
        self._build_nearness()
        self._keys: list[tuple[NodeKey, int] | None] = [None] * len(self._nodes)
        self._buckets: dict[NodeKey, Bucket] = {}
        for node in self._nodes:
            self._place(node)

    def _skips(self, plugin: Plugin) -> bool:
        found = plugin.pre_filter(self._cycle)
        if isinstance(found, Rejection):
            self._hopeless = True
        return isinstance(found, Skip)

    def _build_spread(self) -> None:
        plugin = self._profile.by_name.get("PodTopologySpread")
        shape, nodes = self._shape, self._nodes
        self._hard, self._soft = Hard((), shape, nodes), Soft((), shape, nodes, False)
        if not isinstance(plugin, PodTopologySpread):
            return
        if plugin in self._profile.filters:
            self._hard = Hard(plugin.rules(self._cycle, "DoNotSchedule"), shape, nodes)
        if plugin in self._profile.scores:
            rules = plugin.rules(self._cycle, "ScheduleAnyway")
            self._soft = Soft(rules, shape, nodes, plugin.needs_all_labels(shape))

    def _build_nearness(self) -> None:
        plugin = self._profile.by_name.get("InterPodAffinity")
        self._nearness: Nearness | None = None
        if isinstance(plugin, InterPodAffinity):
            filters, scores = plugin in self._profile.filters, plugin in self._profile.scores
            self._nearness = Nearness(plugin, self._cycle, filters, scores)

    # ------------------------------------------------------------------------------------------------ catching up

    def _catch_up(self) -> None:
        steps = self._snapshot.since(self._sequence) if self._epoch == self._snapshot.epoch else None
        if steps is None:
            self._build()
            return
        touched: dict[str, NodeView] = {}
        nodes = self._snapshot.nodes
        for step in steps:
            node = touched[step.node] = nodes[step.node]
            for pod, sign in ((step.before, -1), (step.after, 1)):
                if isinstance(pod, PodView):
                    self._count(node, pod, sign, touched)
        self._sequence = self._snapshot.sequence
        for node in touched.values():
            self._place(node)

    def _count(self, node: NodeView, pod: PodView, sign: int, touched: dict[str, NodeView]) -> None:
        if not pod.terminating:
            self._hard.add(node.rank, pod.shape, sign)
            self._soft.add(node.rank, pod.shape, sign)
        if self._nearness is not None:
            for other in self._nearness.add(node, pod.shape, sign):
                touched[other.name] = other

    def _place(self, node: NodeView) -> None:
        """Find the node's key and sum anew and put it where it belongs."""
        rank = node.rank
        old, new = self._keys[rank], self._appraise(node)
        if old == new:
            return
        self._keys[rank] = new
        if old is not None:
            bucket = self._buckets[old[0]]
            bucket.remove(rank, old[1])
            if not bucket.size:
                del self._buckets[old[0]]
        if new is not None:
            self._buckets.setdefault(new[0], Bucket()).add(rank, new[1])

    def _appraise(self, node: NodeView) -> tuple[NodeKey, int] | None:
        """None: some filter objects to the node, whatever happens elsewhere."""
        cycle = self._cycle
        for objects in self._filters:
            if objects(cycle, node) is not None:
                return None
        nearness = self._nearness
        near: NearKey = NOT_NEAR
        if nearness is not None:
            if nearness.may_reject and nearness.plugin.filter(cycle, node) is not None:
                return None
            near = nearness.key(node)
        hard = self._hard.key(node.rank)
        if hard is None:
            return None
        present = node.facts.images
        key = NodeKey(
            self._taints.score(cycle, node) if self._taints is not None else 0,
            self._affinity.score(cycle, node) if self._affinity is not None else 0,
            near,
            tuple(name in present for name in self._shape.images) if self._images and present else (),
            hard,
            self._soft.key(node.rank) if self._soft else (),
        )
        return key, sum(weight * score(cycle, node) for weight, score in self._locals)

    # ------------------------------------------------------------------------------------------------ deciding

    def choose(self, below: Callable[[int], int]) -> NodeView | None:
        """One of the nodes with the highest total score; None when no node fits.

        `below(n)` draws a number under n; it counts the equally good nodes by name and is asked only when there are several.
        """
        winners = self._winners()
        total = sum(map(len, winners))
        if total < 2:
            return self._nodes[winners[0][0]] if total else None
        return self._nodes[nth(winners, below(total))]

    def _winners(self) -> list[list[int]]:
        """The ranks of the best nodes, in one ordered list per key."""
        self._catch_up()
        if self._hopeless:
            return []
        limits = self._hard.limits()
        keys = [key for key in self._buckets if not limits or self._hard.allows(key.hard, limits)]
        if len(keys) < 2:
            return [self._buckets[key].best()[1] for key in keys]
        top, winners = -1, []
        for key, bonus in zip(keys, self._bonuses(keys), strict=True):
            score, ranks = self._buckets[key].best()
            if score + bonus > top:
                top, winners = score + bonus, [ranks]
            elif score + bonus == top:
                winners.append(ranks)
        return winners

    def _bonuses(self, keys: list[NodeKey]) -> list[int]:
        """The weighted scores that depend on all feasible nodes, per key."""
        totals = [0] * len(keys)
        columns = [
            ("TaintToleration", normalized([key.taints for key in keys], reverse=True)),
            ("NodeAffinity", normalized([key.affinity for key in keys])),
            ("InterPodAffinity", _spread_out(self._near_scores(keys))),
            ("ImageLocality", self._image_scores(keys)),
            ("PodTopologySpread", self._spread_scores(keys)),
        ]
        for name, scores in columns:
            weight = self._weights.get(name, 0)
            if weight and any(score != scores[0] for score in scores):
                totals = [total + weight * score for total, score in zip(totals, scores, strict=True)]
        return totals

    def _near_scores(self, keys: list[NodeKey]) -> list[int]:
        nearness = self._nearness
        return [nearness.raw(key.near) for key in keys] if nearness is not None else [0] * len(keys)

    def _image_scores(self, keys: list[NodeKey]) -> list[int]:
        return [image_score(self._snapshot, self._shape, key.images) if key.images else 0 for key in keys]

    def _spread_scores(self, keys: list[NodeKey]) -> list[int]:
        soft = self._soft
        if not soft:
            return [0] * len(keys)
        weights = soft.weights((key.soft, self._buckets[key].size) for key in keys)
        raw = [soft.raw(key.soft, weights) if key.soft is not None else -1 for key in keys]
        kept = [score for score in raw if score >= 0]
        low, high = min(kept, default=0), max(kept, default=0)
        return [evened(score, low, high) if score >= 0 else 0 for score in raw]


def nth(lists: Sequence[list[int]], n: int) -> int:
    """The n-th smallest (from 0) of all numbers in ordered lists."""
    if len(lists) == 1:
        return lists[0][n]
    low, high = min(found[0] for found in lists), max(found[-1] for found in lists)
    while low < high:
        middle = (low + high) // 2
        if sum(bisect_right(found, middle) for found in lists) > n:
            high = middle
        else:
            low = middle + 1
    return low


def _spread_out(scores: list[int]) -> list[int]:
    low, high = min(scores), max(scores)
    return [between(score, low, high) for score in scores]
