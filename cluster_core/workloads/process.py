"""How a container's main process behaves: whether it ends, how it takes SIGTERM, what it answers to probes."""

from __future__ import annotations

from cluster_core.machinery.containers import Launch, Outcome, ProbeResult, Reaction
from cluster_core.machinery.typed import Obj


def start(launch: Launch) -> Outcome:
    return Outcome()


def terminate(launch: Launch) -> Reaction:
    return Reaction(0.2, 0)


def probe(launch: Launch, probe: Obj, started: int) -> ProbeResult:
    return ProbeResult(True)
