"""Eviction thresholds: which a kubelet has, what is left of each thing they watch, and which are crossed for how long.

Models ParseThresholdConfig, makeSignalObservations and thresholdsMet of pkg/kubelet/eviction/helpers.go: a hard threshold drives
evictions at once, a soft one when its grace is over; one that has driven evictions goes on until its minimum reclaim is free too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from cluster_core.kubelet import settings
from cluster_core.machinery import eviction
from cluster_core.machinery.clock import SECOND

CONDITIONS = {
    "memory.available": "MemoryPressure",
    "allocatableMemory.available": "MemoryPressure",
    "nodefs.available": "DiskPressure",
    "imagefs.available": "DiskPressure",
    "pid.available": "PIDPressure",
}
"""Signals that are watched here, and the node's condition each stands for. The simulated disks never run out of inodes."""
ALLOCATABLE = "allocatableMemory.available"


class Threshold(NamedTuple):
    """One threshold; amounts are quantities or percentages, the grace is in microseconds and 0 for a hard one."""

    signal: str
    value: str
    grace: int = 0
    reclaim: str = ""

    @property
    def key(self) -> str:
        return f"{'soft' if self.grace else 'hard'} {self.signal}"

    @property
    def condition(self) -> str:
        return CONDITIONS[self.signal]


class Seen(NamedTuple):
    """What there is of something, and what is left of it."""

    available: int
    whole: int


Observations = Mapping[str, Seen]
"""By signal."""


class Met(NamedTuple):
    """A threshold that is crossed: its amount, and what is available."""

    threshold: Threshold
    amount: int
    available: int


def configured(machine: Any) -> Sequence[Threshold]:
    """The thresholds of the machine's kubelet, the hard ones first."""
    return _read(machine.settings) if machine.settings else _USUAL


def _read(own: Mapping[str, Any]) -> Sequence[Threshold]:
    reclaim = own.get("minimumReclaim", {})
    hard = [Threshold(signal, value, 0, reclaim.get(signal, "")) for signal, value in own.get("evictionHard", eviction.HARD).items()]
    hard += [each._replace(signal=ALLOCATABLE) for each in hard if each.signal == "memory.available"]
    soft = [
        Threshold(signal, value, round(settings.seconds(grace) * SECOND), reclaim.get(signal, ""))
        for signal, (value, grace) in own.get("evictionSoft", {}).items()
    ]
    return [each for each in (*hard, *soft) if each.signal in CONDITIONS and each.value not in ("0%", "100%")]


_USUAL = _read({})


def observe(machine: Any, memory: int, storage: int, pids: int, system: int) -> Observations:
    """What is left when pods take so many bytes of memory and others `system`; storage and pids are those of all."""
    whole = settings.capacity(machine, "memory")
    for_pods = whole - settings.reserved(machine, "memory")
    disk = _left("ephemeral-storage", machine, storage)
    return {
        "memory.available": _left("memory", machine, memory + system),
        ALLOCATABLE: Seen(max(0, for_pods - memory), for_pods),
        "nodefs.available": disk,
        "imagefs.available": disk,
        "pid.available": _left("pid", machine, pids),
    }


def _left(resource: str, machine: Any, used: int) -> Seen:
    whole = settings.capacity(machine, resource)
    return Seen(max(0, whole - used), whole)


def crossed(machine: Any, seen: Observations) -> list[Met]:
    """The thresholds below which something has fallen, and those that drove evictions and have not reclaimed enough yet."""
    every = configured(machine)
    below = _below(every, seen)
    known = {met.threshold.key for met in below}
    driving = [each for each in every if each.key not in known and machine.crossed.get(each.key, (0, False))[1]]
    return [*below, *_below(driving, seen, with_reclaim=True)]


def reclaimed(machine: Any, seen: Observations) -> bool:
    """Whether everything is as free as it has to be."""
    return not _below(configured(machine), seen, with_reclaim=True)


def _below(thresholds: Iterable[Threshold], seen: Observations, with_reclaim: bool = False) -> list[Met]:
    found = []
    for threshold in thresholds:
        available, whole = seen[threshold.signal]
        amount = settings.amount(threshold.value, whole)
        more = settings.amount(threshold.reclaim, whole) if with_reclaim and threshold.reclaim else 0
        if available < amount + more:
            found.append(Met(threshold, amount, available))
    return found


def note(machine: Any, found: Sequence[Met], now: int) -> list[Met]:
    """Remember since when each is crossed. Answers those whose grace is over, the most pressing first."""
    before, machine.crossed = machine.crossed, {}
    for met in found:
        since = before.get(met.threshold.key, (now, False))[0]
        machine.crossed[met.threshold.key] = [since, now - since >= met.threshold.grace]
    driving = [met for met in found if machine.crossed[met.threshold.key][1]]
    return sorted(driving, key=lambda met: (met.threshold.condition != "MemoryPressure", met.threshold.grace > 0))


def next_grace(machine: Any, found: Sequence[Met]) -> int | None:
    """When the first grace that still runs will be over."""
    waiting = [met.threshold for met in found if not machine.crossed[met.threshold.key][1]]
    return min((machine.crossed[each.key][0] + each.grace for each in waiting), default=None)


def room(machine: Any, system: int) -> int:
    """Bytes of memory that pods may take before some threshold is crossed when others take `system`."""
    whole = settings.capacity(machine, "memory")
    for_pods = whole - settings.reserved(machine, "memory")
    there = {"memory.available": (whole - system, whole), ALLOCATABLE: (for_pods, for_pods)}
    watched = [(there[each.signal], each.value) for each in configured(machine) if each.signal in there]
    return min((left - settings.amount(value, of) for (left, of), value in watched), default=whole)
