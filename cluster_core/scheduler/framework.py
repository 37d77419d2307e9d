"""The scheduling framework: what a plugin is, and one pod's passage through a profile's plugins.

Models pkg/scheduler/framework/runtime. This is the plain way, every node and every plugin; `ranking` is the quick way to
the same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from cluster_core.machinery.typed import Obj
from cluster_core.scheduler.snapshot import NodeView, Snapshot
from cluster_core.scheduler.views import PodView

MAX_SCORE = 100


class Skip:
    """A plugin has nothing to say about this pod: its filter and score are left out."""


SKIP = Skip()


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a node (or the whole cluster) will not do. `final`: removing pods from it would not help
    (UnschedulableAndUnresolvable)."""

    reasons: tuple[str, ...]
    final: bool = False
    plugin: str = ""
    error: bool = False
    """Something went wrong rather than did not fit."""

    def by(self, plugin: str) -> Rejection:
        return self if self.plugin == plugin else Rejection(self.reasons, self.final, plugin, self.error)

    @property
    def message(self) -> str:
        return ", ".join(self.reasons)


def unfit(*reasons: str) -> Rejection:
    return Rejection(reasons)


def hopeless(*reasons: str) -> Rejection:
    return Rejection(reasons, final=True)


class Event(Protocol):
    """A change as the queue sees it: `resource` such as "Node", `action` such as "Add"."""

    @property
    def resource(self) -> str: ...
    @property
    def action(self) -> str: ...


class Lookup(Protocol):
    """Objects that are neither pods nor nodes."""

    def get(self, kind: str, namespace: str, name: str) -> Obj | None: ...
    def list(self, kind: str, namespace: str | None = None) -> list[Obj]: ...
    def namespace_labels(self, namespace: str) -> Mapping[str, str]: ...
    def default_selector(self, pod: PodView) -> Any: ...


class Cycle:
    """One attempt to place one pod."""

    __slots__ = ("lookup", "nominated", "pod", "skip_filter", "skip_score", "snapshot", "state")

    def __init__(self, pod: PodView, snapshot: Snapshot, lookup: Lookup) -> None:
        self.pod = pod
        self.snapshot = snapshot
        self.lookup = lookup
        self.state: dict[str, Any] = {}
        self.skip_filter: set[str] = set()
        self.skip_score: set[str] = set()
        self.nominated: Callable[[str], Sequence[PodView]] = _nobody

    def copy(self) -> Cycle:
        other = Cycle(self.pod, self.snapshot, self.lookup)
        other.state = {name: state.copy() if hasattr(state, "copy") else state for name, state in self.state.items()}
        other.skip_filter, other.skip_score = self.skip_filter, self.skip_score
        other.nominated = self.nominated
        return other


def _nobody(node: str) -> Sequence[PodView]:
    return ()


class Plugin:
    """One upstream plugin. Override what it takes part in; `FILTERS` and `SCORES` say whether filter and score count."""

    name: ClassVar[str]
    FILTERS: ClassVar[bool] = False
    SCORES: ClassVar[bool] = False
    EVENTS: ClassVar[frozenset[tuple[str, str]]] = frozenset()
    """(resource, action) of changes that may make a pod it rejected fit."""

    def __init__(self, args: Mapping[str, Any] | None = None) -> None:
        self.args = args or {}

    def pre_enqueue(self, pod: PodView, lookup: Lookup) -> str | None:
        """Why the pod must not even be tried."""
        return None

    def pre_filter(self, cycle: Cycle) -> Rejection | frozenset[str] | Skip | None:
        """Prepare; reject outright; or name the only nodes that come into question."""
        return None

    def move(self, cycle: Cycle, pod: PodView, node: NodeView, sign: int) -> None:
        """Keep the prepared state right when `pod` comes to (1) or leaves (-1) `node` in a what-if."""

    def filter(self, cycle: Cycle, node: NodeView) -> Rejection | None:
        return None

    def post_filter(self, cycle: Cycle, failure: Failure) -> Rescue:
        return Rescue()

    def pre_score(self, cycle: Cycle, nodes: Sequence[NodeView]) -> Skip | None:
        return None

    def score(self, cycle: Cycle, node: NodeView) -> int:
        return 0

    def normalize(self, cycle: Cycle, nodes: Sequence[NodeView], scores: list[int]) -> list[int]:
        return scores

    def reserve(self, cycle: Cycle, node: NodeView, booking: Booking) -> None:
        """Note in `booking` what must be written before the pod can be bound to the node."""

    def helps(self, event: Event, pod: PodView, old: Any, new: Any) -> bool:
        """Whether an event among EVENTS may make a pod it rejected fit. `old`, `new`: views of pods, facts of nodes,
        or objects."""
        return True


@dataclass(slots=True)
class Booking:
    """What is to be written before a pod is bound."""

    volumes: list[tuple[Obj, Obj]] = field(default_factory=list)
    """(volume, claim) to be bound to each other"""
    provision: list[Obj] = field(default_factory=list)
    """claims for which a volume is to be made"""
    devices: list[tuple[Obj, Obj]] = field(default_factory=list)
    """(resource claim, its status)"""

    @property
    def waits(self) -> bool:
        """Whether others have to do their part before the pod can be bound."""
        return bool(self.volumes or self.provision)


@dataclass(slots=True)
class Rescue:
    """What PostFilter achieved."""

    message: str = ""
    nominate: str | None = None
    """A node name to nominate, "" to clear the nomination, None to leave it alone."""
    victims: tuple[PodView, ...] = ()
    done: bool = False
    error: bool = False


@dataclass(slots=True)
class Failure:
    """Why no node fits, as the messages and the preemption need it."""

    total: int
    verdicts: dict[str, Rejection] = field(default_factory=dict)
    absent: Rejection | None = None
    """Holds for every node that has no verdict of its own."""
    prefilter: str = ""
    postfilter: str = ""
    plugins: set[str] = field(default_factory=set)

    def of(self, node: str) -> Rejection | None:
        return self.verdicts.get(node, self.absent)


@dataclass(slots=True)
class Scored:
    """Every plugin's scores of the feasible nodes: raw and weighted (after normalising), in the order of `nodes`."""

    nodes: list[NodeView]
    raw: dict[str, list[int]]
    weighted: dict[str, list[int]]
    totals: list[int]

    def best(self) -> list[NodeView]:
        top = max(self.totals)
        return [node for node, total in zip(self.nodes, self.totals, strict=True) if total == top]


class Profile:
    """The plugins that serve one schedulerName, in the order in which they run."""

    def __init__(self, name: str, points: Mapping[str, Sequence[Plugin]], weights: Mapping[str, int]) -> None:
        self.name = name
        self.weights = dict(weights)
        self.pre_filters = [p for p in points["preFilter"] if _overrides(p, "pre_filter")]
        self.filters = [p for p in points["filter"] if p.FILTERS]
        self.post_filters = [p for p in points["postFilter"] if _overrides(p, "post_filter")]
        self.scores = [p for p in points["score"] if p.SCORES]
        self.reserves = [p for p in points["reserve"] if _overrides(p, "reserve")]
        self.gates = [p for p in points["preEnqueue"] if _overrides(p, "pre_enqueue")]
        self.movers = [p for p in self.pre_filters if _overrides(p, "move")]
        every = (plugin for point in points.values() for plugin in point)
        self.by_name: dict[str, Plugin] = {plugin.name: plugin for plugin in every}

    # ------------------------------------------------------------------------------------------------ filtering

    def prepare(self, cycle: Cycle, failure: Failure) -> frozenset[str] | None:
        """Run PreFilter. Returns the only nodes in question (None: all); a rejection lands in `failure.absent`."""
        only: frozenset[str] | None = None
        limited: list[str] = []
        for plugin in self.pre_filters:
            found = plugin.pre_filter(cycle)
            if isinstance(found, Skip):
                cycle.skip_filter.add(plugin.name)
            elif isinstance(found, Rejection):
                failure.absent = found.by(plugin.name)
                if found.final or found.error:
                    return None
            elif found is not None:
                limited.append(plugin.name)
                only = found if only is None else only & found
                failure.plugins.update(limited)
                if not only:
                    failure.absent = hopeless(_nobody_left(limited))
                    return None
        return only

    def verdict(self, cycle: Cycle, node: NodeView) -> Rejection | None:
        """The first filter's objection to a node."""
        for plugin in self.filters:
            if plugin.name not in cycle.skip_filter:
                found = plugin.filter(cycle, node)
                if found is not None:
                    return found.by(plugin.name)
        return None

    def verdict_with_nominated(self, cycle: Cycle, node: NodeView) -> Rejection | None:
        """The objection, also counting pods that wait for room on this node and come before this one."""
        pod = cycle.pod
        waiting = [p for p in cycle.nominated(node.name) if p.shape.priority >= pod.shape.priority and p.uid != pod.uid]
        if waiting:
            trial, view = cycle.copy(), node.copy()
            for other in waiting:
                view.add(other)
                self.move(trial, other, view, 1)
            found = self.verdict(trial, view)
            if found is not None:
                return found
        return self.verdict(cycle, node)

    def move(self, cycle: Cycle, pod: PodView, node: NodeView, sign: int) -> None:
        for plugin in self.movers:
            if plugin.name not in cycle.skip_filter:
                plugin.move(cycle, pod, node, sign)

    def feasible(self, cycle: Cycle, failure: Failure) -> list[NodeView]:
        """All nodes that pass every filter; `failure` gathers the objections of the others."""
        only = self.prepare(cycle, failure)
        if failure.absent is not None:
            failure.prefilter = failure.absent.message
            if failure.absent.plugin:
                failure.plugins.add(failure.absent.plugin)
            return []
        nominated = cycle.snapshot.nodes.get(cycle.pod.nominated)
        if nominated is not None and self.verdict_with_nominated(cycle, nominated) is None:
            return [nominated]
        nodes = cycle.snapshot.ordered
        if only is not None:
            nodes = [cycle.snapshot.nodes[name] for name in sorted(only) if name in cycle.snapshot.nodes]
            failure.absent = hopeless(f"node(s) didn't satisfy plugin(s) [{' '.join(sorted(failure.plugins))}]")
        return self._passing(cycle, failure, nodes)

    def _passing(self, cycle: Cycle, failure: Failure, nodes: Sequence[NodeView]) -> list[NodeView]:
        passing = []
        for node in nodes:
            found = self.verdict_with_nominated(cycle, node)
            if found is None:
                passing.append(node)
            else:
                failure.verdicts[node.name] = found
                failure.plugins.add(found.plugin)
        return passing

    # ------------------------------------------------------------------------------------------------ scoring

    def score(self, cycle: Cycle, nodes: list[NodeView]) -> Scored:
        totals = [0] * len(nodes)
        raw: dict[str, list[int]] = {}
        weighted: dict[str, list[int]] = {}
        for plugin in self.scores:
            if isinstance(plugin.pre_score(cycle, nodes), Skip):
                cycle.skip_score.add(plugin.name)
                continue
            found = [plugin.score(cycle, node) for node in nodes]
            weight = self.weights.get(plugin.name, 1)
            raw[plugin.name] = found
            weighted[plugin.name] = [weight * n for n in plugin.normalize(cycle, nodes, list(found))]
            totals = [total + more for total, more in zip(totals, weighted[plugin.name], strict=True)]
        return Scored(nodes, raw, weighted, totals)

    # ------------------------------------------------------------------------------------------------ afterwards

    def reserve(self, cycle: Cycle, node: NodeView) -> Booking:
        booking = Booking()
        for plugin in self.reserves:
            plugin.reserve(cycle, node, booking)
        return booking

    def rescue(self, cycle: Cycle, failure: Failure) -> Rescue:
        """Run PostFilter: the first plugin that makes room wins, messages of the others are joined."""
        messages: list[str] = []
        nominate: str | None = None
        for plugin in self.post_filters:
            found = plugin.post_filter(cycle, failure)
            if found.done or found.error:
                return found
            messages.append(found.message)
            nominate = found.nominate if found.nominate is not None else nominate
        return Rescue(", ".join(messages), nominate)


def _overrides(plugin: Plugin, method: str) -> bool:
    return getattr(type(plugin), method) is not getattr(Plugin, method)


def _nobody_left(plugins: Sequence[str]) -> str:
    if len(plugins) == 1:
        return f"node(s) didn't satisfy plugin {plugins[0]}"
    return f"node(s) didn't satisfy plugin(s) [{' '.join(sorted(plugins))}] simultaneously"


def normalized(scores: list[int], reverse: bool = False) -> list[int]:
    """Scale to 0..100 by the largest (DefaultNormalizeScore)."""
    top = max(scores, default=0)
    if top == 0:
        return [MAX_SCORE] * len(scores) if reverse else scores
    scaled = [MAX_SCORE * score // top for score in scores]
    return [MAX_SCORE - score for score in scaled] if reverse else scaled
