"""One subscription per cluster and web process, encoded once and handed to every socket that looks at it.

The hub keeps the thinned objects, so that a socket can begin or begin again without asking the worker, and the last
deltas, so that a socket that was away for a moment gets only what it missed.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from playground.engine.port import Engine, EngineError, NoSuchCluster

from .frame import Frame, Update, difference

logger = logging.getLogger(__name__)
_REMEMBERED_DELTAS = 500
_QUEUE = 64
_RETRY_SECONDS = 0.5
_LINGER_SECONDS = 10.0
Key = tuple[str, str]


@dataclass(eq=False)
class Socket:
    """What is to be sent to one browser. When it cannot keep up, `behind` asks for a fresh snapshot instead."""

    queue: deque[Frame] = field(default_factory=deque)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    behind: bool = False
    started: bool = False
    small: bool = False
    """Whether it takes frames in their small form."""

    def put(self, frame: Frame) -> None:
        if len(self.queue) >= _QUEUE:
            self.queue.clear()
            self.behind = True
        if not self.behind:
            self.queue.append(frame)
        self.ready.set()


class Room:
    """All sockets on one cluster."""

    def __init__(self, engine: Engine, cluster: str) -> None:
        self._engine, self._cluster = engine, cluster
        self.sockets: set[Socket] = set()
        self.session = ""
        self.revision = 0
        self._objects: dict[Key, Update] = {}
        self._clock: Update = {}
        self._deltas: deque[tuple[int, Frame]] = deque(maxlen=_REMEMBERED_DELTAS)
        self._snapshot: Frame | None = None
        self.gone = ""
        self.begun = asyncio.Event()

    async def run(self) -> None:
        """Follow the cluster until it is gone; a worker that is being restarted is waited for."""
        while not self.gone:
            try:
                async with aclosing(self._engine.live(self._cluster)) as updates:
                    async for update in updates:
                        self._take(update)
            except NoSuchCluster as error:
                self._end(str(error))
            except EngineError as error:
                logger.info("cluster %s: %s", self._cluster, error)
            except Exception:  # a bug in one update: say so and begin again with a snapshot
                logger.exception("cluster %s: following it failed", self._cluster)
            if not self.gone:
                await asyncio.sleep(_RETRY_SECONDS)

    def _end(self, reason: str) -> None:
        self.gone = reason
        self.begun.set()
        self._send({"type": "gone", "reason": reason})

    def _take(self, update: Update) -> None:
        handle: dict[str, Callable[[Update], None]] = {
            "snapshot": self._begin,
            "delta": self._delta,
            "clock": self._tick,
            "gone": lambda _: None,  # the worker let go of it; whether the cluster still exists shows when asked again
        }
        handle[update["type"]](update)

    def _begin(self, update: Update) -> None:
        """The first snapshot, or one after a break: then the sockets get the difference."""
        objects = {(entry["k"], entry["uid"]): entry for entry in update["objects"]}
        session = update.get("session", "")
        if self.begun.is_set() and session == self.session:
            changes = [["put", entry] for key, entry in objects.items() if self._objects.get(key) != entry]
            changes += [["del", *key] for key in self._objects.keys() - objects.keys()]
            self._delta({**update, "from": self.revision, "changes": changes})
            return
        self.session, self.revision, self._objects, self._clock = session, update["revision"], objects, update["clock"]
        self._deltas.clear()
        self._snapshot = None
        self.begun.set()
        for socket in self.sockets:
            socket.behind = True
            socket.ready.set()

    def _delta(self, update: Update) -> None:
        differences = [self._apply(change) for change in update["changes"]]
        before, self.revision, self._clock = self.revision, update["revision"], update["clock"]
        names = ("clock", "changes")
        frame = self._send(
            {"type": "delta", "from": before, "revision": self.revision, **{name: update[name] for name in names}},
            differences,
        )
        self._deltas.append((before, frame))

    def _apply(self, change: list[Any]) -> list[Any]:
        """Keep it, and tell it as a difference."""
        if change[0] != "put":
            self._objects.pop((change[1], change[2]), None)
            return change
        key = change[1]["k"], change[1]["uid"]
        told = difference(self._objects.get(key), change[1])
        self._objects[key] = change[1]
        return told

    def _tick(self, update: Update) -> None:
        self._clock = update["clock"]
        self._send({"type": "clock", "clock": self._clock})

    def _send(self, message: Update, differences: list[list[Any]] | None = None) -> Frame:
        self._snapshot = None
        frame = Frame(message, differences)
        for socket in self.sockets:
            if socket.started:
                socket.put(frame)
        return frame

    def snapshot(self) -> Frame:
        if self._snapshot is None:
            message = {"type": "snapshot", "session": self.session, "revision": self.revision, "clock": self._clock}
            self._snapshot = Frame(message | {"objects": list(self._objects.values())})
        return self._snapshot

    def since(self, session: Any, revision: Any) -> list[Frame] | None:
        """The deltas after a revision this process has sent before; None when a snapshot is needed."""
        if session != self.session or not isinstance(revision, int):
            return None
        missed = [(before, frame) for before, frame in self._deltas if before >= revision]
        known = revision == self.revision or bool(missed and missed[0][0] == revision)
        return [frame for _, frame in missed] if known else None


class Hub:
    """The rooms of this process. A room outlives its last socket for some seconds: browsers reload."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._rooms: dict[str, Room] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._closing: dict[str, asyncio.TimerHandle] = {}

    def join(self, cluster: str, socket: Socket) -> Room:
        room = self._rooms.get(cluster)
        if room is None or room.gone:
            room = self._rooms[cluster] = Room(self._engine, cluster)
            self._tasks[cluster] = asyncio.create_task(room.run())
        if cluster in self._closing:
            self._closing.pop(cluster).cancel()
        room.sockets.add(socket)
        return room

    def leave(self, cluster: str, socket: Socket) -> None:
        room = self._rooms.get(cluster)
        if room is None:
            return
        room.sockets.discard(socket)
        if not room.sockets and cluster not in self._closing:
            loop = asyncio.get_running_loop()
            self._closing[cluster] = loop.call_later(_LINGER_SECONDS, self._close, cluster)

    def _close(self, cluster: str) -> None:
        self._closing.pop(cluster, None)
        self._rooms.pop(cluster, None)
        task = self._tasks.pop(cluster, None)
        if task is not None:
            task.cancel()

    def close(self) -> None:
        """Leave every cluster."""
        for handle in self._closing.values():
            handle.cancel()
        for task in self._tasks.values():
            task.cancel()
