"""A demo being replayed: recorded entries done again, each at its exact moment, while time passes as somebody wants.

What is still to come is part of the cluster's memory, so that pausing, stepping, speed and hibernation are the clock's own.
Somebody who changes the cluster by hand branches off: the rest of the demo is dropped.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import orjson

from cluster_core.simulation import recording
from cluster_core.simulation.commands import CommandError
from cluster_core.simulation.outside import Input

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

Entry = recording.Entry
_HARMLESS = ("", "trace")
"""A traced request is recorded, for an application may remember it; but who only asks wants to go on with the demo."""


class Replay:
    """A part that knows what is still to be done. `entries`: all of a demo, [] when none is replayed; `done` of them are."""

    name = "replay"
    kinds = ()

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.entries: Sequence[Entry] = ()
        self.done = 0
        self.title = ""
        self.branched = False
        self._packed = ""

    def begin(self, entries: Sequence[Entry], title: str) -> None:
        self.entries, self.done, self.title, self.branched, self._packed = list(entries), 0, title, False, ""

    @property
    def is_pending(self) -> bool:
        return self.done < len(self.entries) and not self.branched

    def next_due(self) -> int | None:
        """When the next entry is due, None when no more are."""
        if not self.is_pending:
            return None
        return self._cluster.clock.start + int(self.entries[self.done]["at"])

    def take(self, until: int) -> bool:
        """Do the next entry if it is its moment. Without a number of steps that is after all that is due by then."""
        due = self.next_due()
        if due is None or due > until:
            return False
        entry, planned = self.entries[self.done], self._cluster.agenda.next_due()
        waits = planned is not None and planned <= due
        if waits and self._cluster.outside.steps < entry.get("steps", 1 << 62):
            return False
        self._cluster.clock.now = max(self._cluster.clock.now, due)
        self.done += 1
        self._do(entry)
        return True

    def _do(self, entry: Entry) -> None:
        """As recorded, with whatever came of it then: what was refused is refused again."""
        outside = self._cluster.outside
        listeners, outside.listeners = outside.listeners, [each for each in outside.listeners if each != self.hear]
        try:
            if "request" in entry:
                outside.submit(recording.unpack(entry["request"]))
            else:
                outside.command(entry["command"], recording.again(entry.get("args", {})))
        except CommandError:
            pass  # recorded, so it was refused in the same words
        finally:
            outside.listeners = listeners

    def hear(self, given: Input) -> None:
        """Something was done by hand."""
        if self.is_pending and (given.changed or given.command not in _HARMLESS):
            self.branch()

    def branch(self) -> None:
        """From here on by hand."""
        self.branched = self.branched or self.is_pending

    def state(self) -> dict[str, Any]:
        """For people: how far it is, what was done last and what comes next."""
        if not self.entries:
            return {"title": "", "total": 0, "done": 0, "branched": False}
        last, following = self.entries[max(0, self.done - 1)], self.entries[self.done : self.done + 1]
        told = {"title": self.title, "total": len(self.entries), "done": self.done, "branched": self.branched}
        told["start"] = self._cluster.clock.start
        told["last"] = label(last) if self.done else ""
        captions = [entry["caption"] for entry in self.entries[: self.done] if entry.get("caption")]
        told["caption"] = captions[-1] if captions else ""
        told["next"] = label(following[0]) if following and not self.branched else ""
        told["nextAt"] = following[0]["at"] if following and not self.branched else None
        return told

    def observe(self, change: Any) -> None:
        """It hears of nothing inside."""

    def run(self, key: str) -> None:
        """Nothing is ever planned for it."""

    def dump(self) -> Any:
        """The entries stay as they are: they are packed once."""
        if not self.entries:
            return {}
        if not self._packed:
            self._packed = base64.b64encode(zlib.compress(orjson.dumps(self.entries))).decode()
        return {"done": self.done, "title": self.title, "branched": self.branched, "entries": self._packed}

    def load(self, state: Any) -> None:
        self._packed = state["entries"]
        self.entries = orjson.loads(zlib.decompress(base64.b64decode(self._packed)))
        self.done, self.title, self.branched = state["done"], state["title"], state["branched"]


def label(entry: Entry) -> str:
    """An entry in a few words: its caption, else what it does."""
    if entry.get("caption"):
        return str(entry["caption"])
    if "request" in entry:
        return f"{entry['request']['method']} {entry['request']['path']}"
    args = entry.get("args", {})
    detail = args.get("node") or args.get("component") or args.get("name") or " ".join(args.get("argv", ()))
    return f"{entry['command']} {detail}".strip()
