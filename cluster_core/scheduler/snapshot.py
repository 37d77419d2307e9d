"""The cluster as the scheduler counts it: nodes, the pods on them and the sums, kept from change to change.

Models pkg/scheduler/backend/cache (NodeInfo, Snapshot). Every change is also written to a short log, so that whoever
keeps something derived (`ranking`) can catch up instead of starting over.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple, TypeVar

from cluster_core.machinery.typed import Obj
from cluster_core.scheduler.views import HostPort, NodeFacts, PodShape, PodView, newer_facts, node_facts

ANY_ADDRESS = "0.0.0.0"
K = TypeVar("K")
_COUNTED = ("labels", "taints", "unschedulable", "cpu", "memory", "ephemeral", "pods", "scalars", "images")


class NodeView:
    """One node and what is on it. Amounts in units as in `amounts`."""

    __slots__ = ("affine", "all_shapes", "cpu", "ephemeral", "facts", "live_shapes", "memory", "name",
                 "nonzero_cpu", "nonzero_memory", "pods", "ports", "rank", "scalars")  # fmt: skip

    def __init__(self, facts: NodeFacts) -> None:
        self.facts = facts
        self.name = facts.name
        self.rank = 0
        self.pods: dict[str, PodView] = {}
        self.cpu = self.memory = self.ephemeral = self.nonzero_cpu = self.nonzero_memory = 0
        self.scalars: dict[str, int] = {}
        self.ports: dict[HostPort, int] = {}
        self.all_shapes: dict[PodShape, int] = {}
        self.live_shapes: dict[PodShape, int] = {}
        self.affine = 0

    def add(self, pod: PodView) -> None:
        self.pods[pod.uid] = pod
        self._count(pod, 1)

    def remove(self, pod: PodView) -> None:
        del self.pods[pod.uid]
        self._count(pod, -1)

    def _count(self, pod: PodView, sign: int) -> None:
        shape = pod.shape
        self.cpu += sign * shape.cpu
        self.memory += sign * shape.memory
        self.ephemeral += sign * shape.ephemeral
        self.nonzero_cpu += sign * shape.nonzero_cpu
        self.nonzero_memory += sign * shape.nonzero_memory
        for name, number in shape.scalars.items():
            self.scalars[name] = self.scalars.get(name, 0) + sign * number
        for port in shape.ports:
            _bump(self.ports, port, sign)
        _bump(self.all_shapes, shape, sign)
        if not pod.terminating:
            _bump(self.live_shapes, shape, sign)
        if not shape.affinity.empty:
            self.affine += sign

    def conflicts(self, wanted: HostPort) -> bool:
        """Whether a host port is taken: 0.0.0.0 collides with every address."""
        if wanted.ip != ANY_ADDRESS:
            return wanted in self.ports or wanted._replace(ip=ANY_ADDRESS) in self.ports
        return any(used.port == wanted.port and used.protocol == wanted.protocol for used in self.ports)

    def copy(self) -> NodeView:
        """A scratch copy for trying things out."""
        other = NodeView(self.facts)
        other.rank = self.rank
        for field in ("cpu", "memory", "ephemeral", "nonzero_cpu", "nonzero_memory", "affine"):
            setattr(other, field, getattr(self, field))
        other.pods = dict(self.pods)
        other.scalars, other.ports = dict(self.scalars), dict(self.ports)
        other.all_shapes, other.live_shapes = dict(self.all_shapes), dict(self.live_shapes)
        return other


def alike(old: NodeFacts, new: NodeFacts) -> bool:
    """Whether scheduling sees no difference."""
    return all(getattr(old, name) == getattr(new, name) for name in _COUNTED)


def _bump(counts: dict[K, int], key: K, by: int) -> None:
    number = counts.get(key, 0) + by
    if number:
        counts[key] = number
    else:
        counts.pop(key, None)


class Step(NamedTuple):
    """One entry of the log. `before` is the pod or the node's facts that were there, `after` those that came."""

    sequence: int
    node: str
    before: PodView | NodeFacts | None
    after: PodView | NodeFacts | None


class Snapshot:
    """All nodes by name and the pods that take room on them."""

    def __init__(self, remember: int = 30_000) -> None:
        self.nodes: dict[str, NodeView] = {}
        self.places: dict[str, str] = {}
        self.images: dict[str, tuple[int, set[str]]] = {}
        self.log: deque[Step] = deque(maxlen=remember)
        self.sequence = 0
        self.epoch = 0
        self.claims: dict[str, int] = {}
        self.affine = 0
        """Pods with inter-pod rules."""
        self._orphans: dict[str, dict[str, PodView]] = {}
        self._ordered: list[NodeView] | None = None
        self._domains: dict[str, dict[str, list[NodeView]]] = {}

    # ------------------------------------------------------------------------------------------------ nodes

    def set_node(self, obj: Obj) -> None:
        name = obj["metadata"]["name"]
        node = self.nodes.get(name)
        if node is None:
            self.add_node(node_facts(obj))
            return
        old, facts = node.facts, newer_facts(node.facts, obj)
        node.facts = facts
        if alike(old, facts):
            return
        self._note(name, old, facts)
        if old.images != facts.images:
            self._forget_images(old)
            self._count_images(facts)
        if old.labels != facts.labels or old.taints != facts.taints:
            self._new_epoch()

    def add_node(self, facts: NodeFacts) -> None:
        name = facts.name
        node = self.nodes[name] = NodeView(facts)
        self._note(name, None, facts)
        self._count_images(facts)
        for pod in self._orphans.pop(name, {}).values():
            node.add(pod)
            self._note(name, None, pod)
        self._new_epoch()

    def remove_node(self, name: str) -> None:
        node = self.nodes.pop(name, None)
        if node is None:
            return
        for pod in node.pods.values():
            self._note(name, pod, None)
        self._note(name, node.facts, None)
        self._forget_images(node.facts)
        if node.pods:
            self._orphans[name] = dict(node.pods)
        self._new_epoch()

    def _new_epoch(self) -> None:
        self.epoch += 1
        self._ordered = None
        self._domains = {}

    def _count_images(self, facts: NodeFacts) -> None:
        for name, size in facts.images.items():
            self.images.setdefault(name, (size, set()))[1].add(facts.name)

    def _forget_images(self, facts: NodeFacts) -> None:
        for name in facts.images:
            holders = self.images[name][1]
            holders.discard(facts.name)
            if not holders:
                del self.images[name]

    @property
    def ordered(self) -> list[NodeView]:
        """The nodes by name; `rank` is the place in this list."""
        if self._ordered is None:
            self._ordered = [self.nodes[name] for name in sorted(self.nodes)]
            for rank, node in enumerate(self._ordered):
                node.rank = rank
        return self._ordered

    def domains(self, key: str) -> dict[str, list[NodeView]]:
        """The nodes by their value of a label."""
        found = self._domains.get(key)
        if found is None:
            found = self._domains[key] = {}
            for node in self.ordered:
                text = node.facts.labels.get(key)
                if text is not None:
                    found.setdefault(text, []).append(node)
        return found

    # ------------------------------------------------------------------------------------------------ pods

    def place(self, pod: PodView, node: str) -> None:
        """Count a pod on a node; counting it again replaces what was known of it."""
        self.displace(pod.uid)
        self.places[pod.uid] = node
        self._tally(pod, 1)
        view = self.nodes.get(node)
        if view is None:
            self._orphans.setdefault(node, {})[pod.uid] = pod
            return
        view.add(pod)
        self._note(node, None, pod)

    def displace(self, uid: str) -> PodView | None:
        """Stop counting a pod. Returns what was known of it."""
        name = self.places.pop(uid, None)
        if name is None:
            return None
        node = self.nodes.get(name)
        if node is None:
            pod = self._orphans[name].pop(uid)
        else:
            pod = node.pods[uid]
            node.remove(pod)
            self._note(name, pod, None)
        self._tally(pod, -1)
        return pod

    def refresh(self, pod: PodView) -> None:
        """Take a newer version of a placed pod that weighs the same: nothing has to be counted again."""
        node = self.nodes.get(self.places[pod.uid])
        holder = self._orphans[self.places[pod.uid]] if node is None else node.pods
        holder[pod.uid] = pod

    def find(self, uid: str) -> PodView | None:
        name = self.places.get(uid)
        if name is None:
            return None
        node = self.nodes.get(name)
        return self._orphans[name][uid] if node is None else node.pods[uid]

    def _tally(self, pod: PodView, sign: int) -> None:
        if not pod.shape.affinity.empty:
            self.affine += sign
        if pod.shape.has_claims:
            for claim in pod.claims:
                _bump(self.claims, f"{pod.shape.namespace}/{claim.name}", sign)

    # ------------------------------------------------------------------------------------------------ the log

    def _note(self, node: str, before: PodView | NodeFacts | None, after: PodView | NodeFacts | None) -> None:
        self.sequence += 1
        self.log.append(Step(self.sequence, node, before, after))

    def since(self, sequence: int) -> Iterator[Step] | None:
        """What happened after `sequence`, oldest first; None when the log no longer reaches back so far."""
        missing = self.sequence - sequence
        if missing > len(self.log):
            return None
        start = len(self.log) - missing
        return (self.log[i] for i in range(start, start + missing)) if missing < 64 else iter(list(self.log)[start:])
