"""The queue as JSON and back: what the scheduler remembers while its cluster is put away.

Pods that wait for the same reason since the same time are written together, for there may be thousands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from cluster_core.scheduler.queue import Waiting
from cluster_core.scheduler.views import PodView

State = list[Any]
"""[place, since, attempts, failures, errors, plugins]"""


def state_of(waiting: Waiting) -> State:
    counts = [waiting.attempts, waiting.failures, waiting.errors]
    return [waiting.place, waiting.since, *counts, sorted(waiting.plugins)]


def remembered(queue: Sequence[Waiting]) -> list[list[Any]]:
    """[state, uids] of runs of pods with one state, in the order of the queue."""
    return [[state, [waiting.view.uid for waiting in run]] for state, run in groupby(queue, state_of)]


def recalled(memory: Sequence[Sequence[Any]], pods: dict[str, PodView]) -> Iterator[tuple[Waiting, str]]:
    """The pods that are still there and their places, in order; they are taken out of `pods`."""
    for state, uids in memory:
        for uid in uids:
            view = pods.pop(uid, None)
            if view is not None:
                yield waiting_again(view, state), state[0]


def waiting_again(pod: PodView, state: State) -> Waiting:
    waiting = Waiting(pod, state[1])
    waiting.attempts, waiting.failures, waiting.errors = state[2:5]
    waiting.plugins = frozenset(state[5])
    return waiting
