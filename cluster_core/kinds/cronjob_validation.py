"""Cron jobs. Models ValidateCronJobCreate and ValidateCronJobUpdate of pkg/apis/batch/validation."""

from __future__ import annotations

from cluster_core.kinds.checks import choice, nonnegatives
from cluster_core.kinds.cron_schedule import schedule_problem, zone_problem
from cluster_core.kinds.job_validation import job_template
from cluster_core.machinery import names
from cluster_core.machinery.field import Errors, Path, invalid, required
from cluster_core.machinery.typed import Obj

_SPEC = Path("spec")
_CONCURRENCY = ("Allow", "Forbid", "Replace")
_NAME_LENGTH = 52


def cronjob(obj: Obj) -> Errors:
    errors: Errors = []
    _spec(errors, obj["spec"], None)
    name = obj["metadata"].get("name", "")
    if names.length(name) > _NAME_LENGTH:
        detail = f"must be no more than {_NAME_LENGTH} characters"
        errors.append(invalid(Path("metadata", "name"), name, detail))
    return errors


def cronjob_update(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    _spec(errors, new["spec"], old["spec"])
    return errors


def _spec(errors: Errors, spec: Obj, old: Obj | None) -> None:
    schedule, zone = spec.get("schedule", ""), spec.get("timeZone")
    if not schedule:
        errors.append(required(_SPEC / "schedule"))
    else:
        _schedule(errors, schedule, zone, allowed="TZ" in (old or {}).get("schedule", ""))
    nonnegatives(errors, spec, _SPEC, "startingDeadlineSeconds")
    if zone is not None and (old is None or old.get("timeZone") != zone):
        problem = zone_problem(zone)
        if problem:
            errors.append(invalid(_SPEC / "timeZone", zone, problem))
    choice(errors, _SPEC / "concurrencyPolicy", spec.get("concurrencyPolicy"), _CONCURRENCY)
    job_template(errors, _SPEC / "jobTemplate", spec.get("jobTemplate") or {})
    nonnegatives(errors, spec, _SPEC, "successfulJobsHistoryLimit", "failedJobsHistoryLimit")


def _schedule(errors: Errors, schedule: str, zone: str | None, *, allowed: bool) -> None:
    """A zone inside the schedule is only tolerated where there was one before."""
    problem = schedule_problem(schedule)
    if problem:
        errors.append(invalid(_SPEC / "schedule", schedule, problem))
    if "TZ" not in schedule:
        return
    if not allowed:
        detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        errors.append(invalid(_SPEC / "schedule", schedule, detail))
    elif zone is not None:
        detail = "cannot use both timeZone field and TZ or CRON_TZ in schedule"
        errors.append(invalid(_SPEC / "schedule", schedule, detail))
