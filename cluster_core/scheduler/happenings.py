"""What a change of a pod or node means to pods that wait: cluster events with their precise action.

Models pkg/scheduler/framework/events.go.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from cluster_core.machinery.typed import Obj
from cluster_core.scheduler.views import NodeFacts, PodView, Shapes, node_facts


class Happening(NamedTuple):
    """`resource`: Node, AssignedPod, UnscheduledPod or a kind; `action`: Add, Delete, Update, UpdatePodLabel, ..."""

    resource: str
    action: str


POD_PLACED = Happening("AssignedPod", "Add")
POD_GONE = Happening("AssignedPod", "Delete")
NODE_ADDED = Happening("Node", "Add")
NODE_GONE = Happening("Node", "Delete")


def pod_changes(old: PodView, new: PodView) -> list[Happening]:
    """What an update of a pod may change for waiting pods."""
    resource = "AssignedPod" if new.node else "UnscheduledPod"
    before, after = old.shape, new.shape
    actions = []
    if before is not after:
        if before.labels != after.labels:
            actions.append("UpdatePodLabel")
        if any(after.requests.get(name, -1) < number for name, number in before.requests.items()):
            actions.append("UpdatePodScaleDown")
        if before.gates and not after.gates:
            actions.append("UpdatePodSchedulingGatesEliminated")
        if len(before.tolerations) != len(after.tolerations):
            actions.append("UpdatePodToleration")
    return [Happening(resource, action) for action in actions or ["Update"]]


def node_changes(old: NodeFacts, new: NodeFacts) -> list[Happening]:
    """What an update of a node may change for waiting pods. Cordoning helps nobody, uncordoning counts as a taint change."""
    actions = []
    if (old.cpu, old.memory, old.ephemeral, old.pods, old.scalars) != (
        new.cpu, new.memory, new.ephemeral, new.pods, new.scalars):  # fmt: skip
        actions.append("UpdateNodeAllocatable")
    if old.labels != new.labels:
        actions.append("UpdateNodeLabel")
    if old.taints != new.taints or (old.unschedulable and not new.unschedulable):
        actions.append("UpdateNodeTaint")
    return [Happening("Node", action) for action in actions]


def of_objects(kind: str, old: Obj | None, new: Obj | None, shapes: Shapes) -> list[tuple[Happening, Any, Any]]:
    """(happening, old, new) of a change known only by its objects."""
    if kind == "Node":
        before, after = (node_facts(obj) if obj else None for obj in (old, new))
        if before is None or after is None:
            return [(NODE_ADDED if before is None else NODE_GONE, before, after)]
        return [(happening, before, after) for happening in node_changes(before, after)]
    if kind == "Pod":
        return _of_pods(*(shapes.view(obj) if obj else None for obj in (old, new)))
    action = "Add" if old is None else "Delete" if new is None else "Update"
    return [(Happening(kind, action), old, new)]


def _of_pods(old: PodView | None, new: PodView | None) -> list[tuple[Happening, Any, Any]]:
    if new is None:
        return [(POD_GONE, old, None)] if old is not None and old.node else []
    if new.node and (old is None or not old.node):
        return [(POD_PLACED, None, new)]
    return [] if old is None else [(happening, old, new) for happening in pod_changes(old, new)]
