"""Warnings about jobs and cron jobs. Models pkg/api/job/warnings.go and the strategies that call it."""

from __future__ import annotations

from cluster_core.kinds.pod_warnings import name_warnings, template_warnings
from cluster_core.machinery.field import Path
from cluster_core.machinery.typed import Obj

_MANY_COMPLETIONS, _MANY_PODS = 100_000, 10_000
_TOO_MUCH = (
    "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might "
    "not be able to track completedIndexes when a big number of indexes fail"
)


def changed(new: Obj, old: Obj) -> bool:
    """Whether an update changes the generation."""
    return bool(new["metadata"].get("generation") != old["metadata"].get("generation"))


def job_warnings(path: Path, holder: Obj, *, named: bool) -> list[str]:
    """Warnings of the object's job spec at `path`: spec of a job, spec.jobTemplate.spec of a cron job."""
    spec = holder["spec"]
    if "jobTemplate" in spec:
        spec = spec["jobTemplate"].get("spec") or {}
    found = name_warnings(holder) if named else []
    many = (spec.get("completions") or 0) > _MANY_COMPLETIONS and (spec.get("parallelism") or 0) > _MANY_PODS
    if many and spec.get("completionMode") == "Indexed":
        found.append(f"{path}: {_TOO_MUCH}")
    return [*found, *template_warnings(path / "template", spec.get("template") or {})]
