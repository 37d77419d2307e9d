"""One look at a Job: is it finished, which pods are missing, which are too many. Models syncJob of pkg/controller/job."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cluster_core.controllers import jobindexes, jobpolicies, jobstatus
from cluster_core.controllers.claims import claim
from cluster_core.controllers.conditions import find
from cluster_core.controllers.jobpods import (
    COMPONENT,
    base_pod,
    free_indexes,
    is_indexed,
    is_tracked,
    release,
    surplus,
    track,
    with_index,
)
from cluster_core.controllers.pods import PodControl, is_active, is_deleted, is_ready, is_terminating, phase, slow_start
from cluster_core.controllers.runtime import Context
from cluster_core.machinery import selectors
from cluster_core.machinery.errors import ApiError
from cluster_core.machinery.timestamps import SECOND, parse_time
from cluster_core.machinery.typed import Obj

BURST = 500
"""Pods created or deleted in one reconcile at the most."""


@dataclass(slots=True)
class JobRun:
    """The Job, its pods and what is found out about them. `status` is written back by `jobstatus`."""

    context: Context
    job: Obj
    pods: list[Obj]
    status: dict[str, Any]
    active: list[Obj] = field(default_factory=list)
    running: int = 0
    ready: int = 0
    terminating: int = 0
    succeeded: int = 0
    failed: int = 0
    finished: dict[str, Any] | None = None
    """The condition the Job is about to end with."""
    succeeded_indexes: set[int] = field(default_factory=set)
    failed_indexes: set[int] = field(default_factory=set)
    delayed: dict[int | None, Obj] = field(default_factory=dict)
    """By index the last failed pod, kept until its successor may be made, for it carries the count of failures."""
    delay: float | None = None

    @classmethod
    def of(cls, context: Context, job: Obj) -> JobRun:
        owned = {pod["metadata"]["uid"] for pod in context.api.owned("Pod", job["metadata"]["uid"])}
        pods = claim(context, "Pod", job, selectors.compile(job["spec"].get("selector")))
        known = [track(context, pod) if _is_new(pod, owned) else pod for pod in pods]
        return cls(context, job, known, dict(job.get("status", {})))

    @property
    def spec(self) -> Obj:
        found: Obj = self.job["spec"]
        return found

    @property
    def per_index(self) -> bool:
        return is_indexed(self.job) and "backoffLimitPerIndex" in self.spec

    @property
    def suspended(self) -> bool:
        return bool(self.spec.get("suspend"))

    @property
    def _now(self) -> int:
        return self.context.world.clock.now

    def _control(self) -> PodControl:
        return PodControl(self.context, self.job, COMPONENT)

    # ------------------------------------------------------------------------------------------------ the whole

    def go(self) -> float | None:
        """Do what is to be done; answers the seconds until it is to be looked at again."""
        self._count()
        self._decide()
        error = self._end() if self.finished is not None else self._carry_on()
        self.status.update(active=self.running, ready=self.ready, terminating=self.terminating)
        jobstatus.track(self)
        if error is not None:
            raise error
        return self.delay

    def _count(self) -> None:
        self.active = [pod for pod in self.pods if is_active(pod)]
        self.running, self.ready = len(self.active), sum(map(is_ready, self.active))
        self.terminating = sum(map(is_terminating, self.pods))
        notes = jobstatus.uncounted(self)
        new = [pod for pod in self.pods if is_tracked(pod) and self._is_valid(pod)]
        done = [pod for pod in new if phase(pod) == "Succeeded" and not _noted(pod, notes.get("succeeded", ()))]
        bad = [pod for pod in new if jobpolicies.is_failed(self.job, pod) and not _noted(pod, notes.get("failed", ()))]
        bad = [pod for pod in bad if jobpolicies.judge(self.job, pod).counts]
        self.succeeded = self.status.get("succeeded", 0) + len(done) + len(notes.get("succeeded", ()))
        self.failed = self.status.get("failed", 0) + len(bad) + len(notes.get("failed", ()))
        if "startTime" not in self.status and not self.suspended:
            self.status["startTime"] = self.context.world.clock.timestamp()

    def _is_valid(self, pod: Obj) -> bool:
        index = jobindexes.index_of(pod)
        return not is_indexed(self.job) or (index is not None and index < self.spec.get("completions", 0))

    # ------------------------------------------------------------------------------------------------ deciding

    def _decide(self) -> None:
        """Find out whether the Job is to end, and how."""
        self.finished = self._announced() or self._failed_by_policy() or self._failed_by_limits()
        if not is_indexed(self.job):
            return
        self._count_indexes()
        if self.finished is None and self.per_index:
            self.finished = self._failed_by_indexes()
        if self.finished is None:
            text = jobpolicies.success(self.job, self.succeeded_indexes)
            self.finished = self._ending("SuccessCriteriaMet", "SuccessPolicy", text) if text else None

    def _ending(self, type: str, reason: str, message: str) -> dict[str, Any]:
        return jobstatus.condition(self, type, reason, message)

    def _announced(self) -> dict[str, Any] | None:
        """The end that an earlier look has announced."""
        present = self.status.get("conditions", ())
        met, target = find(present, "SuccessCriteriaMet"), find(present, "FailureTarget")
        if met is not None and met["status"] == "True":
            return dict(met)
        if target is not None and target["status"] == "True":
            return self._ending("Failed", target["reason"], target["message"])
        return None

    def _failed_by_policy(self) -> dict[str, Any] | None:
        if "podFailurePolicy" not in self.spec:
            return None
        failed = (pod for pod in self.pods if jobpolicies.is_failed(self.job, pod))
        text = next((text for pod in failed if (text := jobpolicies.judge(self.job, pod).message)), "")
        return self._ending("FailureTarget", "PodFailurePolicy", text) if text else None

    def _failed_by_limits(self) -> dict[str, Any] | None:
        if self.failed > self.spec.get("backoffLimit", 6) or self._restarts_too_often():
            text = "Job has reached the specified backoff limit"
            return self._ending("FailureTarget", "BackoffLimitExceeded", text)
        left = self._time_left()
        if left is None:
            return None
        if left <= 0:
            text = "Job was active longer than specified deadline"
            return self._ending("FailureTarget", "DeadlineExceeded", text)
        self._look_again(left / SECOND)
        return None

    def _time_left(self) -> int | None:
        """Microseconds to activeDeadlineSeconds."""
        if "activeDeadlineSeconds" not in self.spec or self.suspended or "startTime" not in self.status:
            return None
        deadline = int(self.spec["activeDeadlineSeconds"]) * SECOND
        return parse_time(self.status["startTime"]) + deadline - self._now

    def _restarts_too_often(self) -> bool:
        """With restartPolicy OnFailure restarted containers count like failed pods."""
        if self.spec["template"]["spec"].get("restartPolicy") != "OnFailure":
            return False
        states = [pod["status"] for pod in self.pods if phase(pod) in ("Running", "Pending")]
        kinds = ("initContainerStatuses", "containerStatuses")
        total = sum(one.get("restartCount", 0) for state in states for kind in kinds for one in state.get(kind, ()))
        return bool(total >= max(1, self.spec.get("backoffLimit", 6)))

    def _count_indexes(self) -> None:
        completions = self.spec["completions"]
        pods = [(jobindexes.index_of(pod), pod) for pod in self.pods if is_tracked(pod) and self._is_valid(pod)]
        self.succeeded_indexes = jobindexes.parse(self.status.get("completedIndexes"), completions)
        self.succeeded_indexes |= {index or 0 for index, pod in pods if phase(pod) == "Succeeded"}
        self.succeeded = len(self.succeeded_indexes)
        if self.per_index:
            self.failed_indexes = jobindexes.parse(self.status.get("failedIndexes"), completions)
            self.failed_indexes |= {index or 0 for index, pod in pods if self._fails_index(pod)}
            self._find_delayed()

    def _fails_index(self, pod: Obj) -> bool:
        if not jobpolicies.is_failed(self.job, pod):
            return False
        verdict = jobpolicies.judge(self.job, pod)
        limit = self.spec["backoffLimitPerIndex"]
        return verdict.action == "FailIndex" or (verdict.counts and jobindexes.failures(pod) >= limit)

    def _find_delayed(self) -> None:
        settled = self.succeeded_indexes | self.failed_indexes | {jobindexes.index_of(pod) for pod in self.active}
        failed = [pod for pod in self.pods if is_tracked(pod) and self._is_valid(pod)]
        for pod in failed:
            index = jobindexes.index_of(pod)
            if index in settled or not jobpolicies.is_failed(self.job, pod):
                continue
            if index not in self.delayed or _later(self.delayed[index]) <= _later(pod):
                self.delayed[index] = pod

    def _failed_by_indexes(self) -> dict[str, Any] | None:
        failed, limit = len(self.failed_indexes), self.spec.get("maxFailedIndexes")
        if limit is not None and failed > limit:
            text = "Job has exceeded the specified maximal number of failed indexes"
            return self._ending("FailureTarget", "MaxFailedIndexesExceeded", text)
        if failed and failed + self.succeeded >= self.spec["completions"]:
            return self._ending("FailureTarget", "FailedIndexes", "Job has failed indexes")
        return None

    # ------------------------------------------------------------------------------------------------ pods

    def _end(self) -> ApiError | None:
        """Delete the pods that still run; the end waits until all of them are."""
        deleted, error = self._delete(self.active, releasing=False)
        if deleted < len(self.active):
            self.finished = None
        return error

    def _delete(self, pods: list[Obj], *, releasing: bool = True) -> tuple[int, ApiError | None]:
        control, first, deleted = self._control(), None, 0
        for pod in pods:
            try:
                if releasing:
                    release(self.context, pod)
                control.delete(pod)
            except ApiError as error:
                first = first or error
                continue
            deleted += 1
            self.ready -= is_ready(pod)
        self.running -= deleted
        self.terminating += deleted
        return deleted, first

    def _carry_on(self) -> ApiError | None:
        manages = not is_deleted(self.job)
        error = self._manage() if manages else None
        completions = self.spec.get("completions")
        enough = self.succeeded > 0 if completions is None else self.succeeded >= completions
        if enough and self.running == 0:
            text = "Reached expected number of succeeded pods"
            self.finished = self._ending("SuccessCriteriaMet", "CompletionsReached", text)
        elif manages:
            self._tell_of_suspension()
        return error

    def _tell_of_suspension(self) -> None:
        if self.suspended:
            if jobstatus.ensure(self, "Suspended", "True", "JobSuspended", "Job suspended"):
                self.context.event(self.job, "Normal", "Suspended", "Job suspended", COMPONENT)
                self.status.pop("startTime", None)
        elif jobstatus.ensure(self, "Suspended", "False", "JobResumed", "Job resumed"):
            self.context.event(self.job, "Normal", "Resumed", "Job resumed", COMPONENT)
            self.status["startTime"] = self.context.world.clock.timestamp()

    def _wanted(self) -> int:
        """How many pods should be running."""
        parallelism, completions = self.spec.get("parallelism", 1), self.spec.get("completions")
        if self.suspended:
            return 0
        if completions is None:
            return self.running if self.succeeded > 0 else int(parallelism)
        return max(0, min(int(completions) - self.succeeded, int(parallelism)))

    def _manage(self) -> ApiError | None:
        wanted = self._wanted()
        doomed = surplus(self.job, self.active, max(0, self.running - wanted))
        if doomed or self.suspended:
            return self._delete(doomed if self.suspended else doomed[:BURST])[1]
        leaving = self.terminating if jobpolicies.only_failed_are_replaced(self.job) else 0
        missing = wanted - leaving - self.running
        return self._create(missing) if missing > 0 else None

    def _create(self, missing: int) -> ApiError | None:
        """Create pods, after the pause that failures ask for. As upstream, nothing counts as active in the pause."""
        pause = 0.0 if self.per_index else jobpolicies.backoff(self.job, self.pods, self._now)
        if missing > BURST:
            self._look_again(0.02)
        wanted = [base_pod(self.job)] * min(missing, BURST)
        if is_indexed(self.job):
            wanted, pause = self._indexed_pods(wanted, pause)
        if pause > 0 and (not self.per_index or not wanted):
            self._look_again(pause)
            self.running = 0
            return None
        control = self._control()
        made, error = slow_start(len(wanted), lambda position: control.create(wanted[position]))
        self.running += made
        return error

    def _indexed_pods(self, pods: list[dict[str, Any]], pause: float) -> tuple[list[dict[str, Any]], float]:
        """The pods with the free indexes; with a limit per index those whose own pause is over."""
        done = self.succeeded_indexes | self.failed_indexes
        indexes = free_indexes(self.job, self.pods, self.active, done, len(pods))
        if self.per_index:
            pauses = {index: self._index_pause(index) for index in indexes}
            indexes = [index for index in indexes if not pauses[index]]
            pause = 0.0 if indexes else min(pauses.values(), default=0.0)
        base = pods[0] if pods else {}
        return [with_index(self.job, base, index, self.delayed.get(index)) for index in indexes], pause

    def _index_pause(self, index: int) -> float:
        last = self.delayed.get(index)
        if last is None:
            return 0.0
        failures = jobindexes.failures(last, ignored=True) + 1
        return jobpolicies.remaining(failures, jobpolicies.finished_at(last), self._now)

    def _look_again(self, seconds: float) -> None:
        self.delay = seconds if self.delay is None else min(self.delay, seconds)


def _is_new(pod: Obj, owned: set[str]) -> bool:
    """Adopted just now, and therefore not yet tracked."""
    return pod["metadata"]["uid"] not in owned and not is_tracked(pod)


def _noted(pod: Obj, uids: Any) -> bool:
    return pod["metadata"]["uid"] in uids


def _later(pod: Obj) -> tuple[int, int]:
    return jobindexes.failures(pod, ignored=True), jobpolicies.finished_at(pod)
