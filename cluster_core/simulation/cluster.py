"""One simulated cluster: store, API server and parts put together, and time let pass.

Pure and synchronous. What happens depends on the specification, the commands and the virtual times of the commands, and
on nothing else; saving and loading in between changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import orjson

from cluster_core.apiserver import authentication
from cluster_core.apiserver.parts import Change, Part
from cluster_core.apiserver.request import ApiRequest, ApiResponse
from cluster_core.apiserver.server import ApiServer
from cluster_core.apiserver.watch import Watch
from cluster_core.etcd.store import KeyValue, Store, StoreEvent
from cluster_core.machinery.clock import SECOND, Agenda, Clock
from cluster_core.machinery.seed import Seed
from cluster_core.simulation import assembly, bootstrap, statehash
from cluster_core.simulation.outside import Outside
from cluster_core.simulation.recording import Recorder
from cluster_core.simulation.replay import Replay
from cluster_core.simulation.saved import Batch, ClusterSpec, Row, Saved
from cluster_core.simulation.witness import Witness

EVERYTHING = 1 << 62
EVERY_OTHER = "*"
"""Among a part's kinds: it hears of kinds that are not built in as well."""


class Cluster:
    """See the module. Times are virtual microseconds unless a name says seconds."""

    def __init__(self, spec: ClusterSpec) -> None:
        self.spec = spec
        self.clock = Clock(spec.start - spec.start % SECOND)
        self.agenda = Agenda(self.clock)
        self.seed = Seed(spec.seed)
        self.store = Store()
        self.server = ApiServer(
            self.store,
            assembly.kinds(),
            assembly.admission(lambda: self.spec.limits),
            clock=self.clock,
            agenda=self.agenda,
            seed=self.seed,
        )
        self.world = self.server.world
        self.parts: dict[str, Part] = {}
        self._listeners: defaultdict[str, list[Part]] = defaultdict(list)
        self._observers: list[Callable[[Change], None]] = []
        self._ranks: dict[str, int] = {}
        """The order in which parts hear of a change: that in which they were first added, restarted or not."""
        self.outside = Outside(self)
        self.witness = Witness(self._who)
        self.recorder = Recorder(self)
        self.replay = Replay(self)
        self._taken = self.store.unsaved_after = self.store.revision
        self.server.storage.observe(self._on_change)
        assembly.add_parts(self)
        self._add_ears()

    def _add_ears(self) -> None:
        """Those that hear what comes from outside; they are parts for the sake of their memory."""
        self.outside.listeners = [self.witness.hear, self.recorder.hear, self.replay.hear]
        for part in (self.outside, self.witness, self.recorder, self.replay):
            self.add_part(part)

    def _who(self, request: ApiRequest) -> str:
        return authentication.user_of(self.server, request).name

    @classmethod
    def create(cls, spec: ClusterSpec) -> Cluster:
        """A new cluster with its control plane and nodes."""
        cluster = cls(spec)
        bootstrap.bootstrap(cluster)
        return cluster

    @classmethod
    def load(cls, saved: Saved) -> Cluster:
        """The cluster as it was when the state was taken."""
        cluster = cls(saved.spec)
        cluster.store.load([_key_value(row) for row in saved.rows if row.value is not None], saved.revision)
        cluster._taken = cluster.store.unsaved_after = saved.revision
        state = orjson.loads(saved.state)
        cluster.clock.now = state["now"]
        for name, memory in state["parts"].items():
            if name in cluster.parts:
                cluster.parts[name].load(memory)
        cluster.agenda.clear()  # parts that begin anew plan to look at everything; they have done so already
        cluster.agenda.load(state["agenda"])
        return cluster

    def limit(self, limits: Mapping[str, float]) -> None:
        """From now on it may grow to this; what is beyond stays."""
        self.spec = replace(self.spec, limits=dict(limits))

    def add_part(self, part: Part) -> None:
        """Let a part hear of changes and run."""
        self.parts[part.name] = part
        rank = self._ranks.setdefault(part.name, len(self._ranks))
        for kind in part.kinds:
            listeners = self._listeners[kind]
            listeners.append(part)
            if len(listeners) > 1 and rank < len(self._ranks) - 1:
                listeners.sort(key=lambda each: self._ranks[each.name])

    def remove_part(self, name: str) -> None:
        """Stop a part: it hears of nothing any more and what it had planned is forgotten."""
        part = self.parts.pop(name)
        for kind in part.kinds:
            self._listeners[kind].remove(part)
        self.agenda.cancel_all(name)

    def _on_change(self, change: Change) -> None:
        kind = change.kind
        is_built_in = kind.name in self._listeners and self.server.kinds.named(kind.name) is kind
        for part in self._listeners.get(kind.name if is_built_in else EVERY_OTHER, ()):
            part.observe(change)
        for callback in self._observers:
            callback(change)

    def observe(self, callback: Callable[[Change], None]) -> None:
        """Call back at once for every change of an object."""
        self._observers.append(callback)

    # ------------------------------------------------------------------------------------------------ requests

    @property
    def revision(self) -> int:
        return self.store.revision

    def submit(self, request: ApiRequest) -> ApiResponse:
        """Answer one request. What it sets in motion happens when time is let pass, even if by zero seconds."""
        return self.outside.submit(request)

    def watch(self, request: ApiRequest) -> Watch | ApiResponse:
        return self.server.watch(request)

    def command(self, name: str, args: Mapping[str, Any]) -> dict[str, Any]:
        """Do something that is no API request, such as killing a machine. Raises commands.CommandError."""
        return self.outside.command(name, args)

    # ------------------------------------------------------------------------------------------------ time

    @property
    def now(self) -> int:
        return self.clock.now

    def next_due(self) -> int | None:
        """When something will happen by itself, or by the demo that is replayed; None: never."""
        due, planned = self.agenda.next_due(), self.replay.next_due()
        return due if planned is None else planned if due is None else min(due, planned)

    def stable(self) -> bool:
        """Nothing but periodic chores lies ahead."""
        return self.replay.next_due() is None and self.agenda.stable()

    def run(self, until: int, budget: int = EVERYTHING) -> bool:
        """Do at most `budget` entries due up to `until`. False: all are done and the clock shows `until`."""
        for _ in range(budget):
            if not self._run_one(until):
                self.clock.now = max(self.clock.now, until)
                return False
        return True

    def _run_one(self, until: int) -> bool:
        if self.replay.entries and self.replay.take(until):
            return True
        entry = self.agenda.pop(until)
        if entry is None:
            return False
        self.clock.now = max(self.clock.now, entry.due)
        self.outside.steps += 1
        part = self.parts.get(entry.target)
        if part is not None:
            self.outside.busy = True
            try:
                part.run(entry.key)
            finally:
                self.outside.busy = False
        return True

    def advance(self, seconds: float) -> None:
        """Let virtual seconds pass."""
        self.run(self.clock.now + round(seconds * SECOND))

    def step(self) -> None:
        """On to the next entry, whenever it is due, and everything of that instant."""
        due = self.next_due()
        if due is not None:
            self.run(due)

    def settle(self, seconds: float = 3600.0) -> bool:
        """Let time pass until the cluster is stable, at most `seconds`; answers whether it is."""
        end = self.clock.now + round(seconds * SECOND)
        while not self.stable():
            due = self.next_due()
            if due is None or due > end:
                break
            self.run(due)
        return self.stable()

    # ------------------------------------------------------------------------------------------------ saved form

    def state_hash(self) -> str:
        """A digest of everything stored, with times relative to the start."""
        return statehash.of(self.store, self.clock.start)

    def take_uncommitted(self) -> Batch:
        """The changes since the last call and the state to go with them."""
        rows = [_row(event) for event in self.store.unsaved(self._taken)]
        self._taken = self.store.unsaved_after = self.store.revision
        return Batch(rows, self._taken, self.state())

    def state(self) -> bytes:
        """What the parts, the agenda and the clock must remember beside the store."""
        memories = {name: part.dump() for name, part in self.parts.items()}
        return orjson.dumps(
            {
                "now": self.clock.now,
                "agenda": self.agenda.dump(),
                "parts": {name: memory for name, memory in memories.items() if memory},
            },
            option=orjson.OPT_NON_STR_KEYS,
        )

    def save(self) -> Saved:
        """The whole cluster in its saved form."""
        rows = [
            Row(found.mod_revision, found.key, found.value, found.create_revision, found.version, found.lease)
            for found in self.store.range("", "\0")
        ]
        return Saved(self.spec, rows, self.revision, self.state())

    def forget(self, revision: int) -> None:
        """Let go of history up to `revision`: watches from before it must list again."""
        if revision > self.store.compact_revision:
            self.store.compact(revision)


def _row(event: StoreEvent) -> Row:
    new = event.new
    if new is None:
        return Row(event.revision, event.key, None)
    return Row(event.revision, event.key, new.value, new.create_revision, new.version, new.lease)


def _key_value(row: Row) -> KeyValue:
    assert row.value is not None
    obj = _object(row.value, row.revision) if row.key.startswith("/registry/") else None
    return KeyValue(row.key, row.value, row.create_revision, row.revision, row.version, row.lease, obj)


def _object(value: bytes, revision: int) -> Any:
    """What the API server wrote; None for what came in through etcd, which may be anything."""
    try:
        obj = orjson.loads(value)
        return obj if obj["metadata"]["resourceVersion"] == str(revision) else None
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
