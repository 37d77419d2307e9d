"""A waiting pod as JSON and back: what the scheduler remembers while its cluster is put away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_core.scheduler.queue import Waiting
from cluster_core.scheduler.views import PodView


def remembered(waiting: Waiting) -> dict[str, Any]:
    return {"uid": waiting.view.uid, "place": waiting.place, "since": waiting.since, "attempts": waiting.attempts,
            "failures": waiting.failures, "errors": waiting.errors, "plugins": sorted(waiting.plugins)}  # fmt: skip


def recalled(pod: PodView, memory: Mapping[str, Any]) -> Waiting:
    waiting = Waiting(pod, memory["since"])
    waiting.attempts, waiting.failures, waiting.errors = memory["attempts"], memory["failures"], memory["errors"]
    waiting.plugins = frozenset(memory["plugins"])
    return waiting
