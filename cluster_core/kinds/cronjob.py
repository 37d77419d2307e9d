"""Cron jobs. Models pkg/registry/batch/cronjob and the CronJob parts of pkg/apis/batch and pkg/printers."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME, since
from cluster_core.kinds.columns import NONE, container_columns, documented, selector_text
from cluster_core.kinds.cronjob_validation import cronjob as validate
from cluster_core.kinds.cronjob_validation import cronjob_update
from cluster_core.kinds.job import default_failure_policy
from cluster_core.kinds.job_warnings import changed, job_warnings
from cluster_core.kinds.podspec_defaults import default_template_of
from cluster_core.machinery.field import Path
from cluster_core.machinery.typed import Obj

_SPEC = {
    "concurrencyPolicy": "Allow",
    "suspend": False,
    "successfulJobsHistoryLimit": 3,
    "failedJobsHistoryLimit": 1,
}
_DOCUMENTED = "batch.v1.CronJobSpec"


def default(cronjob: Obj) -> Obj:
    spec = {**_SPEC, **(cronjob.get("spec") or {})}
    template = spec.get("jobTemplate") or {}
    job = default_failure_policy(default_template_of(template.get("spec") or {}))
    spec["jobTemplate"] = {**template, "spec": job}
    return {**cronjob, "spec": spec}


def prepare_create(cronjob: Obj) -> Obj:
    return {**cronjob, "status": {}}


def warnings(new: Obj, old: Obj | None) -> list[str]:
    found = []
    if old is None or changed(new, old):
        found = job_warnings(Path("spec", "jobTemplate", "spec"), new, named=old is None)
    if old is not None and "TZ" in new["spec"].get("schedule", ""):
        where = "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/"
        detail = f"cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see {where} for more details"
        found.append(detail)
    return found


def _job_spec(cronjob: Obj) -> Obj:
    found: Obj = cronjob["spec"]["jobTemplate"].get("spec") or {}
    return found


def _containers(cronjob: Obj) -> Sequence[Obj]:
    found: Sequence[Obj] = _job_spec(cronjob)["template"].get("spec", {}).get("containers") or ()
    return found


def _suspended(cronjob: Obj, now: int) -> str:
    suspend = cronjob["spec"].get("suspend")
    return "<unset>" if suspend is None else str(bool(suspend))


def _last_schedule(cronjob: Obj, now: int) -> str:
    last = (cronjob.get("status") or {}).get("lastScheduleTime")
    return since(last, now) if last else NONE


COLUMNS = (
    NAME,
    Column(
        "Schedule", lambda obj, now: obj["spec"].get("schedule", ""), description=documented(_DOCUMENTED, "schedule")
    ),
    Column(
        "Timezone", lambda obj, now: obj["spec"].get("timeZone", NONE), description=documented(_DOCUMENTED, "timeZone")
    ),
    Column("Suspend", _suspended, "boolean", description=documented(_DOCUMENTED, "suspend")),
    Column(
        "Active",
        lambda obj, now: len((obj.get("status") or {}).get("active") or ()),
        "integer",
        description=documented("batch.v1.CronJobStatus", "active"),
    ),
    Column("Last Schedule", _last_schedule, description=documented("batch.v1.CronJobStatus", "lastScheduleTime")),
    AGE,
    *container_columns(_containers),
    Column(
        "Selector",
        lambda obj, now: selector_text(_job_spec(obj).get("selector")),
        description=documented("batch.v1.JobSpec", "selector"),
        priority=1,
    ),
)

KIND = Kind(
    "CronJob",
    plural="cronjobs",
    group="batch",
    short=("cj",),
    categories=("all",),
    default=default,
    prepare_create=prepare_create,
    validate=validate,
    validate_update=cronjob_update,
    warnings=warnings,
    columns=COLUMNS,
    status=True,
    generation=True,
)
