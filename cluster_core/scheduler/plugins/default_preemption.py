"""DefaultPreemption: make room for a more important pod by removing less important ones.

Models plugins/defaultpreemption and framework/preemption: on every node where removing pods may help, try without all
pods of lower priority, put back as many as possible (those a PodDisruptionBudget protects first), and take the node whose
victims cost least. Dry runs happen on copies; the component carries the decision out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cluster_core.machinery.typed import Obj
from cluster_core.scheduler.framework import Cycle, Event, Failure, Plugin, Profile, Rejection, Rescue, hopeless
from cluster_core.scheduler.matching import label_selector
from cluster_core.scheduler.messages import fit_error
from cluster_core.scheduler.snapshot import NodeView
from cluster_core.scheduler.views import PodView

NOT_HELPFUL = hopeless("Preemption is not helpful for scheduling")
NO_VICTIMS = hopeless("No preemption victims found for incoming pod")
NEVER = "not eligible due to preemptionPolicy=Never."
TERMINATING = "not eligible due to a terminating pod on the nominated node."


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node on which removing `victims` (most important first) makes room."""

    node: NodeView
    victims: tuple[PodView, ...]
    violations: int


def importance(pod: PodView) -> tuple[int, str, str]:
    """Sort key: more important pods first, which are those of higher priority and then the older ones. Upstream leaves it open
    which of equals is first; here the name decides, that a cluster put away and taken up again goes on in the same way."""
    return -pod.shape.priority, pod.start_time, pod.key


class DefaultPreemption(Plugin):
    name = "DefaultPreemption"
    EVENTS = frozenset({("AssignedPod", "Delete")})
    profile: Profile
    """Set by the profile's owner: dry runs need its filters."""

    def helps(self, event: Event, pod: PodView, old: Any, new: Any) -> bool:
        return False

    def post_filter(self, cycle: Cycle, failure: Failure) -> Rescue:
        refusal = self._refusal(cycle, failure)
        if refusal:
            return Rescue("preemption: " + refusal)
        candidates, verdicts = self._candidates(cycle, failure)
        if not candidates:
            explained = Failure(failure.total, verdicts, NOT_HELPFUL)
            return Rescue("preemption: " + fit_error(explained), nominate="")
        best = cheapest(candidates)
        return Rescue(nominate=best.node.name, victims=best.victims, done=True)

    def _refusal(self, cycle: Cycle, failure: Failure) -> str:
        pod = cycle.pod
        if not pod.shape.preempts:
            return NEVER
        if pod.nominated:
            verdict = failure.of(pod.nominated)
            if verdict is None or not verdict.final:
                node = cycle.snapshot.nodes.get(pod.nominated)
                if node is not None and any(_makes_room(other, pod) for other in node.pods.values()):
                    return TERMINATING
        return ""

    def _candidates(self, cycle: Cycle, failure: Failure) -> tuple[list[Candidate], dict[str, Rejection]]:
        candidates: list[Candidate] = []
        verdicts: dict[str, Rejection] = {}
        budgets: list[Obj] | None = None
        enough = max(100, len(cycle.snapshot.nodes) // 10)
        for node in cycle.snapshot.ordered:
            verdict = failure.of(node.name)
            if verdict is None or verdict.final:
                continue
            budgets = cycle.lookup.list("PodDisruptionBudget") if budgets is None else budgets
            found = self._victims(cycle, node, budgets)
            if isinstance(found, Candidate):
                candidates.append(found)
                if len(candidates) >= enough and any(not candidate.violations for candidate in candidates):
                    break
            else:
                verdicts[node.name] = found
        return candidates, verdicts

    def _victims(self, cycle: Cycle, node: NodeView, budgets: Sequence[Obj]) -> Candidate | Rejection:
        priority = cycle.pod.shape.priority
        potential = [pod for pod in node.pods.values() if pod.shape.priority < priority]
        if not potential:
            return NO_VICTIMS
        trial, view = cycle.copy(), node.copy()
        for pod in potential:
            view.remove(pod)
            self.profile.move(trial, pod, view, -1)
        found = self.profile.verdict_with_nominated(trial, view)
        if found is not None:
            return found
        violating, others = split_by_budget(sorted(potential, key=importance), budgets)
        lost = [pod for pod in violating if not self._reprieved(trial, view, pod)]
        victims = lost + [pod for pod in others if not self._reprieved(trial, view, pod)]
        if not victims:
            return hopeless(f'expected at least one victim pod on node "{node.name}"')
        if violating and others:
            victims.sort(key=importance)
        return Candidate(node, tuple(victims), len(lost))

    def _reprieved(self, trial: Cycle, view: NodeView, pod: PodView) -> bool:
        """Put the pod back, unless then the newcomer no longer fits."""
        view.add(pod)
        self.profile.move(trial, pod, view, 1)
        if self.profile.verdict_with_nominated(trial, view) is None:
            return True
        view.remove(pod)
        self.profile.move(trial, pod, view, -1)
        return False


def _makes_room(victim: PodView, pod: PodView) -> bool:
    """Whether a pod is on its way out because of an earlier preemption."""
    if not victim.terminating or victim.shape.priority >= pod.shape.priority:
        return False
    conditions = (victim.obj.get("status") or {}).get("conditions") or ()
    found = next((c for c in conditions if c["type"] == "DisruptionTarget"), None)
    return found is not None and found["status"] == "True" and found.get("reason") == "PreemptionByScheduler"


def split_by_budget(pods: Sequence[PodView], budgets: Sequence[Obj]) -> tuple[list[PodView], list[PodView]]:
    """Those whose removal would break a PodDisruptionBudget, and the others, in the order given."""
    left = [(b, label_selector(b["spec"].get("selector"))) for b in budgets]
    allowed = [int((budget.get("status") or {}).get("disruptionsAllowed") or 0) for budget in budgets]
    violating: list[PodView] = []
    others: list[PodView] = []
    for pod in pods:
        broken = False
        for i, (budget, selector) in enumerate(left):
            if pod.shape.labels and _protects(budget, selector, pod):
                allowed[i] -= 1
                broken = broken or allowed[i] < 0
        (violating if broken else others).append(pod)
    return violating, others


def _protects(budget: Obj, selector: Any, pod: PodView) -> bool:
    if budget["metadata"].get("namespace") != pod.shape.namespace:
        return False
    if selector.empty() or not selector.matches(pod.shape.labels):
        return False
    return pod.name not in ((budget.get("status") or {}).get("disruptedPods") or {})


def cheapest(candidates: Sequence[Candidate]) -> Candidate:
    """Fewest budgets broken, then the lowest highest priority, the smallest sum of priorities, the fewest pods, and the
    latest start of the most important victim."""

    def price(candidate: Candidate) -> tuple[int, int, int, int]:
        pods = candidate.victims
        highest = pods[0].shape.priority if pods else -(2**31)
        total = sum(pod.shape.priority + 2**31 for pod in pods)
        return candidate.violations, highest, total, len(pods)

    lowest = min(price(candidate) for candidate in candidates)
    left = [candidate for candidate in candidates if price(candidate) == lowest]
    latest = max(_earliest_start(candidate) for candidate in left)
    return next(candidate for candidate in left if _earliest_start(candidate) == latest)


def _earliest_start(candidate: Candidate) -> str:
    highest = max((pod.shape.priority for pod in candidate.victims), default=0)
    return min((pod.start_time for pod in candidate.victims if pod.shape.priority == highest), default="~")
