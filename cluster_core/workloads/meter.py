"""How much CPU containers take for what they are asked, counted tick by tick as metrics-server measures.

A loop that asks without end is not followed request by request: from one sample to the next it is a stream, which loads whoever
answers it evenly. So an hour of a loop costs some hundred samples, and its load is there all the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_core.machinery.clock import SECOND

TICK = 15 * SECOND
"""How often is measured."""
_WINDOW = 2
"""Ticks over which usage is averaged, as the window in metrics says."""
_KEPT = _WINDOW + 2
_MILLI = 1000
_FOR_EVER = 1 << 62
Loads = Mapping[str, int]
"""Life of a container -> thousandths of a cpu."""


class Meter:
    """Containers are known by their lives: "pod uid/container/attempt"."""

    def __init__(self, saved: Any = None) -> None:
        saved = saved or {}
        self._counted: dict[str, list[list[int]]] = saved.get("counted", {})
        """Life -> [tick, microseconds of CPU], the newest last."""
        self._streams: dict[str, list[Any]] = saved.get("streams", {})
        """Life of who asks -> [since, until, loads]."""

    def dump(self) -> Any:
        found = {"counted": self._counted, "streams": self._streams}
        return {name: part for name, part in found.items() if part}

    def count(self, life: str, microseconds: int, now: int) -> None:
        """The container has computed for so long."""
        if microseconds:
            self._add(life, now // TICK, microseconds)

    def stream(self, client: str, loads: Loads, now: int, until: int) -> None:
        """Until then, or until it is told anew, who asks loads those who answer so much."""
        self.cut(client, now)
        self._streams[client] = [now, until, dict(loads)]

    def cut(self, client: str, at: int) -> None:
        """Who asks stops then: what lies before stays counted."""
        known = self._streams.get(client)
        if known is None:
            return
        since, until, loads = known
        if at >= until:
            at = until
        for life, milli in loads.items():
            for tick in range(max(since // TICK, at // TICK - _KEPT), at // TICK + 1):
                self._add(life, tick, _overlap(since, at, tick * TICK, (tick + 1) * TICK) * milli // _MILLI)
        del self._streams[client]

    def go_on(self, client: str) -> None:
        """Nobody looks at who asks any more: it asks until it is stopped."""
        known = self._streams.get(client)
        if known is not None:
            known[1] = _FOR_EVER

    def end(self, client: str, at: int) -> None:
        """Who asks will stop then at the latest."""
        known = self._streams.get(client)
        if known is not None:
            known[1] = min(known[1], at)

    def forget(self, pod_uid: str, now: int) -> None:
        """The pod is gone: it neither asks nor answers."""
        for life in [life for life in self._streams if life.startswith(f"{pod_uid}/")]:
            self.cut(life, now)
        for life in [life for life in self._counted if life.startswith(f"{pod_uid}/")]:
            del self._counted[life]

    def usage(self, life: str, now: int) -> int:
        """Thousandths of a cpu over the window that ended at the last full tick."""
        end = now // TICK
        begin = end - _WINDOW
        used = sum(amount for tick, amount in self._counted.get(life, ()) if begin <= tick < end)
        for since, until, loads in self._streams.values():
            if life in loads:
                used += _overlap(since, until, begin * TICK, end * TICK) * loads[life] // _MILLI
        return used * _MILLI // (_WINDOW * TICK)

    def _add(self, life: str, tick: int, microseconds: int) -> None:
        kept = self._counted.setdefault(life, [])
        known = next((entry for entry in kept if entry[0] == tick), None)
        if known is None:
            kept.append([tick, microseconds])
            kept.sort()
        else:
            known[1] += microseconds
        del kept[:-_KEPT]


def _overlap(since: int, until: int, begin: int, end: int) -> int:
    """Microseconds that two spans have in common."""
    return max(0, min(until, end) - max(since, begin))
