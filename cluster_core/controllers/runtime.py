"""The shape of a controller and what runs it. Models controller-runtime's workqueue: keys, de-duplication, back-off.

A controller is level-triggered: reconcile(context, key) reads the world, compares, writes, and says when to look again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cluster_core.apiserver.client import Client
from cluster_core.apiserver.parts import Change, controller_of, object_key
from cluster_core.apiserver.world import World
from cluster_core.machinery.clock import CHORE
from cluster_core.machinery.errors import ApiError
from cluster_core.machinery.typed import Obj

Keys = Callable[["Context", Obj], Iterable[str]]
"""Which keys to reconcile when an object has changed. Called with the new and, when they differ, with the old form."""

FIRST_RETRY, LAST_RETRY = 0.005, 1000.0
"""Seconds: client-go's DefaultItemBasedRateLimiter."""

USER = "system:kube-controller-manager"

LATER = "@"
"""Marks the agenda's keys of looks that reconcile itself has asked for: every look plans the next one anew."""


@dataclass(frozen=True, slots=True)
class Context:
    """What reconcile is handed."""

    world: World
    api: Client
    options: Mapping[str, Any] = field(default_factory=dict)
    """The manager's flags, without dashes in front: {"node-monitor-grace-period": "40s"}."""
    memory: dict[str, Any] = field(default_factory=dict)
    """What the real controller keeps in its process, as JSON by key: saved with the cluster, lost when it is restarted.
    For autoscalers' recommendations and the like; everything else remembers nothing."""
    cache: dict[str, Any] = field(default_factory=dict)
    """What can be found out from the store at any time, kept because that takes long. Never saved."""

    def event(self, obj: Obj, type: str, reason: str, message: str, component: str) -> None:
        self.api.event(obj, type, reason, message, component=component)


Reconcile = Callable[[Context, str], float | None]


def itself(context: Context, obj: Obj) -> Iterable[str]:
    """The changed object's own key."""
    return (object_key(obj),)


def controlling(kind: str) -> Keys:
    """The key of the changed object's controlling owner, when that is of this kind."""

    def keys(context: Context, obj: Obj) -> Iterable[str]:
        owner = controller_of(obj)
        if owner is None or owner["kind"] != kind:
            return ()
        return (f"{obj['metadata']['namespace']}/{owner['name']}",)

    return keys


@dataclass(frozen=True, slots=True)
class Controller:
    """One controller. `name` is as in --controllers; `latency` the seconds from a change to its reconcile, within which
    further changes of the same key are taken together; a function of (context, key) where it grows with the work."""

    name: str
    watches: Mapping[str, Keys]
    reconcile: Reconcile
    latency: float | Callable[[Context, str], float] = 0.02
    user: str = ""
    """The user it acts as: its service account in kube-system unless given."""
    start: Callable[[Context], Iterable[str]] | None = None
    """Keys to reconcile when it starts, beside those of every watched object that exists."""
    default_on: bool = True
    steady: frozenset[str] = frozenset()
    """Kinds whose keys depend on nothing but name, labels, owners and spec: a change of the status leaves them as they were."""
    periodic: bool = False
    """Whether it looks again for ever, as by a time-table: that alone does not make a cluster unstable."""


class ControllerPart:
    """A running controller."""

    def __init__(self, controller: Controller, world: World, options: Mapping[str, Any]) -> None:
        self.name = f"controller/{controller.name}"
        self.kinds = frozenset(controller.watches)
        self.controller = controller
        user = controller.user or f"system:serviceaccount:kube-system:{controller.name}-controller"
        self._context = Context(world, world.client(user), options)
        self._failures: dict[str, int] = {}

    def observe(self, change: Change) -> None:
        keys_of = self.controller.watches.get(change.kind.name)
        if keys_of is None:
            return
        new, old = change.new, change.old
        after = tuple(keys_of(self._context, new)) if new is not None else ()
        if change.of_status and change.kind.name in self.controller.steady:
            before = after
        else:
            before = tuple(keys_of(self._context, old)) if old is not None else ()
        if before and before != after:
            after = tuple(sorted({*before, *after}))
        for key in after:
            self._soon(key)

    def _soon(self, key: str) -> None:
        latency = self.controller.latency
        delay = latency if isinstance(latency, float) else latency(self._context, key)
        self._context.world.agenda.soon(self.name, key, delay)

    def run(self, key: str) -> None:
        key = key.removeprefix(CHORE).removeprefix(LATER)
        later = (CHORE if self.controller.periodic else LATER) + key
        agenda = self._context.world.agenda
        for planned in (CHORE + key, LATER + key):
            agenda.cancel(self.name, planned)
        try:
            again = self.controller.reconcile(self._context, key)
        except ApiError:
            again, later = self._back_off(key), LATER + key
        else:
            self._failures.pop(key, None)
        if again is not None:
            agenda.soon(self.name, later, again)

    def _back_off(self, key: str) -> float:
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        return min(FIRST_RETRY * 2.0**failures, LAST_RETRY)

    def resync(self) -> None:
        """Look at everything once, as a controller does that has just started."""
        context = self._context
        keys: dict[str, None] = {}
        for kind, keys_of in self.controller.watches.items():
            for obj in context.api.list(kind):
                keys.update(dict.fromkeys(keys_of(context, obj)))
        if self.controller.start is not None:
            keys.update(dict.fromkeys(self.controller.start(context)))
        for key in keys:
            self._soon(key)

    def dump(self) -> Any:
        memory = {"failures": self._failures, "memory": self._context.memory}
        return {name: kept for name, kept in memory.items() if kept}

    def load(self, state: Any) -> None:
        self._failures = dict(state.get("failures", {}))
        self._context.memory.update(state.get("memory", {}))
