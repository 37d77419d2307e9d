"""Counting a Job's ended pods exactly once, by the tracking finalizer, and telling how the Job ends.

A pod that has ended is first noted in status.uncountedTerminatedPods, then loses its finalizer, then is counted: so none is
lost or counted twice when a write fails in between. Models trackJobStatusAndRemoveFinalizers of pkg/controller/job.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cluster_core.controllers import conditions, jobindexes, jobpolicies
from cluster_core.controllers.jobpods import COMPONENT, is_indexed, is_tracked, release
from cluster_core.controllers.pods import is_deleted, phase
from cluster_core.machinery.typed import Obj

if TYPE_CHECKING:
    from cluster_core.controllers.jobrun import JobRun

MOST = 500
"""Uncounted pods at a time."""

ALWAYS = ("ready", "terminating", "uncountedTerminatedPods", "failedIndexes")


def uncounted(run: JobRun) -> dict[str, list[str]]:
    found: dict[str, list[str]] = run.status.setdefault("uncountedTerminatedPods", {})
    return found


def write(run: JobRun) -> None:
    """Store the status when it differs from what is stored."""
    status = conditions.compact(run.status, *ALWAYS)
    if status != run.job.get("status"):
        run.job = run.context.api.update_status("Job", {**run.job, "status": status})


def track(run: JobRun) -> None:
    """Count the pods that have ended, release them, and finish the Job when that was the last to do."""
    _count_released(run, {pod["metadata"]["uid"] for pod in run.pods if is_tracked(pod)})
    noted = _note(run)
    _write_indexes(run)
    _announce(run)
    write(run)
    for pod in noted:
        release(run.context, pod)
    released = {pod["metadata"]["uid"] for pod in noted}
    _count_released(run, {pod["metadata"]["uid"] for pod in run.pods if is_tracked(pod)} - released)
    finished = len(noted) < MOST and _enact(run)
    write(run)
    if finished:
        _tell(run)


def _count_released(run: JobRun, tracked: set[str]) -> None:
    """Move noted pods that have lost their finalizer to the counters."""
    notes = uncounted(run)
    left: dict[str, list[str]] = {}
    for sort in ("succeeded", "failed"):
        waiting = [uid for uid in notes.get(sort, ()) if uid in tracked]
        run.status[sort] = run.status.get(sort, 0) + len(notes.get(sort, ())) - len(waiting)
        if waiting:
            left[sort] = waiting
    run.status["uncountedTerminatedPods"] = left


def _note(run: JobRun) -> list[Obj]:
    """Note the ended pods that still have their finalizer; answers those to release."""
    chosen = [pod for pod in run.pods if is_tracked(pod) and _may_release(run, pod)][:MOST]
    notes = {sort: list(uids) for sort, uids in uncounted(run).items()}
    for pod in chosen:
        sort, uid = _sort(run, pod), pod["metadata"]["uid"]
        if sort and not any(uid in uids for uids in notes.values()):
            notes.setdefault(sort, []).append(uid)
    run.status["uncountedTerminatedPods"] = notes
    return chosen


def _may_release(run: JobRun, pod: Obj) -> bool:
    if is_deleted(run.job) or run.finished is not None or phase(pod) == "Succeeded":
        return True
    return jobpolicies.is_failed(run.job, pod) and run.delayed.get(jobindexes.index_of(pod)) is not pod


def _sort(run: JobRun, pod: Obj) -> str:
    """As what the pod is to be counted, "" for not at all. Indexes that succeed are counted as indexes."""
    index = jobindexes.index_of(pod)
    valid = index is not None and index < run.job["spec"].get("completions", 0)
    if phase(pod) == "Succeeded":
        if is_indexed(run.job) and valid:
            run.succeeded_indexes.add(index or 0)
        return "" if is_indexed(run.job) else "succeeded"
    ends_badly = run.finished is not None and run.finished["type"] != "SuccessCriteriaMet"
    if not jobpolicies.is_failed(run.job, pod) and not ends_badly:
        return ""
    if is_indexed(run.job) and not valid:
        return ""
    return "failed" if jobpolicies.judge(run.job, pod).counts else ""


def _write_indexes(run: JobRun) -> None:
    if not is_indexed(run.job):
        return
    run.status["succeeded"] = len(run.succeeded_indexes)
    run.status["completedIndexes"] = jobindexes.text_of(run.succeeded_indexes)
    if run.per_index:
        run.status["failedIndexes"] = jobindexes.text_of(run.failed_indexes)


# ------------------------------------------------------------------------------------------------ conditions


def condition(run: JobRun, type: str, reason: str, message: str, status: str = "True") -> dict[str, Any]:
    now = run.context.world.clock.timestamp()
    return {**conditions.make(type, status, reason, message, now), "lastProbeTime": now}


def _announce(run: JobRun) -> None:
    """FailureTarget and SuccessCriteriaMet come before Failed and Complete, which wait for all pods to be gone."""
    found = run.finished
    if found is None or found["type"] not in ("FailureTarget", "SuccessCriteriaMet"):
        return
    present = run.status.get("conditions", [])
    if conditions.find(present, found["type"]) is None:
        run.status["conditions"] = [*present, found]
    final = "Failed" if found["type"] == "FailureTarget" else "Complete"
    run.finished = condition(run, final, found["reason"], found["message"])


def _enact(run: JobRun) -> bool:
    if run.finished is None or run.terminating or any(uncounted(run).values()):
        return False
    run.status["conditions"] = [*run.status.get("conditions", ()), run.finished]
    if run.finished["type"] == "Complete":
        run.status["completionTime"] = run.finished["lastTransitionTime"]
    return True


def _tell(run: JobRun) -> None:
    assert run.finished is not None
    if run.finished["type"] == "Complete":
        completions = run.job["spec"].get("completions")
        if completions is not None and run.status.get("succeeded", 0) > completions:
            text = "Too many succeeded pods running after completion count reached"
            run.context.event(run.job, "Warning", "TooManySucceededPods", text, COMPONENT)
        run.context.event(run.job, "Normal", "Completed", "Job completed", COMPONENT)
    else:
        run.context.event(run.job, "Warning", run.finished["reason"], run.finished["message"], COMPONENT)


def ensure(run: JobRun, type: str, status: str, reason: str, message: str) -> bool:
    """Put the condition in when it says something new; a false one only in place of another. Answers whether it did."""
    present = run.status.get("conditions", [])
    old = conditions.find(present, type)
    new = condition(run, type, reason, message, status)
    if old is None:
        if status == "False":
            return False
        run.status["conditions"] = [*present, new]
        return True
    if (old["status"], old.get("reason"), old.get("message")) == (status, reason, message):
        return False
    run.status["conditions"] = [new if one is old else one for one in present]
    return True
