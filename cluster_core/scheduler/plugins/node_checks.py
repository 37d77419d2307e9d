"""Plugins that look at one node and nothing else: NodeUnschedulable, NodeName, TaintToleration, NodeAffinity, NodePorts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cluster_core.scheduler import matching
from cluster_core.scheduler.framework import SKIP, Cycle, Event, Plugin, Rejection, Skip, hopeless, normalized, unfit
from cluster_core.scheduler.matching import UNSCHEDULABLE, NodeTerm, Taint
from cluster_core.scheduler.snapshot import NodeView
from cluster_core.scheduler.views import NodeFacts, PodView

CORDONED = hopeless("node(s) were unschedulable")
WRONG_NAME = hopeless("node(s) didn't match the requested node name")
TAINTED = hopeless("node(s) had untolerated taint(s)")
WRONG_NODE = hopeless("node(s) didn't match Pod's node affinity/selector")
NOT_ALLOWED = hopeless("node(s) didn't match scheduler-enforced node affinity")
CONFLICTING_TERMS = hopeless("pod affinity terms conflict")
PORTS_TAKEN = unfit("node(s) didn't have free ports for the requested pod ports")


class NodeUnschedulable(Plugin):
    """Keeps pods off cordoned nodes."""

    name = "NodeUnschedulable"
    FILTERS = True
    EVENTS = frozenset({("Node", "Add"), ("Node", "UpdateNodeTaint"), ("UnscheduledPod", "UpdatePodToleration")})

    def filter(self, cycle: Cycle, node: NodeView) -> Rejection | None:
        if not node.facts.unschedulable or matching.tolerated(cycle.pod.shape.tolerations, UNSCHEDULABLE):
            return None
        return CORDONED

    def helps(self, event: Event, pod: PodView, old: Any, new: Any) -> bool:
        if event.resource == "Node":
            return not new.unschedulable and (old is None or old.unschedulable)
        return bool(new.uid == pod.uid and matching.tolerated(new.shape.tolerations, UNSCHEDULABLE))


class NodeName(Plugin):
    """Honours spec.nodeName of a pod that is not assigned yet; such pods never come here, so it never objects."""

    name = "NodeName"
    FILTERS = True
    EVENTS = frozenset({("Node", "Add")})

    def filter(self, cycle: Cycle, node: NodeView) -> Rejection | None:
        return None if cycle.pod.node in ("", node.name) else WRONG_NAME


class TaintToleration(Plugin):
    """Keeps pods off nodes with taints they do not tolerate, and prefers nodes with fewer PreferNoSchedule taints."""

    name = "TaintToleration"
    FILTERS = True
    SCORES = True
    EVENTS = frozenset({("Node", "Add"), ("Node", "UpdateNodeTaint"), ("UnscheduledPod", "UpdatePodToleration")})

    def filter(self, cycle: Cycle, node: NodeView) -> Rejection | None:
        taints = node.facts.taints
        return TAINTED if taints and matching.repels(cycle.pod.shape.tolerations, taints) else None

    def score(self, cycle: Cycle, node: NodeView) -> int:
        taints = node.facts.taints
        return sum(1 for taint in taints if _put_off(cycle, taint)) if taints else 0

    def normalize(self, cycle: Cycle, nodes: Sequence[NodeView], scores: list[int]) -> list[int]:
        return normalized(scores, reverse=True)

    def helps(self, event: Event, pod: PodView, old: Any, new: Any) -> bool:
        if event.resource != "Node":
            return bool(new.uid == pod.uid)
        tolerations = pod.shape.tolerations
        before = old is None or matching.repels(tolerations, old.taints)
        return before and not matching.repels(tolerations, new.taints)


def _put_off(cycle: Cycle, taint: Taint) -> bool:
    return taint.effect == "PreferNoSchedule" and not matching.tolerated(cycle.pod.shape.tolerations, taint)


class NodeAffinity(Plugin):
    """spec.nodeSelector and node affinity, and the affinity the profile adds to every pod."""

    name = "NodeAffinity"
    FILTERS = True
    SCORES = True
    EVENTS = frozenset({("Node", "Add"), ("Node", "UpdateNodeLabel")})

    def __init__(self, args: Mapping[str, Any] | None = None) -> None:
        super().__init__(args)
        added = self.args.get("addedAffinity") or {}
        self.added = matching.node_terms(added.get("requiredDuringSchedulingIgnoredDuringExecution"))
        self.added_preferred = matching.preferred_nodes(added)

    def pre_filter(self, cycle: Cycle) -> Rejection | frozenset[str] | Skip | None:
        required = cycle.pod.shape.required_nodes
        if required.free and self.added is None:
            return SKIP
        if not required.terms:
            return None
        names: frozenset[str] = frozenset()
        for term in required.terms:
            own = _named(term)
            if own is None:
                return None
            names |= own
        return names or CONFLICTING_TERMS

    def filter(self, cycle: Cycle, node: NodeView) -> Rejection | None:
        facts = node.facts
        if self.added is not None and not _matches_any(self.added, facts):
            return NOT_ALLOWED
        return None if cycle.pod.shape.required_nodes.matches(facts.name, facts.labels) else WRONG_NODE

    def pre_score(self, cycle: Cycle, nodes: Sequence[NodeView]) -> Skip | None:
        affinity = (cycle.pod.obj["spec"].get("affinity") or {}).get("nodeAffinity") or {}
        wanted = affinity.get("preferredDuringSchedulingIgnoredDuringExecution")
        return None if wanted or self.added_preferred else SKIP

    def score(self, cycle: Cycle, node: NodeView) -> int:
        facts = node.facts
        terms = (*cycle.pod.shape.preferred_nodes, *self.added_preferred)
        return sum(weight for weight, term in terms if term.matches(facts.name, facts.labels))

    def normalize(self, cycle: Cycle, nodes: Sequence[NodeView], scores: list[int]) -> list[int]:
        return normalized(scores)

    def helps(self, event: Event, pod: PodView, old: Any, new: Any) -> bool:
        if self.added is not None and not _matches_any(self.added, new):
            return False
        required = pod.shape.required_nodes
        if not required.matches(new.name, new.labels):
            return False
        return old is None or not required.matches(old.name, old.labels)


def _matches_any(terms: Sequence[NodeTerm], facts: NodeFacts) -> bool:
    return any(term.matches(facts.name, facts.labels) for term in terms)


def _named(term: NodeTerm) -> frozenset[str] | None:
    """The node names a term's matchFields allow, None when it does not name any."""
    found: frozenset[str] | None = None
    for requirement in term.fields:
        if requirement.key == "metadata.name" and requirement.operator == "in":
            own = frozenset(requirement.values)
            found = own if found is None else found & own
    return found


class NodePorts(Plugin):
    """Host ports can be given out once per node."""

    name = "NodePorts"
    FILTERS = True
    EVENTS = frozenset({("AssignedPod", "Delete"), ("Node", "Add")})

    def pre_filter(self, cycle: Cycle) -> Skip | None:
        return None if cycle.pod.shape.ports else SKIP

    def filter(self, cycle: Cycle, node: NodeView) -> Rejection | None:
        return PORTS_TAKEN if any(node.conflicts(port) for port in cycle.pod.shape.ports) else None

    def helps(self, event: Event, pod: PodView, old: Any, new: Any) -> bool:
        if event.resource == "Node":
            return True
        freed = {(port.protocol, port.port) for port in old.shape.ports}
        return any((port.protocol, port.port) in freed for port in pod.shape.ports)
