"""Sets of completion indexes and their text: "0,2,5-9". Models pkg/controller/job/indexed_job_utils.go."""

from __future__ import annotations

from collections.abc import Iterable

from cluster_core.machinery.typed import Obj

INDEX = "batch.kubernetes.io/job-completion-index"
FAILURES = "batch.kubernetes.io/job-index-failure-count"
IGNORED = "batch.kubernetes.io/job-index-ignored-failure-count"


def parse(text: str | None, completions: int) -> set[int]:
    """The indexes below `completions`; parts that are no numbers are left out."""
    found: set[int] = set()
    for part in (text or "").split(","):
        first, _, last = part.partition("-")
        if first.isdigit() and (not last or last.isdigit()):
            found.update(range(int(first), min(int(last or first), completions - 1) + 1))
    return found


def text_of(indexes: Iterable[int]) -> str:
    """Runs of three and more as first-last."""
    runs: list[list[int]] = []
    for index in sorted(indexes):
        if runs and index == runs[-1][1] + 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return ",".join(_run(first, last) for first, last in runs)


def _run(first: int, last: int) -> str:
    if first == last:
        return str(first)
    return f"{first},{last}" if last == first + 1 else f"{first}-{last}"


def index_of(pod: Obj) -> int | None:
    """The pod's completion index, None when it has none."""
    return number(pod, INDEX)


def number(pod: Obj, annotation: str) -> int | None:
    text = (pod["metadata"].get("annotations") or {}).get(annotation, "")
    return int(text) if text.isascii() and text.isdigit() and int(text) < 2**31 else None


def failures(pod: Obj, *, ignored: bool = False) -> int:
    """How often the pod's index has failed before; `ignored` counts also what the failure policy ignores."""
    counted = number(pod, FAILURES) or 0
    return counted + (number(pod, IGNORED) or 0) if ignored else counted
