"""Replace a DaemonSet's pods of old revisions, node by node, by going without a pod or by surging.

Models rollingUpdate of pkg/controller/daemon/update.go.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cluster_core.controllers.daemonnodes import is_updated, should_run
from cluster_core.controllers.intstr import scaled
from cluster_core.controllers.pods import is_available, is_deleted
from cluster_core.machinery.typed import Obj

Pods = dict[str, list[Obj]]
"""Node name -> the DaemonSet's pods there."""


@dataclass(slots=True)
class Plan:
    """Pods to delete and nodes to start pods on; and those of them that depend on how many others there are."""

    delete: list[Obj] = field(default_factory=list)
    create: list[str] = field(default_factory=list)
    may_create: list[str] = field(default_factory=list)
    may_delete: list[Obj] = field(default_factory=list)


def _number(owner: Obj, key: str, default: int, desired: int) -> int:
    given = (owner["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}
    return scaled(given.get(key, default), desired, up=True)


def surges(owner: Obj) -> bool:
    return is_rolling(owner) and _number(owner, "maxSurge", 0, 1) > 0


def is_rolling(owner: Obj) -> bool:
    return bool((owner["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate") == "RollingUpdate")


@dataclass(slots=True)
class Update:
    """What is known when an update goes on. `pods` has a list for every node that should run one."""

    owner: Obj
    digest: str
    now: int
    nodes: dict[str, Obj]
    pods: Pods

    def plan(self) -> Plan:
        runs = [name for name, node in self.nodes.items() if should_run(self.owner, node)[0]]
        for name in runs:
            self.pods.setdefault(name, [])
        surge = _number(self.owner, "maxSurge", 0, len(runs))
        unavailable = _number(self.owner, "maxUnavailable", 1, len(runs))
        if surge:
            return self._surge(surge, len(runs))
        return self._replace(unavailable or (1 if runs else 0))

    def _available(self, pod: Obj) -> bool:
        return is_available(pod, self.owner["spec"].get("minReadySeconds", 0), self.now)

    def _pair(self, node: str) -> tuple[Obj | None, Obj | None] | None:
        """(the new pod, the old pod) of a node; None when there are several of a sort."""
        staying = [pod for pod in self.pods[node] if not is_deleted(pod)]
        new = [pod for pod in staying if is_updated(self.owner, pod, self.digest)]
        old = [pod for pod in staying if not is_updated(self.owner, pod, self.digest)]
        if len(new) > 1 or len(old) > 1:
            return None
        return (new[0] if new else None), (old[0] if old else None)

    # ------------------------------------------------------------------------------------------------ unavailable

    def _replace(self, limit: int) -> Plan:
        """Delete old pods that are not available, and available ones as far as the limit goes."""
        missing, broken, candidates = 0, [], []
        for node in sorted(self.pods):
            pair = self._pair(node)
            new, old = pair or (None, None)
            if (new is None) == (old is None):
                missing += 1
            elif new is not None:
                missing += not self._available(new)
            elif old is not None and not self._available(old):
                broken.append(old)
                missing += 1
            elif old is not None:
                candidates.append(old)
        return Plan(delete=[*broken, *candidates[: max(0, limit - missing)]])

    # ------------------------------------------------------------------------------------------------ surge

    def _surge(self, limit: int, desired: int) -> Plan:
        """Start new pods beside the old ones, which go once the new ones are available."""
        plan = Plan()
        surging = available = 0
        for node in sorted(self.pods):
            pair = self._pair(node)
            if pair is None:
                surging += 1
                continue
            available += self._counts_as_available(*pair)
            surging += self._look_at(node, *pair, plan)
        plan.delete += plan.may_delete[: max(0, available - desired)]
        plan.create += plan.may_create[: max(0, limit - surging)]
        return plan

    def _counts_as_available(self, new: Obj | None, old: Obj | None) -> bool:
        pod = old if old is not None else new
        return pod is not None and self._available(pod)

    def _look_at(self, node: str, new: Obj | None, old: Obj | None, plan: Plan) -> int:
        """Sort a node's pods into what is to be done; answers how many pods it has in surplus."""
        if old is None:
            return 0
        if new is not None:
            if not self._available(new):
                return 1
            plan.delete.append(old)
            return 0
        runs, healthy = self._should_run(node), self._available(old)
        if not runs:
            (plan.may_delete if healthy else plan.delete).append(old)
        elif healthy:
            plan.may_create.append(node)
        else:
            plan.create.append(node)
        return 0

    def _should_run(self, node: str) -> bool:
        return node in self.nodes and should_run(self.owner, self.nodes[node])[0]
