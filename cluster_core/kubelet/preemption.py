"""A critical pod that finds no room on its node makes some: others, the least of them, are ended.

Models pkg/kubelet/preemption. The real kubelet stands still until they have ended; here the critical pod is looked at again then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cluster_core.kubelet import staticpods, stopping
from cluster_core.kubelet import status as states
from cluster_core.kubelet.work import Work
from cluster_core.machinery import podrequests
from cluster_core.machinery.typed import Obj

SYSTEM_CRITICAL = 2_000_000_000
REASON, MESSAGE = "Preempting", "Preempted in order to admit critical pod"
_CONDITION = "Pod was preempted by Kubelet to accommodate a critical pod."
_QOS = ("BestEffort", "Burstable", "Guaranteed")

Lacking = Mapping[str, int]
"""Resource -> how much of it is missing."""


class Hopeless(Exception):
    """Not even all pods that may be ended would make enough room; str() is the kubelet's message."""


def is_critical(pod: Obj) -> bool:
    """Static pods and those of system-critical priority are admitted and never evicted. Models IsCriticalPod."""
    return staticpods.is_static(pod) or int(pod["spec"].get("priority", 0)) >= SYSTEM_CRITICAL


def make_room(work: Work, lacking: Lacking) -> None:
    """End pods until nothing is lacking; those that are ending count as gone. Raises Hopeless."""
    pods = [pod for pod in work.fleet.api.on_node("Pod", work.machine.name) if pod["metadata"]["uid"] != work.uid and _runs(pod)]
    ending = [pod for pod in pods if _is_ending(work, pod)]
    rest = _less(lacking, ending)
    victims = _victims([pod for pod in pods if pod not in ending and _may_be_ended(work.pod, pod)], rest)
    for victim in victims:
        work.fleet.attend(work.machine, victim, _end)
    work.fleet.awaited.room(work)


def _runs(pod: Obj) -> bool:
    return "startTime" in pod.get("status", {}) and not states.has_ended(pod)


def _is_ending(work: Work, pod: Obj) -> bool:
    return "deletionTimestamp" in pod["metadata"] or "doom" in work.fleet.known(pod["metadata"]["uid"])


def _may_be_ended(preemptor: Obj, pod: Obj) -> bool:
    """Models Preemptable."""
    if is_critical(preemptor) and not is_critical(pod):
        return True
    return int(preemptor["spec"].get("priority", 0)) > int(pod["spec"].get("priority", 0))


def _end(victim: Work) -> None:
    victim.event("Warning", REASON, MESSAGE)
    stopping.doom(victim, REASON, MESSAGE, stopping.grace_of(victim.pod), ("TerminationByKubelet", _CONDITION))
    stopping.see_off(victim)
    victim.finish()


# ------------------------------------------------------------------------------------------------ who


def _victims(pods: Sequence[Obj], lacking: Lacking) -> list[Obj]:
    """As few as it takes: guaranteed pods only for what all others would not free, and so on."""
    effortless, burstable, guaranteed = ([pod for pod in pods if pod.get("status", {}).get("qosClass") == qos] for qos in _QOS)
    rest = _less(lacking, pods)
    if rest:
        raise Hopeless(f"preemption: error finding a set of pods to preempt: no set of running pods found to reclaim resources: {_told(rest)}")
    last = _nearest(guaranteed, _less(lacking, [*effortless, *burstable]))
    middle = _nearest(burstable, _less(lacking, [*effortless, *last]))
    first = _nearest(effortless, _less(lacking, [*middle, *last]))
    return [*first, *middle, *last]


def _nearest(pods: Iterable[Obj], lacking: Lacking) -> list[Obj]:
    """One pod after the other that comes nearest to what is lacking, until nothing is."""
    left, found = list(pods), []
    while lacking:
        best = min(left, key=lambda pod: (_distance(lacking, pod), _request(pod, "memory"), _request(pod, "cpu")))
        left.remove(best)
        found.append(best)
        lacking = _less(lacking, [best])
    return found


def _request(pod: Obj, name: str) -> int:
    return 1 if name == "pods" else podrequests.requests(pod["spec"]).get(name, 0)


def _distance(lacking: Lacking, pod: Obj) -> float:
    """How much would still be lacking without the pod, as the sum of squared shares."""
    return float(sum((max(0, amount - _request(pod, name)) / amount) ** 2 for name, amount in lacking.items()))


def _less(lacking: Lacking, pods: Iterable[Obj]) -> dict[str, int]:
    """What is lacking still when these pods are gone."""
    gone = list(pods)
    rest = {name: amount - sum(_request(pod, name) for pod in gone) for name, amount in lacking.items()}
    return {name: amount for name, amount in rest.items() if amount > 0}


def _told(lacking: Mapping[str, Any]) -> str:
    return "[" + "".join(f"(res: {name}, q: {amount}), " for name, amount in lacking.items()) + "]"
