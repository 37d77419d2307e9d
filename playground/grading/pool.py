"""Gradings done beside: in threads of this process, or in processes of their own, as many as somebody wants.

How many there are and which of them grades what changes no verdict.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

from cluster_core.simulation.saved import Saved
from playground import collector

from .exercise import Answer, Exercise
from .runner import grade
from .verdict import Verdict


class Job(NamedTuple):
    """One grading: the arguments of `runner.grade`."""

    exercise: Exercise
    answer: Answer
    seed: int | None = None
    saved: Saved | None = None


def do(job: Job) -> Verdict:
    """Raises SetupFailed."""
    try:
        return grade(job.exercise, job.answer, seed=job.seed, saved=job.saved)
    finally:
        collector.sweep()


def executor(processes: int) -> Executor:
    """So many processes; 0: a thread of this one."""
    if not processes:
        return ThreadPoolExecutor(1, thread_name_prefix="grader")
    # spawned: a process with threads cannot be forked safely, and each begins alike
    return ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), initializer=_begin)


def _begin() -> None:
    import django

    django.setup()
    collector.spare()


@contextmanager
def graders(processes: int) -> Iterator[Graders]:
    """For many gradings; 1: in this process itself."""
    if processes <= 1:
        yield Graders(None)
        return
    with executor(processes) as several:
        yield Graders(several)


class Graders:
    """See `graders`."""

    def __init__(self, several: Executor | None) -> None:
        self._several = several

    def verdicts(self, jobs: Iterable[Job]) -> Iterator[Verdict]:
        """In the order of the jobs. Raises SetupFailed."""
        return map(do, jobs) if self._several is None else self._several.map(do, jobs)
