"""Start Jobs by the time-table. Models pkg/controller/cronjob; the time-table is in `cronschedule`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from cluster_core.apiserver.events import reference
from cluster_core.apiserver.parts import split_key
from cluster_core.controllers import cronschedule
from cluster_core.controllers.conditions import find
from cluster_core.controllers.cronschedule import Schedule, ScheduleError
from cluster_core.controllers.pods import is_deleted, namespace_is_terminating, owner_reference
from cluster_core.controllers.runtime import Context, Controller, controlling, itself
from cluster_core.machinery import gofmt
from cluster_core.machinery.errors import AlreadyExists, ApiError
from cluster_core.machinery.timestamps import SECOND, parse_time, timestamp
from cluster_core.machinery.typed import Obj

COMPONENT = "cronjob-controller"
SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"


def reconcile(context: Context, key: str) -> float | None:
    cronjob = context.api.get("CronJob", *split_key(key))
    if cronjob is None:
        return None
    jobs = context.api.owned("Job", cronjob["metadata"]["uid"])
    run = Run(context, cronjob, jobs, dict(cronjob.get("status", {})))
    run.notice_ends()
    try:
        delay = None if is_deleted(cronjob) else run.start()
    finally:
        run.clean_up()
        run.write()
    return delay


def end_of(job: Obj) -> str:
    """ "Complete", "Failed", or "" while it is not finished."""
    present = job.get("status", {}).get("conditions", ())
    for type in ("Complete", "Failed"):
        found = find(present, type)
        if found is not None and found["status"] == "True":
            return type
    return ""


@dataclass(slots=True)
class Run:
    """One look at a CronJob; `status` is written back in the end."""

    context: Context
    cronjob: Obj
    jobs: list[Obj]
    status: dict[str, Any]

    @property
    def _spec(self) -> Obj:
        found: Obj = self.cronjob["spec"]
        return found

    @property
    def _active(self) -> list[Obj]:
        found: list[Obj] = self.status.get("active", [])
        return found

    @property
    def _now(self) -> int:
        return self.context.world.clock.now

    def _event(self, type: str, reason: str, message: str) -> None:
        self.context.event(self.cronjob, type, reason, message, COMPONENT)

    def _forget(self, uid: str) -> None:
        self.status["active"] = [one for one in self._active if one["uid"] != uid]

    # ------------------------------------------------------------------------------------------------ ends

    def notice_ends(self) -> None:
        """Take finished and missing Jobs off the list of active ones."""
        known = {one["uid"] for one in self._active}
        for job in self.jobs:
            self._notice(job, known)
        here = {job["metadata"]["uid"] for job in self.jobs}
        for one in self._active:
            if one["uid"] not in here and self.context.api.get("Job", one["namespace"], one["name"]) is None:
                self._event("Normal", "MissingJob", f"Active job went missing: {one['name']}")
                self._forget(one["uid"])

    def _notice(self, job: Obj, known: set[str]) -> None:
        name, uid, end = job["metadata"]["name"], job["metadata"]["uid"], end_of(job)
        if not end and uid not in known:
            text = f"Saw a job that the controller did not create or forgot: {name}"
            self._event("Warning", "UnexpectedJob", text)
        if end and uid in known:
            self._forget(uid)
            self._event("Normal", "SawCompletedJob", f"Saw completed job: {name}, condition: {end}")
        if end == "Complete":
            times = [self.status.get("lastSuccessfulTime"), job["status"].get("completionTime")]
            self.status["lastSuccessfulTime"] = max((time for time in times if time), default=None)

    def clean_up(self) -> None:
        """Delete the oldest finished Jobs beyond the history limits."""
        for end, limit in (("Complete", "successfulJobsHistoryLimit"), ("Failed", "failedJobsHistoryLimit")):
            if limit not in self._spec:
                continue
            finished = sorted((job for job in self.jobs if end_of(job) == end), key=_start_order)
            for job in finished[: max(0, len(finished) - self._spec[limit])]:
                self._delete(job)

    def _delete(self, job: Obj) -> ApiError | None:
        metadata = job["metadata"]
        try:
            self.context.api.delete("Job", metadata["namespace"], metadata["name"], propagation="Background")
        except ApiError as error:
            self._event("Warning", "FailedDelete", f"Deleted job: {error.message}")
            return error
        self._forget(metadata["uid"])
        self._event("Normal", "SuccessfulDelete", f"Deleted job {metadata['name']}")
        return None

    # ------------------------------------------------------------------------------------------------ starts

    def start(self) -> float | None:
        """Start the Job that is due; answers the seconds until the next one is."""
        schedule = self._schedule()
        if schedule is None:
            return None
        due = self._due(schedule)
        if due is not None and self._may_start(due):
            self._create(due)
        return cronschedule.seconds_to_next(schedule, self._last(), self._now)

    def _schedule(self) -> Schedule | None:
        """The time-table; None while suspended or when it cannot be read."""
        text, name = self._spec["schedule"], self._spec.get("timeZone", "")
        try:
            cronschedule.zone(name)
        except ScheduleError as error:
            self._event("Warning", "UnknownTimeZone", f"invalid timeZone: {gofmt.quote(name)}: {error}")
            return None
        if self._spec.get("suspend"):
            return None
        if "TZ" in text:
            self._warn_of_zone(text)
        try:
            return cronschedule.parse(text, name)
        except ScheduleError as error:
            self._event("Warning", "UnparseableSchedule", f"unparseable schedule: {gofmt.quote(text)} : {error}")
            return None

    def _warn_of_zone(self, text: str) -> None:
        more = "see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
        what = f"CRON_TZ or TZ used in schedule {gofmt.quote(text)} is not officially supported, {more}"
        self._event("Warning", "UnsupportedSchedule", what)

    def _last(self) -> int:
        return parse_time(self.status.get("lastScheduleTime") or self.cronjob["metadata"]["creationTimestamp"])

    def _due(self, schedule: Schedule) -> int | None:
        """The latest time that has come without a Job."""
        since = self._last()
        if "startingDeadlineSeconds" in self._spec:
            since = max(since, self._now - self._spec["startingDeadlineSeconds"] * SECOND)
        try:
            found = cronschedule.missed(schedule, since, self._now)
        except ScheduleError as error:
            self._event("Warning", "InvalidSchedule", f"invalid schedule: {self._spec['schedule']} : {error}")
            return None
        if found.recent is not None and found.count > cronschedule.MISSED_MANY:
            text = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"
            self._event("Warning", "TooManyMissedTimes", text)
        return found.recent

    def _may_start(self, due: int) -> bool:
        deadline = self._spec.get("startingDeadlineSeconds")
        if deadline is not None and due + deadline * SECOND < self._now:
            when = format_datetime(datetime.fromtimestamp(due // SECOND, UTC))
            self._event("Warning", "MissSchedule", f"Missed scheduled time to start a job: {when}")
            return False
        name = self._job_name(due)
        if any(one["name"] == name for one in self._active) or self.status.get("lastScheduleTime") == timestamp(due):
            return False
        policy = self._spec.get("concurrencyPolicy", "Allow")
        if policy == "Forbid" and self._active:
            text = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self._event("Normal", "JobAlreadyActive", text)
            return False
        if policy == "Replace":
            self._replace()
        return True

    def _replace(self) -> None:
        """Delete the active Jobs. Raises ApiError when one stays."""
        for one in self._active:
            job = self.context.api.get("Job", one["namespace"], one["name"])
            error = self._delete(job) if job is not None else None
            if error is not None:
                raise error

    def _job_name(self, due: int) -> str:
        return f"{self.cronjob['metadata']['name']}-{due // SECOND // 60}"

    def _job(self, due: int) -> dict[str, Any]:
        template = self._spec["jobTemplate"]
        given = template.get("metadata") or {}
        when = datetime.fromtimestamp(due // SECOND, cronschedule.zone(self._spec.get("timeZone", "")))
        notes = {**(given.get("annotations") or {}), SCHEDULED: when.isoformat().replace("+00:00", "Z")}
        metadata: dict[str, Any] = {
            "name": self._job_name(due),
            "namespace": self.cronjob["metadata"]["namespace"],
            "annotations": notes,
            "ownerReferences": [owner_reference(self.cronjob)],
        }
        if given.get("labels"):
            metadata["labels"] = given["labels"]
        return {"metadata": metadata, "spec": template["spec"]}

    def _create(self, due: int) -> None:
        wanted = self._job(due)
        try:
            job = self.context.api.create("Job", wanted)
        except AlreadyExists:
            self._take_existing(wanted, due)
            return
        except ApiError as error:
            if not namespace_is_terminating(error):
                self._event("Warning", "FailedCreate", f"Error creating job: {error.message}")
            raise
        self._event("Normal", "SuccessfulCreate", f"Created job {job['metadata']['name']}")
        self._note(job, due)

    def _take_existing(self, wanted: Obj, due: int) -> None:
        """A Job of that name exists: ours if an earlier look made it and could not note it."""
        job = self.context.api.get("Job", wanted["metadata"]["namespace"], wanted["metadata"]["name"])
        if job is None:
            return
        uid = self.cronjob["metadata"]["uid"]
        owners = job["metadata"].get("ownerReferences", ())
        if any(one["uid"] == uid and one.get("controller") for one in owners):
            self._note(job, due)

    def _note(self, job: Obj, due: int) -> None:
        self.status["active"] = [*self._active, reference(job)]
        self.status["lastScheduleTime"] = timestamp(due)

    def write(self) -> None:
        status = {key: value for key, value in self.status.items() if value}
        if status != self.cronjob.get("status", {}):
            self.context.api.update_status("CronJob", {**self.cronjob, "status": status})


def _start_order(job: Obj) -> tuple[bool, str, str]:
    start = job.get("status", {}).get("startTime", "")
    return not start, start, job["metadata"]["name"]


CONTROLLER = Controller(
    "cronjob",
    watches={"CronJob": itself, "Job": controlling("CronJob")},
    reconcile=reconcile,
    periodic=True,
)
