"""Plugins of a few lines: SchedulingGates, PrioritySort, ImageLocality, DefaultBinder."""

from __future__ import annotations

from typing import Any

from cluster_core.scheduler.framework import MAX_SCORE, Cycle, Event, Lookup, Plugin
from cluster_core.scheduler.snapshot import NodeView, Snapshot
from cluster_core.scheduler.views import PodShape, PodView

_MIB = 1024 * 1024
_SMALLEST = 23 * _MIB
_LARGEST = 1000 * _MIB


class SchedulingGates(Plugin):
    """A pod with scheduling gates is not tried."""

    name = "SchedulingGates"
    EVENTS = frozenset({("UnscheduledPod", "UpdatePodSchedulingGatesEliminated")})

    def pre_enqueue(self, pod: PodView, lookup: Lookup) -> str | None:
        gates = pod.shape.gates
        return f"waiting for scheduling gates: [{' '.join(gates)}]" if gates else None

    def helps(self, event: Event, pod: PodView, old: Any, new: Any) -> bool:
        return bool(new.uid == pod.uid)


class PrioritySort(Plugin):
    """Orders the queue by priority, then by age. The queue does so by itself."""

    name = "PrioritySort"


class DefaultBinder(Plugin):
    """Binds through the binding subresource. The component does so by itself."""

    name = "DefaultBinder"


class ImageLocality(Plugin):
    """Prefers nodes that have the pod's images already, weighed by size and by how many nodes have them."""

    name = "ImageLocality"
    SCORES = True

    def score(self, cycle: Cycle, node: NodeView) -> int:
        shape = cycle.pod.shape
        present = node.facts.images
        return image_score(cycle.snapshot, shape, tuple(name in present for name in shape.images))


def image_score(snapshot: Snapshot, shape: PodShape, present: tuple[bool, ...]) -> int:
    """The score of a node that has those of the pod's images that are marked."""
    found = 0
    for name, here in zip(shape.images, present, strict=True):
        if here:
            size, holders = snapshot.images[name]
            found += int(float(size) * (len(holders) / len(snapshot.nodes)))
    largest = _LARGEST * shape.containers
    return MAX_SCORE * (min(max(found, _SMALLEST), largest) - _SMALLEST) // (largest - _SMALLEST)
