"""Jobs. Models pkg/registry/batch/job and the Job parts of pkg/apis/batch and pkg/printers."""

from __future__ import annotations

from typing import Any

from cluster_core.apiserver.context import Context
from cluster_core.apiserver.kind import Column, Kind
from cluster_core.apiserver.table import AGE, NAME
from cluster_core.kinds.columns import container_columns, documented, is_true, selector_column, status_number
from cluster_core.kinds.job_labels import CONTROLLER_UID, JOB_NAME, LEGACY_CONTROLLER_UID, LEGACY_JOB_NAME
from cluster_core.kinds.job_status_validation import job_status
from cluster_core.kinds.job_validation import job as validate
from cluster_core.kinds.job_validation import job_update
from cluster_core.kinds.job_warnings import changed, job_warnings
from cluster_core.kinds.podspec_defaults import default_template_of
from cluster_core.machinery.field import Path
from cluster_core.machinery.timestamps import any_time, human_duration
from cluster_core.machinery.typed import Obj

_SPEC = {"completionMode": "NonIndexed", "suspend": False, "manualSelector": False, "parallelism": 1}
_MAX_INT32 = 2**31 - 1
_SECOND = 1_000_000


def default(job: Obj) -> Obj:
    spec = default_job_spec(job.get("spec") or {})
    result = {**job, "spec": spec}
    labels = (spec["template"].get("metadata") or {}).get("labels")
    if labels and not (job.get("metadata") or {}).get("labels"):
        result["metadata"] = {**(job.get("metadata") or {}), "labels": labels}
    return result


def default_job_spec(spec: Obj) -> dict[str, Any]:
    """The spec of a job; a cron job's template gets only the defaults of its pods."""
    result = {**_SPEC, **default_template_of(spec)}
    if "completions" not in spec and "parallelism" not in spec:
        result["completions"] = 1
    result.setdefault("backoffLimit", _MAX_INT32 if "backoffLimitPerIndex" in spec else 6)
    result.setdefault("podReplacementPolicy", "Failed" if "podFailurePolicy" in spec else "TerminatingOrFailed")
    return default_failure_policy(result)


def default_failure_policy(spec: dict[str, Any]) -> dict[str, Any]:
    """A rule's condition pattern asks for True unless it says otherwise."""
    policy = spec.get("podFailurePolicy")
    if policy and policy.get("rules"):
        spec["podFailurePolicy"] = {**policy, "rules": [_default_rule(rule) for rule in policy["rules"]]}
    return spec


def _default_rule(rule: Obj) -> Obj:
    patterns = rule.get("onPodConditions")
    if not patterns:
        return rule
    return {**rule, "onPodConditions": [{**one, "status": one.get("status") or "True"} for one in patterns]}


def prepare_create(job: Obj) -> Obj:
    """Without a selector of its own a job selects its pods by its uid."""
    result = {**job, "status": {}}
    if job["spec"].get("manualSelector"):
        return result
    spec = _with_selector(job)
    result["spec"] = spec
    metadata, labels = job["metadata"], (job["spec"]["template"].get("metadata") or {}).get("labels")
    if labels and metadata.get("labels") is labels:
        # Labels taken over from the template are the very same map upstream, so what is added there shows here.
        result["metadata"] = {**metadata, "labels": spec["template"]["metadata"]["labels"]}
    return result


def before_store(context: Context, job: Obj, old: Obj | None) -> Obj:
    """A job without labels has its template's: defaults apply again whenever an object is read from the store."""
    metadata, labels = job["metadata"], (job["spec"]["template"].get("metadata") or {}).get("labels")
    if metadata.get("labels") or not labels:
        return job
    return {**job, "metadata": {**metadata, "labels": labels}}


def _with_selector(job: Obj) -> Obj:
    spec, uid, name = job["spec"], job["metadata"]["uid"], job["metadata"].get("name", "")
    template = spec["template"]
    metadata = template.get("metadata") or {}
    labels = {
        LEGACY_JOB_NAME: name,
        JOB_NAME: name,
        LEGACY_CONTROLLER_UID: uid,
        CONTROLLER_UID: uid,
        **metadata.get("labels", {}),
    }
    selector = spec.get("selector") or {}
    return {
        **spec,
        "template": {**template, "metadata": {**metadata, "labels": labels}},
        "selector": {**selector, "matchLabels": {CONTROLLER_UID: uid, **selector.get("matchLabels", {})}},
    }


def warnings(new: Obj, old: Obj | None) -> list[str]:
    return [] if old is not None and not changed(new, old) else job_warnings(Path("spec"), new, named=old is None)


# ------------------------------------------------------------------------------------------------ columns

_STATES = (
    ("Complete", "Complete"),
    ("Failed", "Failed"),
    ("", "Terminating"),
    ("Suspended", "Suspended"),
    ("FailureTarget", "FailureTarget"),
    ("SuccessCriteriaMet", "SuccessCriteriaMet"),
)


def _state(job: Obj, now: int) -> str:
    for type, state in _STATES:
        if is_true(job, type) if type else "deletionTimestamp" in job["metadata"]:
            return state
    return "Running"


def _completions(job: Obj, now: int) -> str:
    succeeded = status_number("succeeded")(job, now)
    if "completions" in job["spec"]:
        return f"{succeeded}/{job['spec']['completions']}"
    parallelism = job["spec"].get("parallelism", 0)
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def _duration(job: Obj, now: int) -> str:
    status = job.get("status") or {}
    if not status.get("startTime"):
        return ""
    end = any_time(status["completionTime"]) if status.get("completionTime") else now
    return human_duration((end - any_time(status["startTime"])) / _SECOND)


COLUMNS = (
    NAME,
    Column("Status", _state, description="Status of the job."),
    Column("Completions", _completions, description=documented("batch.v1.JobStatus", "succeeded")),
    Column("Duration", _duration, description="Time required to complete the job."),
    AGE,
    *container_columns(),
    selector_column("batch.v1.JobSpec"),
)

KIND = Kind(
    "Job",
    plural="jobs",
    group="batch",
    categories=("all",),
    default=default,
    prepare_create=prepare_create,
    validate=validate,
    checks_metadata_whole=1,
    validate_update=job_update,
    validate_status=job_status,
    before_store=before_store,
    warnings=warnings,
    columns=COLUMNS,
    fields=lambda obj: {"status.successful": str(obj.get("status", {}).get("succeeded", 0))},
    status=True,
    generation=True,
)
