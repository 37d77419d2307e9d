"""The status of a job, which controllers other than the built-in one write too. Models ValidateJobUpdateStatus of
pkg/apis/batch/validation: most rules bind only when what they are about changes, so that other changes go through."""

from __future__ import annotations

from cluster_core.kinds.checks import nonnegatives
from cluster_core.kinds.columns import is_true
from cluster_core.kinds.job_policies import count_indexes, parse_interval
from cluster_core.machinery.field import INVALID, OMIT, Errors, FieldError, Path, duplicate, invalid, required
from cluster_core.machinery.timestamps import any_time
from cluster_core.machinery.typed import Obj

_STATUS = Path("status")


class _Change:
    """A job before and after a status update, and the questions the rules ask."""

    def __init__(self, new: Obj, old: Obj) -> None:
        self.new, self.old = new, old
        self.spec = new["spec"]
        self.status, self.before = new.get("status") or {}, old.get("status") or {}

    def now(self, *types: str) -> bool:
        """One of these conditions is true."""
        return any(is_true(self.new, type) for type in types)

    def turned(self, *types: str) -> bool:
        """Whether that is no longer as it was."""
        return self.now(*types) != any(is_true(self.old, type) for type in types)

    def changed(self, *keys: str) -> bool:
        return any(self.status.get(key) != self.before.get(key) for key in keys)

    @property
    def finished(self) -> bool:
        return self.now("Complete", "Failed")


def job_status(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    change = _Change(new, old)
    nonnegatives(errors, change.status, _STATUS, "active", "succeeded", "failed", "ready", "terminating")
    _uncounted(errors, change.status.get("uncountedTerminatedPods") or {})
    for check in (_completion, _conditions, _finished, _indexes, _late, _transitions):
        check(errors, change)
    return errors


def _of_conditions(errors: Errors, detail: str) -> None:
    errors.append(FieldError(INVALID, "status.conditions", OMIT, detail))


def _uncounted(errors: Errors, pods: Obj) -> None:
    seen: set[str] = set()
    for key in ("succeeded", "failed"):
        for index, uid in enumerate(pods.get(key) or ()):
            path = _STATUS.child("uncountedTerminatedPods", key)[index]
            if not uid:
                errors.append(invalid(path, uid, "must not be empty"))
            elif uid in seen:
                errors.append(duplicate(path, uid))
            seen.add(uid)


def _completion(errors: Errors, change: _Change) -> None:
    status = change.status
    start, end = status.get("startTime"), status.get("completionTime")
    complete = change.now("Complete")
    ended = change.turned("Complete", "Failed") or change.turned("Complete") or change.turned("Failed")
    if ended and complete and change.now("Failed"):
        _of_conditions(errors, "cannot set Complete=True and Failed=true conditions")
    if (change.turned("Complete") or change.turned("FailureTarget")) and complete and change.now("FailureTarget"):
        _of_conditions(errors, "cannot set Complete=True and FailureTarget=true conditions")
    if change.turned("Complete") or change.changed("completionTime"):
        if end and not complete:
            detail = "cannot set completionTime when there is no Complete=True condition"
            errors.append(invalid(_STATUS / "completionTime", end, detail))
        if not end and complete:
            detail = "completionTime is required for Complete jobs"
            errors.append(required(_STATUS / "completionTime", detail))
    if change.changed("startTime", "completionTime") and start and end and any_time(end) < any_time(start):
        errors.append(invalid(_STATUS / "completionTime", end, "must be equal to or after `startTime`"))


def _conditions(errors: Errors, change: _Change) -> None:
    failed, done = change.now("Failed"), change.now("Complete")
    judged = change.turned("Failed") or change.changed("failedIndexes")
    if judged and failed and not change.now("FailureTarget"):
        _of_conditions(errors, "cannot set Failed=True condition without the FailureTarget=true condition")
    judged = change.turned("Complete") or change.turned("SuccessCriteriaMet")
    if judged and done and not change.now("SuccessCriteriaMet"):
        _of_conditions(errors, "cannot set Complete=True condition without the SuccessCriteriaMet=true condition")


def _finished(errors: Errors, change: _Change) -> None:
    if not change.finished:
        return
    status, just_now = change.status, change.turned("Complete", "Failed")
    if (just_now or change.changed("active")) and status.get("active", 0) > 0:
        errors.append(invalid(_STATUS / "active", status["active"], "active>0 is invalid for finished job"))
    idle = change.spec.get("suspend") is True and change.spec.get("completions") == 0
    if (just_now or change.changed("startTime")) and not idle and not status.get("startTime"):
        errors.append(required(_STATUS / "startTime", "startTime is required for finished job"))
    pods = status.get("uncountedTerminatedPods") or {}
    if (just_now or change.changed("uncountedTerminatedPods")) and (pods.get("failed") or pods.get("succeeded")):
        shown = {"Succeeded": pods.get("succeeded"), "Failed": pods.get("failed")}
        errors.append(invalid(_STATUS / "uncountedTerminatedPods", shown, "must be empty for finished job"))


def _parsed(errors: Errors, key: str, text: str, completions: int) -> None:
    try:
        count_indexes(text, completions)
    except ValueError as error:
        errors.append(invalid(_STATUS / key, text, f"error parsing {key}: {error}"))


def _indexes(errors: Errors, change: _Change) -> None:
    completions, per_index = change.spec.get("completions"), change.spec.get("backoffLimitPerIndex")
    completed, failed = change.status.get("completedIndexes", ""), change.status.get("failedIndexes")
    if change.changed("completedIndexes") and completions is not None:
        _parsed(errors, "completedIndexes", completed, completions)
    if change.changed("failedIndexes") and completions is not None and per_index is not None and failed is not None:
        _parsed(errors, "failedIndexes", failed, completions)
    if change.changed("completedIndexes") and completed and change.spec.get("completionMode") != "Indexed":
        detail = "cannot set non-empty completedIndexes when non-indexed completion mode"
        errors.append(invalid(_STATUS / "completedIndexes", completed, detail))
    if change.changed("failedIndexes") and per_index is None and failed is not None:
        detail = "cannot set non-null failedIndexes when backoffLimitPerIndex is null"
        errors.append(invalid(_STATUS / "failedIndexes", failed, detail))
    if change.changed("failedIndexes", "completedIndexes") and completions is not None and failed is not None:
        at = _overlap(completed, failed, completions)
        if at is not None:
            detail = f"failedIndexes and completedIndexes overlap at index: {at}"
            errors.append(invalid(_STATUS / "failedIndexes", failed, detail))


def _intervals(text: str, completions: int) -> list[tuple[int, int]]:
    """The intervals that make sense; others are passed over, as upstream does here."""
    found = []
    for part in text.split(",") if text else ():
        try:
            found.append(parse_interval(part, completions))
        except ValueError:
            continue
    return found


def _overlap(left: str, right: str, completions: int) -> int | None:
    for low, high in _intervals(left, completions):
        for start, end in _intervals(right, completions):
            if low <= end and start <= high:
                return max(low, start)
    return None


def _late(errors: Errors, change: _Change) -> None:
    status = change.status
    terminating, ready = status.get("terminating") or 0, status.get("ready")
    if (change.turned("Complete", "Failed") or change.changed("terminating")) and change.finished and terminating > 0:
        detail = "terminating>0 is invalid for finished job"
        errors.append(invalid(_STATUS / "terminating", terminating, detail))
    if change.changed("ready", "active") and ready is not None and ready > status.get("active", 0):
        errors.append(invalid(_STATUS / "ready", ready, "cannot set more ready pods than active"))
    met = change.now("SuccessCriteriaMet")
    for other, shown in (("Failed", "Failed"), ("FailureTarget", "FailureTarget")):
        if met and change.now(other):
            _of_conditions(errors, f"cannot set SuccessCriteriaMet=True and {shown}=true conditions")
    if change.spec.get("successPolicy") is not None and not met and change.now("Complete"):
        detail = "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True"
        _of_conditions(errors, detail)


def _transitions(errors: Errors, change: _Change) -> None:
    for type in ("Failed", "Complete", "FailureTarget"):
        if is_true(change.old, type) and not change.now(type):
            _of_conditions(errors, f"cannot disable the terminal {type}=True condition")
    _counters(errors, change)
    end, before = change.status.get("completionTime"), change.before.get("completionTime")
    if end and before and end != before:
        errors.append(invalid(_STATUS / "completionTime", end, "field is immutable"))
    _start_time(errors, change)
    if is_true(change.old, "SuccessCriteriaMet"):
        if not change.now("SuccessCriteriaMet"):
            _of_conditions(errors, "cannot disable the SuccessCriteriaMet=True condition")
    elif is_true(change.old, "Complete") and change.now("SuccessCriteriaMet"):
        detail = "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions"
        _of_conditions(errors, detail)


def _counters(errors: Errors, change: _Change) -> None:
    """An indexed job that can be scaled down may also count fewer successes."""
    spec = change.spec
    scales = spec.get("completionMode") == "Indexed" and spec.get("completions") == spec.get("parallelism")
    for key in ("failed", "succeeded"):
        if change.status.get(key, 0) < change.before.get(key, 0) and not (scales and key == "succeeded"):
            detail = f"cannot decrease the {key} counter"
            errors.append(invalid(_STATUS / key, change.status.get(key, 0), detail))


def _start_time(errors: Errors, change: _Change) -> None:
    before = change.before.get("startTime")
    if not before or not change.changed("startTime") or change.spec.get("suspend") or _resumes(change):
        return
    detail = "field is immutable for unsuspended job once set"
    errors.append(invalid(_STATUS / "startTime", change.status.get("startTime"), detail))


def _resumes(change: _Change) -> bool:
    conditions = change.status.get("conditions") or ()
    off = any(one.get("type") == "Suspended" and one.get("status") == "False" for one in conditions)
    return is_true(change.old, "Suspended") and off
