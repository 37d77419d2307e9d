"""Do verdicts depend on anything but exercise, answer and seed? Many gradings, again and again, by different numbers of
processes and in different orders: all must be the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

from .exercise import Answer, Exercise
from .pool import Graders, Job, graders


class Round(NamedTuple):
    """One replay of all jobs. `digests`: of their verdicts, in the order of the jobs."""

    processes: int
    digests: Sequence[str]


def jobs_of(exercises: Sequence[Exercise], number: int) -> list[Job]:
    """So many different submissions: all answers of all exercises, then the same on other seeds."""
    answers = [(exercise, answer) for exercise in exercises for answer in _answers(exercise)]
    rounds = -(-number // len(answers))
    seeds = [None, *range(1000, 999 + rounds)]
    return [Job(exercise, answer, seed) for seed in seeds for exercise, answer in answers][:number]


def _answers(exercise: Exercise) -> Iterator[Answer]:
    if exercise.reference is not None:
        yield exercise.reference
    yield exercise.starter or Answer()
    yield from exercise.wrong


def replay(jobs: Sequence[Job], processes: Sequence[int]) -> Iterator[Round]:
    """One round per number of processes, each in an order of its own. Raises SetupFailed."""
    for number, count in enumerate(processes):
        order = list(range(len(jobs)))
        Random(number).shuffle(order)
        with graders(count) as several:
            yield Round(count, _digests(several, jobs, order))


def _digests(several: Graders, jobs: Sequence[Job], order: Sequence[int]) -> list[str]:
    found = [""] * len(jobs)
    for index, verdict in zip(order, several.verdicts(jobs[index] for index in order), strict=True):
        found[index] = hashlib.sha256(verdict.encode()).hexdigest()
    return found


def differences(rounds: Sequence[Round]) -> list[int]:
    """The jobs whose verdicts were not the same in all rounds."""
    columns = zip(*(each.digests for each in rounds), strict=True)
    return [index for index, digests in enumerate(columns) if len(set(digests)) > 1]
