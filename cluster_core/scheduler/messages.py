"""The sentences people read: why a pod is not scheduled.

Models framework.FitError and the event and condition texts of pkg/scheduler/schedule_one.go.
"""

from __future__ import annotations

from collections import Counter

from cluster_core.scheduler.framework import Failure

NO_NODES = "no nodes available to schedule pods"
GATED = "Scheduling is blocked due to non-empty scheduling gates"
NOTE_LIMIT = 1024
"""Longest note of an event."""


def fit_error(failure: Failure) -> str:
    """ "0/5 nodes are available: 2 Insufficient cpu, 3 node(s) had untolerated taint(s). preemption: ..." """
    text = f"0/{failure.total} nodes are available:"
    if failure.prefilter:
        text += f" {failure.prefilter}."
    else:
        reasons = _reasons(failure)
        if reasons:
            text += f" {', '.join(reasons)}."
    return f"{text} {failure.postfilter}" if failure.postfilter else text


def _reasons(failure: Failure) -> list[str]:
    counts: Counter[str] = Counter()
    for verdict in failure.verdicts.values():
        counts.update(verdict.reasons)
    rest = failure.total - len(failure.verdicts)
    if failure.absent is not None and rest > 0:
        for reason in failure.absent.reasons:
            counts[reason] += rest
    return sorted(f"{count} {reason}" for reason, count in counts.items())


def note(message: str) -> str:
    """The message cut to what an event holds."""
    suffix = " ..."
    return message if len(message) <= NOTE_LIMIT else message[: NOTE_LIMIT - len(suffix)] + suffix


def assigned(namespace: str, name: str, node: str) -> str:
    return f"Successfully assigned {namespace}/{name} to {node}"


def preempted(preemptor_uid: str, node: str) -> str:
    return f"Preempted by pod {preemptor_uid} on node {node}"


def preempting(scheduler: str) -> str:
    return f"{scheduler}: preempting to accommodate a higher priority pod"
