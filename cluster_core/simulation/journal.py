"""What systemd's journal has of the units of a machine: systemd's own lines, and what the programs wrote.

Models systemd's messages for services of Type=simple with Restart=always, RestartSec=10.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from cluster_core.machines import systemd
from cluster_core.machines.machine import KILLED, Machine
from cluster_core.simulation import machinefiles, partunits
from cluster_core.simulation.chronicle import (
    DARK,
    FAILED,
    MACHINE,
    MUTE,
    RESTART,
    STARTED,
    STOPPED,
    Episode,
    chronicle_of,
)
from cluster_core.simulation.kubeadm.manifests import COMPONENTS
from cluster_core.simulation.logs import programs
from cluster_core.simulation.logs.klog import Run, prefixed

if TYPE_CHECKING:
    from cluster_core.simulation.cluster import Cluster

MOST_RESTARTS = 12
"""Vain starts in a row that are told of: the last ones."""
_INIT = ("systemd", 1)


class Entry(NamedTuple):
    """A line: when, by which program, of which process."""

    at: int
    source: str
    pid: int
    text: str


class Unit(NamedTuple):
    """A unit as its lines name it: "kubelet.service", and that with its description."""

    name: str
    service: str
    full: str


def unit_of(cluster: Cluster, machine: Machine, name: str) -> Unit:
    service = f"{name}.service"
    described = systemd.description(machinefiles.files(cluster, machine), name)
    return Unit(name, service, f"{service} - {described}" if described else service)


def history(cluster: Cluster, machine: Machine, unit: str) -> list[Episode]:
    own = unit == "kubelet" or unit in COMPONENTS or unit == "kube-proxy"
    return chronicle_of(cluster).of(machine.name, unit if own else MACHINE)


def entries(cluster: Cluster, machine: Machine, name: str) -> list[Entry]:
    """All lines of the unit up to now."""
    unit, now = unit_of(cluster, machine, name), cluster.clock.now
    episodes = history(cluster, machine, name)
    ends = [*(each.at for each in episodes[1:]), now + 1]
    found: list[Entry] = []
    for episode, end in zip(episodes, ends, strict=True):
        found += _of_systemd(unit, episode, end)
    for run in _runs(cluster, machine, name, episodes):
        found += [Entry(line.at, name, run.pid, line.text) for line in programs.lines(cluster, name, run)]
    return sorted(found, key=lambda entry: entry.at)


def _runs(cluster: Cluster, machine: Machine, unit: str, episodes: list[Episode]) -> Iterator[Run]:
    """When its process ran; where it reached nobody for a while, that is a run of its own."""
    argv = partunits.command(cluster, machine, unit)
    for episode, following in pairwise([*episodes, Episode("", cluster.clock.now + 1, 0)]):
        if episode.what in (STARTED, MUTE):
            yield Run(machine.name, episode.at, following.at - 1, episode.pid, argv, episode.text)


def _of_systemd(unit: Unit, episode: Episode, end: int) -> list[Entry]:
    at = episode.at
    if episode.what == STARTED:
        return [Entry(at, *_INIT, f"Started {unit.full}.")]
    if episode.what == STOPPED or (episode.what == DARK and episode.text != KILLED):
        texts = (f"Stopping {unit.full}...", f"{unit.service}: Deactivated successfully.", f"Stopped {unit.full}.")
        return [Entry(at, *_INIT, text) for text in texts]
    return _failures(unit, episode, end) if episode.what == FAILED else []


def _failures(unit: Unit, episode: Episode, end: int) -> list[Entry]:
    """It is started again and again, until something else happens."""
    found: list[Entry] = []
    count = (end - 1 - episode.at) // RESTART
    for number in range(max(0, count - MOST_RESTARTS), count + 1):
        at = episode.at + number * RESTART
        if number:
            found.append(Entry(at, *_INIT, f"{unit.service}: Scheduled restart job, restart counter is at {number}."))
        found += _failure(unit, at, episode.pid + number, episode.text)
    return found


def _failure(unit: Unit, at: int, pid: int, text: str) -> list[Entry]:
    if text.startswith(unit.service):
        return [*_not_run(unit, at, pid, text.removeprefix(f"{unit.service}: "))]
    lines = [prefixed(line, at, pid) for line in text.splitlines()]
    ended = [f"{unit.service}: Main process exited, code=exited, status=1/FAILURE", f"{unit.service}: Failed with result 'exit-code'."]
    return [
        Entry(at, *_INIT, f"Started {unit.full}."),
        *(Entry(at, unit.name, pid, line) for line in lines),
        *(Entry(at, *_INIT, line) for line in ended),
    ]


def _not_run(unit: Unit, at: int, pid: int, why: str) -> Iterator[Entry]:
    """systemd itself cannot run it."""
    if not why.startswith("Unable to locate executable"):
        for text in (f"{unit.service}: {why}", f"{unit.service}: Failed with result 'resources'.", f"Failed to start {unit.full}."):
            yield Entry(at, *_INIT, text)
        return
    program = why.partition("'")[2].partition("'")[0]
    yield Entry(at, *_INIT, f"Started {unit.full}.")
    for text in (why, f"Failed at step EXEC spawning {program}: No such file or directory"):
        yield Entry(at, f"({unit.name})", pid, f"{unit.service}: {text}")
    for text in ("Main process exited, code=exited, status=203/EXEC", "Failed with result 'exit-code'."):
        yield Entry(at, *_INIT, f"{unit.service}: {text}")


__all__ = ["RESTART", "Entry", "Unit", "entries", "history", "unit_of"]
