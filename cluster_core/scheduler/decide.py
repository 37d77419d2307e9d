"""Where a pod goes: the quick way when there is one, otherwise every node through every plugin.

Models schedulePod and RunPostFilterPlugins of pkg/scheduler/schedule_one.go.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from cluster_core.machinery.seed import Seed
from cluster_core.machinery.selectors import Selector
from cluster_core.scheduler import messages
from cluster_core.scheduler.framework import Booking, Cycle, Failure, Profile, Rescue, Scored
from cluster_core.scheduler.lookup import ApiLookup
from cluster_core.scheduler.nominator import Nominator
from cluster_core.scheduler.plugins.default_preemption import DefaultPreemption
from cluster_core.scheduler.quick import ranking
from cluster_core.scheduler.snapshot import NodeView, Snapshot
from cluster_core.scheduler.views import PodView


class Group(NamedTuple):
    """Pods of one group get equal answers: same profile, same facts, and the same pods count as their kind."""

    profile: str
    facts: Hashable
    selector: Selector | None


RANKINGS = 48
"""Rankings kept; one more costs a look at every node."""


@dataclass(slots=True)
class Decision:
    """What came out of one attempt. `node` is None when the pod has to wait."""

    pod: PodView
    profile: Profile
    node: str | None = None
    failure: Failure = field(default_factory=lambda: Failure(0))
    rescue: Rescue = field(default_factory=Rescue)
    message: str = ""
    no_nodes: bool = False
    booking: Booking = field(default_factory=Booking)
    scored: Scored | None = None
    sequence: int = 0
    quick: bool = False
    skipped: frozenset[str] = frozenset()
    """Filters that had nothing to say about the pod."""
    selector: Selector | None = None
    """What counted as the pod's kind."""


class Decider:
    """Decides for one pod at a time, against the snapshot as it is."""

    def __init__(
        self,
        profiles: Mapping[str, Profile],
        snapshot: Snapshot,
        lookup: ApiLookup,
        nominator: Nominator,
        seed: Seed,
    ) -> None:
        self._profiles = profiles
        self._snapshot = snapshot
        self._lookup = lookup
        self._nominator = nominator
        self._seed = seed
        self._suited = {name for name, profile in profiles.items() if ranking.suits(profile)}
        self._rankings: OrderedDict[Group, ranking.Ranking] = OrderedDict()
        self._failures: dict[Group, tuple[tuple[int, int], Decision]] = {}
        for profile in profiles.values():
            preemption = profile.by_name.get("DefaultPreemption")
            if isinstance(preemption, DefaultPreemption):
                preemption.profile = profile

    def cycle(self, pod: PodView) -> Cycle:
        cycle = Cycle(pod, self._snapshot, self._lookup)
        cycle.nominated = self._nominator.on
        return cycle

    def decide(self, pod: PodView) -> Decision:
        decision = Decision(pod, self._profiles[pod.shape.scheduler], sequence=self._snapshot.sequence)
        if not self._snapshot.nodes:
            decision.no_nodes, decision.message = True, messages.NO_NODES
            decision.rescue.nominate = ""
            return decision
        group = self._group(pod)
        if group is None:
            self._decide_plainly(decision)
        else:
            self._decide_for_group(group, decision)
        return decision

    # ------------------------------------------------------------------------------------------------ the quick way

    def _group(self, pod: PodView) -> Group | None:
        """What makes pods equal for the quick way, None when the pod must go the plain way."""
        shape = pod.shape
        if shape.scheduler not in self._suited or self._nominator.binds(shape.priority) or not ranking.takes(pod):
            return None
        selector = None if shape.spread else self._lookup.default_selector(pod)
        if self._snapshot.affine or not shape.affinity.empty:
            return Group(shape.scheduler, shape, selector)
        # Nobody's rules look at the pod's labels but its own spread constraints.
        self_match = selector is not None and selector.matches(shape.labels)
        return Group(shape.scheduler, (shape.kin, shape.hard, shape.soft, self_match), selector)

    def _decide_for_group(self, group: Group, decision: Decision) -> None:
        decision.selector = group.selector
        moment = (self._snapshot.sequence, self._lookup.epoch)
        known = self._failures.get(group)
        if known is not None and known[0] == moment:
            before = known[1]
            decision.failure, decision.rescue, decision.message = before.failure, before.rescue, before.message
            decision.skipped = before.skipped
            return
        stream = self._seed.stream("scheduler", decision.pod.uid)
        node = self._ranking(group, decision).choose(stream.below)
        if node is not None:
            decision.node, decision.quick = node.name, True
            return
        self._decide_plainly(decision)
        if not decision.rescue.done:
            if len(self._failures) > 1000:
                self._failures.clear()
            self._failures[group] = (moment, decision)

    def _ranking(self, group: Group, decision: Decision) -> ranking.Ranking:
        found = self._rankings.get(group)
        if found is None or found.namespaces != self._lookup.namespace_epoch:
            cycle = self.cycle(decision.pod)
            found = self._rankings[group] = ranking.Ranking(decision.profile, cycle, self._lookup.namespace_epoch)
            if len(self._rankings) > RANKINGS:
                self._rankings.popitem(last=False)
        self._rankings.move_to_end(group)
        return found

    # ------------------------------------------------------------------------------------------------ the plain way

    def decide_plainly(self, pod: PodView) -> Decision:
        """The same decision without the quick way, for comparison."""
        decision = Decision(pod, self._profiles[pod.shape.scheduler], sequence=self._snapshot.sequence)
        if self._snapshot.nodes:
            self._decide_plainly(decision)
        else:
            decision.no_nodes, decision.message = True, messages.NO_NODES
        return decision

    def _decide_plainly(self, decision: Decision) -> None:
        pod, profile = decision.pod, decision.profile
        cycle = self.cycle(pod)
        failure = decision.failure = Failure(len(self._snapshot.nodes))
        nodes = profile.feasible(cycle, failure)
        decision.skipped = frozenset(cycle.skip_filter)
        if not nodes:
            self._give_up(decision, cycle)
            return
        chosen = nodes[0]
        if len(nodes) > 1:
            decision.scored = profile.score(cycle, nodes)
            chosen = self.pick(pod, decision.scored.best())
        decision.node = chosen.name
        decision.booking = profile.reserve(cycle, chosen)

    def _give_up(self, decision: Decision, cycle: Cycle) -> None:
        failure = decision.failure
        decision.rescue = decision.profile.rescue(cycle, failure)
        failure.postfilter = decision.rescue.message
        decision.message = messages.fit_error(failure)

    def pick(self, pod: PodView, best: list[NodeView]) -> NodeView:
        """One of the equally good nodes (ordered by name), by chance that belongs to the pod."""
        if len(best) == 1:
            return best[0]
        return best[self._seed.stream("scheduler", pod.uid).below(len(best))]
