"""Containers whose own scripts talk to the network: resumed when what they ask is due, and sooner when the network changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cluster_core.kubelet import memory as remember
from cluster_core.kubelet.memory import Memory
from cluster_core.kubelet.surroundings import Missing
from cluster_core.kubelet.work import Work
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.containers import Outcome

if TYPE_CHECKING:
    from cluster_core.kubelet.fleet import Fleet

ROADS = frozenset(("Service", "EndpointSlice", "NetworkPolicy"))
"""Kinds whose changes may answer what a script asks the network."""
NOTICED = SECOND
"""Microseconds after which a loop that is asked seldom notices a change."""


def plan(work: Work, name: str, outcome: Outcome) -> None:
    """Note how the container's process will go on."""
    if outcome.after is not None:
        due = work.now + round(outcome.after * SECOND)
        remember.entry(work.memory, "exits")[name] = [due, outcome.exit_code, outcome.reason, outcome.message]
    if outcome.asks is not None:
        possible = work.now + round(outcome.asks * SECOND)
        due = possible + round(outcome.patience * SECOND)
        remember.entry(work.memory, "asks")[name] = [due, possible, outcome.endless]


def settle(work: Work) -> None:
    """Let the scripts ask whose time has come."""
    for name, (due, _, _) in sorted(work.memory.get("asks", {}).items()):
        if due <= work.now:
            remember.drop(work.memory, "asks", name)
            if work.is_running(name) and name not in work.memory.get("stopping", {}):
                _resume(work, name)


def _resume(work: Work, name: str) -> None:
    try:
        launch = work.launch(name)
    except Missing:  # its ConfigMap has gone meanwhile: what runs goes on without asking
        return
    plan(work, name, work.fleet.workloads.resume(launch, work.started_at(name)))


def network_changed(fleet: Fleet) -> None:
    """Let those ask soon who would have waited."""
    for uid, key in list(fleet.asking.items()):
        due = _hurry(fleet.known(uid), fleet.clock.now)
        if due is not None:
            fleet.world.agenda.at(due, fleet.name, key)


def _hurry(memory: Memory, now: int) -> int | None:
    """When those are due now that would have waited, None when none does."""
    soon = now + NOTICED
    late = [asked for asked in memory.get("asks", {}).values() if asked[0] > max(asked[1], soon)]
    for asked in late:
        asked[0] = max(asked[1], soon)
    return min((asked[0] for asked in late), default=None)
