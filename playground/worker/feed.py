"""What changed in a cluster, thinned for browsers, as it becomes durable: a snapshot, then coalesced deltas.

Costs nothing while nobody listens. A slow listener is not queued for: what it has not fetched is one entry per object.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field
from typing import Any

from cluster_core.apiserver.parts import Change
from cluster_core.machinery.typed import Obj
from playground.live.feedsession import session_of
from playground.live.thin import KINDS, Thin, thin

from .resident import Resident

INTERVAL_SECONDS, BUSY_INTERVAL_SECONDS = 0.05, 0.2
BUSY = 40
"""So many changes in one frame are a burst: frames come less often, since what changes again within one is told once."""
MOST_EVENTS, MOST_EVENTS_AT_FIRST = 40, 500
"""Normal events in one frame, and in a snapshot: of a thousand pods that start at once nobody reads five thousand events.
Warnings are all told; who wants to know all about one object asks the API."""
_OBJECTS_THEMSELVES = ("Component", "Demo")
"""Facts that browsers get as objects; the others are told with the objects they are about."""
_FINISHED = ("Succeeded", "Failed")
Key = tuple[str, str]
Update = dict[str, Any]


@dataclass(eq=False)
class Listener:
    """One subscription. `since`: what it has got in its snapshot already."""

    since: int
    changes: dict[Key, Obj | None] = field(default_factory=dict)


class Load:
    """What the pods of each node request, kept up to date pod by pod."""

    def __init__(self) -> None:
        self._pods: dict[str, tuple[str, int, int]] = {}
        self._cpu: Counter[str] = Counter()
        self._memory: Counter[str] = Counter()
        self._count: Counter[str] = Counter()

    def update(self, uid: str, pod: Thin | None) -> set[str]:
        """Answers the nodes whose sums changed."""
        old = self._pods.pop(uid, None)
        new = None
        if pod is not None and pod["node"] and pod["phase"] not in _FINISHED:
            new = self._pods[uid] = (pod["node"], pod["requests"]["cpu"], pod["requests"]["memory"])
        if old == new:
            return set()
        return {self._add(entry, sign) for entry, sign in ((old, -1), (new, 1)) if entry}

    def _add(self, entry: tuple[str, int, int], sign: int) -> str:
        node, cpu, memory = entry
        self._cpu[node] += sign * cpu
        self._memory[node] += sign * memory
        self._count[node] += sign
        return node

    def of(self, node: str) -> Thin:
        return {"cpu": self._cpu[node], "memory": self._memory[node], "pods": self._count[node]}


class Feed:
    """The changes of one resident cluster, for any number of listeners."""

    def __init__(self, resident: Resident) -> None:
        self.resident = resident
        self._pending: list[Change] = []
        self._listeners: set[Listener] = set()
        resident.engine.observe(self._observe)

    def _observe(self, change: Change) -> None:
        if self._listeners and change.kind.name in KINDS:
            self._pending.append(change)

    def open(self) -> tuple[Listener, list[tuple[str, Obj]]]:
        """A subscription and the objects it begins with, at the revision `since`."""
        listener = Listener(self.resident.engine.revision)
        self._listeners.add(listener)
        return listener, list(self.resident.engine.objects(KINDS))

    def close(self, listener: Listener) -> None:
        self._listeners.discard(listener)
        if not self._listeners:
            self._pending.clear()

    def publish(self) -> None:
        """Hand on what has become durable."""
        committed = self.resident.committed
        count = 0
        for change in self._pending:
            if change.revision > committed:
                break
            count += 1
            key = (change.kind.name, change.obj["metadata"]["uid"])
            for listener in self._listeners:
                if change.revision > listener.since:
                    listener.changes[key] = change.new
        del self._pending[:count]


async def updates(feed: Feed) -> AsyncGenerator[Update, None]:
    """Frames for one listener: the first is a snapshot. Ends when the cluster leaves memory."""
    resident = feed.resident
    listener, objects = feed.open()
    try:
        sender = _Sender(feed, listener)
        await resident.durable(listener.since)
        yield sender.snapshot(objects)
        while not resident.gone:
            seen = resident.publications
            feed.publish()
            told = 0
            for update in sender.update():
                told += len(update.get("changes", ()))
                yield update
            if seen == resident.publications:
                await resident.publication(3600)
            # more of it is on its way: one frame for all
            await asyncio.sleep(BUSY_INTERVAL_SECONDS if told > BUSY else INTERVAL_SECONDS)
        yield {"type": "gone", "reason": resident.gone}
    finally:
        feed.close(listener)


def newest_events(changes: dict[Key, Obj | None], most: int) -> dict[Key, Obj | None]:
    """Without the Normal events that are older than the `most` newest ones."""
    normal = [key for key, obj in changes.items() if key[0] == "Event" and obj is not None and obj.get("type") != "Warning"]
    if len(normal) <= most:
        return changes
    newest = sorted(normal, key=lambda key: int(changes[key]["metadata"]["resourceVersion"]))  # type: ignore[index]
    dropped = set(newest[:-most])
    return {key: obj for key, obj in changes.items() if key not in dropped}


class _Sender:
    """Makes the frames of one listener."""

    def __init__(self, feed: Feed, listener: Listener) -> None:
        self._resident, self._listener = feed.resident, listener
        self._load = Load()
        self._nodes: dict[str, Thin] = {}
        self._shown_clock: Update = {}
        self._facts: dict[str, Thin] = {}
        self.revision = listener.since

    def snapshot(self, objects: Iterable[tuple[str, Obj]]) -> Update:
        shown = newest_events({(kind, obj["metadata"]["uid"]): obj for kind, obj in objects}, MOST_EVENTS_AT_FIRST)
        thinned = [self._thin(kind, obj) for (kind, _), obj in shown.items() if obj is not None]
        for entry in thinned:
            if entry["k"] == "Pod":
                self._load.update(entry["uid"], entry)
        self._facts = self._machines_and_components()
        whole = [self._complete(entry) for entry in thinned] + [
            fact for fact in self._facts.values() if fact["k"] in _OBJECTS_THEMSELVES
        ]
        session = session_of(self._resident.record.token)
        clock = self._clock()
        return {"type": "snapshot", "session": session, "revision": self.revision, "clock": clock, "objects": whole}

    def update(self) -> Iterable[Update]:
        """What there is to tell now; nothing when nothing changed."""
        changes, self._listener.changes = newest_events(self._listener.changes, MOST_EVENTS), {}
        told = self._changes(changes)
        before, self.revision = self.revision, self._resident.committed
        changed_clock = self._clock_changed()
        if told:
            yield {"type": "delta", "from": before, "revision": self.revision, "clock": self._clock(), "changes": told}
        elif changed_clock:
            yield {"type": "clock", "clock": self._clock()}

    def _changes(self, changes: dict[Key, Obj | None]) -> list[list[Any]]:
        told: dict[Key, list[Any]] = {}
        nodes: set[str] = set()
        for (kind, uid), obj in changes.items():
            entry = self._thin(kind, obj) if obj is not None else None
            if kind == "Pod":
                nodes |= self._load.update(uid, entry)
            told[kind, uid] = ["put", entry] if entry else ["del", kind, uid]
            if kind == "Node" and entry is None:
                self._nodes = {name: node for name, node in self._nodes.items() if node["uid"] != uid}
        nodes |= self._refresh_facts(told)
        for name in nodes & self._nodes.keys():
            node = self._nodes[name]
            told["Node", node["uid"]] = ["put", node]
        return [["put", self._complete(change[1])] if change[0] == "put" else change for change in told.values()]

    def _refresh_facts(self, told: dict[Key, list[Any]]) -> set[str]:
        """Compare what is no API object (machines, components) with what was told; answers changed nodes."""
        before, self._facts = self._facts, self._machines_and_components()
        changed = {key: fact for key, fact in self._facts.items() if before.get(key) != fact}
        for fact in changed.values():
            if fact["k"] in _OBJECTS_THEMSELVES:
                told[fact["k"], fact["uid"]] = ["put", fact]
        for key in before.keys() - self._facts.keys():
            kind, uid = before[key]["k"], before[key].get("uid", "")
            if kind in _OBJECTS_THEMSELVES:
                told[kind, uid] = ["del", kind, uid]
        return {fact["name"] for fact in changed.values() if fact["k"] == "Machine"}

    def _machines_and_components(self) -> dict[str, Thin]:
        return {f"{fact['k']}/{fact['name']}/{fact.get('node', '')}": fact for fact in self._resident.engine.facts()}

    def _thin(self, kind: str, obj: Obj) -> Thin:
        entry = thin(kind, obj, self._resident.engine.get)
        if kind == "Node":
            self._nodes[entry["name"]] = entry
        return entry

    def _complete(self, entry: Thin) -> Thin:
        if entry["k"] != "Node":
            return entry
        machine = self._facts.get(f"Machine/{entry['name']}/", {})
        on = {"machine": machine.get("machine", ""), "kubelet": machine.get("kubelet", True)}
        return entry | {"requested": self._load.of(entry["name"]), **on}

    def _clock(self) -> Update:
        return {"now": self._resident.engine.now, **self._pace()}

    def _pace(self) -> Update:
        resident = self._resident
        goal = {"goal": resident.goal.told()} if resident.goal else {}
        return {**resident.pace.settings(), "stable": resident.engine.stable(), **goal}

    def _clock_changed(self) -> bool:
        shown = self._pace()
        before, self._shown_clock = self._shown_clock, shown
        return before != shown
