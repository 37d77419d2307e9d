"""The conversation "etcd-watch": any number of watches, told of changes as soon as they are durable.

In: {"create": {"id", "key", "end", "start", "prev_kv", "filters"}}, {"cancel": id}, {"progress": true}.
Out: {"created": id}, {"id", "events": [[revision, key, new, old]...]}, {"canceled": id, "compacted", "reason"},
{"progress": true}; each with "revision". Models etcd's server/storage/mvcc/watchable_store.go and api/v3rpc/watch.go.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .pipes import End
from .resident import Resident

if TYPE_CHECKING:
    from .host import Host

_LOOK_SECONDS = 3600.0
NO_PUT, NO_DELETE = 0, 1
_MOST_EVENTS = 500


@dataclass(slots=True)
class Watcher:
    """`after`: the revision up to which it has been told."""

    id: int
    key: str
    end: str
    after: int
    prev_kv: bool
    filters: tuple[int, ...]

    def wants(self, event: list[Any]) -> bool:
        return (NO_PUT if event[2] is not None else NO_DELETE) not in self.filters

    def shown(self, event: list[Any]) -> list[Any]:
        return event if self.prev_kv else [*event[:3], None]


async def talk(host: Host, resident: Resident, args: Mapping[str, Any], end: End) -> None:
    watching = Watching(resident, end)
    sides = {asyncio.ensure_future(watching.listen()), asyncio.ensure_future(watching.publish())}
    try:
        done, _ = await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
        for side in done:
            side.result()
    finally:
        for side in sides:
            side.cancel()


class Watching:
    """The watches of one client."""

    def __init__(self, resident: Resident, end: End) -> None:
        self._resident, self._end = resident, end
        self._watchers: dict[int, Watcher] = {}

    async def listen(self) -> None:
        while (message := await self._end.receive()) is not None:
            if "create" in message:
                await self._create(message["create"])
            elif "cancel" in message:
                self._watchers.pop(message["cancel"], None)
                await self._say(canceled=message["cancel"], compacted=0, reason="")
            else:
                await self._say(progress=True)

    async def _say(self, **message: Any) -> None:
        await self._end.send({"revision": self._resident.committed, **message})

    async def _create(self, wanted: Mapping[str, Any]) -> None:
        committed = self._resident.committed
        after = wanted["start"] - 1 if wanted.get("start", 0) > 0 else committed
        filters = tuple(wanted.get("filters", ()))
        made = Watcher(wanted["id"], wanted["key"], wanted["end"], after, bool(wanted.get("prev_kv")), filters)
        await self._say(created=made.id)
        self._watchers[made.id] = made
        await self._tell(made)

    async def publish(self) -> None:
        while not self._resident.gone:
            for watcher in list(self._watchers.values()):
                await self._tell(watcher)
            if all(each.after >= self._resident.committed for each in self._watchers.values()):
                await self._resident.publication(_LOOK_SECONDS)

    async def _tell(self, watcher: Watcher) -> None:
        until = self._resident.committed
        after, watcher.after = watcher.after, max(watcher.after, until)
        if after >= until:
            return
        ask = {"op": "events", "after": after, "until": until, "ranges": [[watcher.key, watcher.end]]}
        answer = self._resident.engine.command("etcd", ask)
        if "error" in answer:
            await self._refuse(watcher, answer)
            return
        events = [watcher.shown(event) for event in answer["events"] if watcher.wants(event)]
        for begin in range(0, len(events), _MOST_EVENTS):
            await self._say(id=watcher.id, events=events[begin : begin + _MOST_EVENTS])

    async def _refuse(self, watcher: Watcher, answer: Mapping[str, Any]) -> None:
        code, message = answer["error"]
        self._watchers.pop(watcher.id, None)
        compacted = answer.get("compacted", 0) if code == 11 else 0
        await self._say(canceled=watcher.id, compacted=compacted, reason=message)
