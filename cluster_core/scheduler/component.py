"""The scheduler as a part of the cluster: hears of changes, tries waiting pods, binds them or says why not.

Models pkg/scheduler (scheduler.go, eventhandlers.go, schedule_one.go). Everything happens in one thread and reads are
consistent, so there is no assume cache for bindings: the snapshot learns of a binding from its own change. Only a pod whose
volumes are still being bound is counted on its node beforehand.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cluster_core.apiserver.parts import Change
from cluster_core.apiserver.world import World
from cluster_core.machinery.clock import CHORE
from cluster_core.machinery.errors import ApiError
from cluster_core.machinery.typed import Obj
from cluster_core.scheduler import happenings, messages
from cluster_core.scheduler.annals import Annals
from cluster_core.scheduler.binding import Binder
from cluster_core.scheduler.configuration import Configuration, parse
from cluster_core.scheduler.decide import Decider, Decision
from cluster_core.scheduler.framework import Booking, Rescue
from cluster_core.scheduler.happenings import Happening
from cluster_core.scheduler.lookup import OWNERS, ApiLookup
from cluster_core.scheduler.memory import recalled, remembered
from cluster_core.scheduler.nominator import Nominator
from cluster_core.scheduler.queue import Held, Queue, Waiting
from cluster_core.scheduler.snapshot import Snapshot
from cluster_core.scheduler.status import Reporter
from cluster_core.scheduler.trace import Trace
from cluster_core.scheduler.views import PodView, Shapes, finished

USER = "system:kube-scheduler"
FLUSH = CHORE + "flush"
BATCH = 50
"""Pods tried per agenda entry."""
_OTHERS = ("PersistentVolumeClaim", "PersistentVolume", "StorageClass", "CSINode", "CSIDriver", "CSIStorageCapacity",
           "VolumeAttachment", "ResourceClaim", "DeviceClass", "ResourceSlice")  # fmt: skip
_LOOKED_UP = (*_OTHERS, "Service", "Namespace", "PodDisruptionBudget", *OWNERS)


class Scheduler:
    """The part. `decision(pod_uid)` explains what was decided about a pod."""

    name = "scheduler"
    kinds = ("Pod", "Node", *_LOOKED_UP)

    def __init__(self, world: World, annals: Annals, configuration: Configuration | None = None) -> None:
        self._world = world
        self._annals = annals
        self._api = world.client(USER)
        self._memory: dict[str, Any] = {}
        self._handlers: dict[str, Callable[[Change], None]] = {"Pod": self._pod_changed, "Node": self._node_changed}
        self._handlers.update(dict.fromkeys(_LOOKED_UP, self._other_changed))
        self.configure(configuration or parse())

    def configure(self, configuration: Configuration) -> None:
        """Start over with these profiles, as a restarted scheduler does."""
        self._reset(configuration)
        self._wake()

    def _reset(self, configuration: Configuration) -> None:
        world = self._world
        self.profiles = configuration.profiles
        self.snapshot = Snapshot()
        self.lookup = ApiLookup(self._api)
        self.nominator = Nominator()
        self._shapes = Shapes()
        self.trace = Trace(self._annals, self.lookup, self.profiles, self._shapes)
        self._report = Reporter(self._api, world.clock)
        self._binder = Binder(self._api, world.clock)
        self._decider = Decider(self.profiles, self.snapshot, self.lookup, self.nominator, world.seed)
        self.queue = Queue(world.clock, self._cares, self._helps, self._gate)
        self.queue.first_backoff, self.queue.longest_backoff = configuration.first_backoff, configuration.longest_backoff
        self._preempting: set[str] = set()
        self._ready = False

    # ------------------------------------------------------------------------------------------------ starting

    def _start(self) -> None:
        """Look at the whole cluster once; afterwards changes keep it known."""
        self._ready = True
        for node in self._api.list("Node"):
            self.snapshot.set_node(node)
        fresh: dict[str, PodView] = {}
        for pod in self._api.list("Pod"):
            self._meet(self._shapes.view(pod), fresh)
        for uid, state in (self._memory.get("binding") or {}).items():
            if uid in fresh and state["node"] in self.snapshot.nodes:
                self.nominator.forget(uid)
                self.snapshot.place(fresh[uid], state["node"])
                self._binder.resume(fresh.pop(uid), state)
        for waiting, place in recalled(self._memory.get("queue") or (), fresh):
            self.queue.restore(waiting, place)
        for view in fresh.values():
            self.queue.add(view)
        self._memory = {}

    def _start_with(self, change: Change) -> None:
        """The first change it hears of has been counted by the first look; let it move remembered pods."""
        self._start()
        for happening in happenings.of_objects(change.kind.name, change.old, change.new, self._shapes):
            self.queue.happened(*happening)
        if self.queue.busy or self._is_waiting(change.new if change.kind.name == "Pod" else None):
            self._wake()
        self._look_at_volumes(change.kind.name)

    def _is_waiting(self, pod: Obj | None) -> bool:
        """A pod of ours without a node: whatever changes in one plans a look, before and after a restart alike."""
        return pod is not None and self.queue.get(pod["metadata"]["uid"]) is not None

    def _meet(self, pod: PodView, fresh: dict[str, PodView]) -> None:
        if finished(pod.obj):
            return
        if pod.node:
            self.snapshot.place(pod, pod.node)
        elif pod.shape.scheduler in self.profiles:
            self.nominator.update(pod)
            fresh[pod.uid] = pod

    def dump(self) -> Any:
        """The queue in its order, and who waits for volumes."""
        if not self._ready:
            return self._memory
        found = {"queue": remembered(self.queue.in_order()), "binding": self._binder.dump()}
        return {key: value for key, value in found.items() if value}

    def load(self, state: Any) -> None:
        self._reset(Configuration(self.profiles, self.queue.first_backoff, self.queue.longest_backoff))
        self._memory = dict(state or {})

    def decision(self, pod_uid: str) -> dict[str, Any] | None:
        """Every filter's verdict and every plugin's scores of the pod's newest attempt; of a pod that waits and whose last
        attempt is no longer remembered, what an attempt would give now; None when there is nothing to tell."""
        if not self._ready:
            self._start()
        waiting = self.queue.get(pod_uid)
        if pod_uid in self.trace or waiting is None:
            return self.trace.explain(pod_uid)
        return self.trace.tell(self._decider.decide_plainly(waiting.view), self._world.clock.now, waiting.attempts)

    # ------------------------------------------------------------------------------------------------ hearing

    def observe(self, change: Change) -> None:
        handler = self._handlers.get(change.kind.name)
        if handler is None:
            return
        if self._ready:
            handler(change)
        else:
            self._start_with(change)

    def _wake(self) -> None:
        self._world.agenda.soon(self.name, "cycle")

    def _node_changed(self, change: Change) -> None:
        metadata = change.obj["metadata"]
        node = self.snapshot.nodes.get(metadata["name"])
        old = node.facts if node else None
        if change.new is None:
            self._happened(happenings.NODE_GONE, old, None)
            self.snapshot.remove_node(metadata["name"])
            return
        self.snapshot.set_node(change.new)
        facts = self.snapshot.nodes[metadata["name"]].facts
        for happening in [happenings.NODE_ADDED] if old is None else happenings.node_changes(old, facts):
            self._happened(happening, old, facts)

    def _other_changed(self, change: Change) -> None:
        kind = change.kind.name
        self.lookup.changed(kind, change.old, change.new)
        if kind in _OTHERS:
            action = "Add" if change.old is None else "Delete" if change.new is None else "Update"
            self._happened(Happening(kind, action), change.old, change.new)
            self._look_at_volumes(kind)

    def _look_at_volumes(self, kind: str) -> None:
        if kind in ("PersistentVolumeClaim", "PersistentVolume") and self._binder.waiting:
            self._world.agenda.soon(self.name, "volumes")

    def _happened(self, happening: Happening, old: Any, new: Any) -> None:
        if self.queue.happened(happening, old, new):
            self._wake()

    def _pod_changed(self, change: Change) -> None:
        uid = change.obj["metadata"]["uid"]
        if change.new is None or finished(change.new):
            self._pod_gone(uid)
            return
        placed = self.snapshot.find(uid)
        if placed is not None:
            self._placed_pod_changed(placed, change.new)
            return
        waiting = self.queue.get(uid)
        pod = self._shapes.update(waiting.view, change.new) if waiting else self._shapes.view(change.new)
        if pod.node:
            self._pod_placed(pod)
        elif pod.shape.scheduler in self.profiles:
            self._waiting_pod_changed(waiting, pod)

    def _pod_placed(self, pod: PodView) -> None:
        self.queue.delete(pod.uid)
        self.nominator.forget(pod.uid)
        self.snapshot.place(pod, pod.node)
        self._happened(happenings.POD_PLACED, None, pod)

    def _placed_pod_changed(self, old: PodView, obj: Obj) -> None:
        pod = self._shapes.update(old, obj)
        if not pod.node and pod.uid in self._binder.waiting:
            self._binder.waiting[pod.uid].waiting.view = pod
        place = pod.node or self.snapshot.places[pod.uid]
        if pod.shape is old.shape and pod.terminating == old.terminating and place == self.snapshot.places[pod.uid]:
            self.snapshot.refresh(pod)
            if not old.node and pod.node:
                self._happened(happenings.POD_PLACED, None, pod)
            return
        self.snapshot.place(pod, place)
        for happening in happenings.pod_changes(old, pod):
            self._happened(happening, old, pod)

    def _waiting_pod_changed(self, waiting: Waiting | None, pod: PodView) -> None:
        if waiting is None:
            self.nominator.update(pod)
            self.queue.add(pod)
        else:
            old = waiting.view
            self.queue.update(old, pod, happenings.pod_changes(old, pod))
            self.nominator.update(pod)
            if old.nominated and old.nominated != pod.nominated:
                self.queue.happened(happenings.POD_GONE, old, None, old.shape.priority)
        self._wake()

    def _pod_gone(self, uid: str) -> None:
        placed = self.snapshot.displace(uid)
        if placed is not None:
            self._binder.waiting.pop(uid, None)
            self._happened(happenings.POD_GONE, placed, None)
        waiting = self.queue.get(uid)
        if waiting is not None:
            self.queue.delete(uid)
            view = waiting.view
            if view.nominated and self.queue.happened(happenings.POD_GONE, view, None, view.shape.priority):
                self._wake()
        self.nominator.forget(uid)

    # ------------------------------------------------------------------------------------------------ the queue's questions

    def _cares(self, held: Held, happening: Happening) -> bool:
        scheduler, plugins = held
        if plugins == NO_NODES:
            return happening == happenings.NODE_ADDED
        by_name = self.profiles[scheduler].by_name
        return any(happening in by_name[name].EVENTS for name in plugins)

    def _helps(self, waiting: Waiting, happening: Happening, old: Any, new: Any) -> bool:
        scheduler, plugins = waiting.held_by
        if plugins == NO_NODES:
            return happening == happenings.NODE_ADDED
        for name in plugins:
            plugin = self.profiles[scheduler].by_name[name]
            if happening in plugin.EVENTS and plugin.helps(happening, waiting.view, old, new):
                return True
        return False

    def _gate(self, pod: PodView) -> str:
        if pod.uid in self._preempting:
            return "DefaultPreemption"
        profile = self.profiles[pod.shape.scheduler]
        return next((plugin.name for plugin in profile.gates if plugin.pre_enqueue(pod, self.lookup) is not None), "")

    # ------------------------------------------------------------------------------------------------ working

    def run(self, key: str) -> None:
        if not self._ready:
            self._start()
        if key == FLUSH:
            self.queue.flush()
        if key == "volumes":
            self._finish_bindings()
        self._cycle()

    def _cycle(self) -> None:
        for _ in range(BATCH):
            waiting = self.queue.pop()
            if waiting is None:
                self._plan_ahead()
                return
            self._attempt(waiting)
        self._wake()

    def _plan_ahead(self) -> None:
        flush, retry, deadline = self.queue.next_flush(), self.queue.next_retry(), self._binder.next_deadline()
        for key, due in ((FLUSH, flush), ("cycle", retry), ("volumes", deadline)):
            if due is not None:
                self._world.agenda.at(due, self.name, key)

    def _attempt(self, waiting: Waiting) -> None:
        pod = waiting.view
        if pod.terminating:
            self._report.failed(pod, f"skip schedule deleting pod: {pod.shape.namespace}/{pod.name}")
            self.queue.delete(pod.uid)
            return
        decision = self._decider.decide(pod)
        others = not decision.quick and self.nominator.binds(pod.shape.priority)
        self.trace.record(decision, self._world.clock.now, waiting.attempts, others)
        if decision.node is None:
            self._failed(waiting, decision)
        else:
            self._bind(waiting, decision)

    def _failed(self, waiting: Waiting, decision: Decision) -> None:
        pod, rescue = waiting.view, decision.rescue
        self.queue.park(waiting, NO_NODES if decision.no_nodes else frozenset(decision.failure.plugins))
        if rescue.nominate is not None:
            self.nominator.nominate(pod, rescue.nominate)
        self._report.failed(pod, decision.message)
        self._report.unschedulable(pod, decision.message, rescue.nominate)
        if rescue.victims:
            self._preempt(pod, rescue)

    def _preempt(self, pod: PodView, rescue: Rescue) -> None:
        """Remove the victims. The preemptor is not tried again before the last of them has been asked to go."""
        node = rescue.nominate or ""
        for other in self.nominator.on(node):
            if other.shape.priority < pod.shape.priority:
                self.nominator.forget(other.uid)
                self._report.nominate(other, "")
        victims = [victim for victim in rescue.victims if not victim.terminating]
        self._preempting.add(pod.uid)
        for i, victim in enumerate(victims):
            if i == len(victims) - 1:
                self._preempting.discard(pod.uid)
            self._report.evict(victim, pod, node)
        self._preempting.discard(pod.uid)

    # ------------------------------------------------------------------------------------------------ binding

    def _bind(self, waiting: Waiting, decision: Decision) -> None:
        node = decision.node
        assert node is not None
        try:
            self._binder.allocate(decision.booking.devices)
            if decision.booking.waits:
                self._bind_volumes(waiting, decision.booking, node)
            else:
                self._assign(waiting.view, node)
        except ApiError as error:
            self._went_wrong(waiting, str(error))

    def _bind_volumes(self, waiting: Waiting, booking: Booking, node: str) -> None:
        """Set the volumes going; the pod counts on its node from now on and is bound when they are."""
        pod = waiting.view
        self.queue.delete(pod.uid)
        self.nominator.forget(pod.uid)
        self.snapshot.place(pod, node)
        self._annals.assume(pod.obj, node)
        self._report.nominate(pod, node)
        try:
            self._binder.prepare(waiting, booking, node)
        except ApiError as error:
            self._unassume(waiting, str(error))
            return

    def _assign(self, pod: PodView, node: str) -> None:
        self.nominator.forget(pod.uid)
        bound = self._api.bind(pod.shape.namespace, pod.name, node)
        self._report.scheduled(bound, node)

    def _finish_bindings(self) -> None:
        for waiting, node, error in self._binder.finished(self.snapshot):
            pod = waiting.view
            try:
                if error:
                    self._unassume(waiting, error)
                else:
                    self._assign(pod, node)
            except ApiError as problem:
                self._unassume(waiting, str(problem))

    def _unassume(self, waiting: Waiting, error: str) -> None:
        placed = self.snapshot.displace(waiting.view.uid)
        self._annals.give_up(waiting.view.obj)
        self._happened(happenings.POD_GONE, placed, None)
        self.queue.readmit(waiting)
        self._went_wrong(waiting, error)

    def _went_wrong(self, waiting: Waiting, error: str) -> None:
        """Not unfit but failed: the pod is tried again after a backoff."""
        pod = waiting.view
        if self._api.get("Pod", pod.shape.namespace, pod.name) is None:
            self.queue.delete(pod.uid)
            return
        self.queue.park(waiting, frozenset())
        self._report.failed(pod, error)
        self._report.unschedulable(pod, error, "", reason="SchedulerError")


NO_NODES = frozenset({messages.NO_NODES})
"""Stands for the plugins that rejected a pod when there was no node to reject."""
