"""When a Job's pods count as failed, when the Job succeeds early, how long to wait after failures.

Models pod_failure_policy.go, success_policy.go and backoff_utils.go of pkg/controller/job.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cluster_core.controllers import jobindexes
from cluster_core.controllers.pods import condition, created_at, is_deleted, phase
from cluster_core.machinery.timestamps import SECOND, parse_time
from cluster_core.machinery.typed import Obj

FIRST_BACKOFF, LAST_BACKOFF = 10, 600
"""Seconds."""


class Verdict(NamedTuple):
    """What the failure policy makes of a failed pod."""

    action: str = ""
    message: str = ""
    """Why the whole Job fails, when it does."""

    @property
    def counts(self) -> bool:
        return self.action != "Ignore"


def only_failed_are_replaced(job: Obj) -> bool:
    return job["spec"].get("podReplacementPolicy") == "Failed" or "podFailurePolicy" in job["spec"]


def is_failed(job: Obj, pod: Obj) -> bool:
    """Failed, or on its way out when such pods are replaced."""
    if phase(pod) == "Failed":
        return True
    if only_failed_are_replaced(job):
        return False
    return is_deleted(pod) and phase(pod) != "Succeeded"


# ------------------------------------------------------------------------------------------------ failure policy


def judge(job: Obj, pod: Obj) -> Verdict:
    """The first rule that matches decides."""
    for position, rule in enumerate((job["spec"].get("podFailurePolicy") or {}).get("rules", ())):
        cause = _cause(pod, rule)
        if cause:
            text = f"{cause} matching {rule['action']} rule at index {position}"
            return Verdict(rule["action"], text if rule["action"] == "FailJob" else "")
    return Verdict()


def _cause(pod: Obj, rule: Obj) -> str:
    metadata = pod["metadata"]
    where = f"{metadata['namespace']}/{metadata['name']}"
    if "onExitCodes" in rule:
        status = pod.get("status", {})
        containers = [*status.get("containerStatuses", ()), *status.get("initContainerStatuses", ())]
        found = next((one for one in containers if _exit_matches(one, rule["onExitCodes"])), None)
        if found is None:
            return ""
        code = found["state"]["terminated"]["exitCode"]
        return f"Container {found['name']} for pod {where} failed with exit code {code}"
    type = _condition_matching(pod, rule.get("onPodConditions") or ())
    return f"Pod {where} has condition {type}" if type else ""


def _exit_matches(container: Obj, requirement: Obj) -> bool:
    code = (container.get("state", {}).get("terminated") or {}).get("exitCode", 0)
    if not code or requirement.get("containerName") not in (None, container["name"]):
        return False
    return bool((code in requirement["values"]) == (requirement["operator"] == "In"))


def _condition_matching(pod: Obj, patterns: Sequence[Obj]) -> str:
    wanted = {(pattern["type"], pattern.get("status", "True")) for pattern in patterns}
    for one in pod.get("status", {}).get("conditions", ()):
        if (one["type"], one["status"]) in wanted:
            return str(one["type"])
    return ""


# ------------------------------------------------------------------------------------------------ success policy


def success(job: Obj, succeeded: set[int]) -> str:
    """Which rule of the success policy is met, "" when none."""
    if not succeeded:
        return ""
    for position, rule in enumerate((job["spec"].get("successPolicy") or {}).get("rules", ())):
        if _rule_is_met(rule, succeeded, job["spec"]["completions"]):
            return f"Matched rules at index {position}"
    return ""


def _rule_is_met(rule: Obj, succeeded: set[int], completions: int) -> bool:
    count = rule.get("succeededCount")
    if "succeededIndexes" not in rule:
        return count is not None and len(succeeded) >= count
    wanted = jobindexes.parse(rule["succeededIndexes"], completions)
    got = len(wanted & succeeded)
    return bool(wanted) and (got == len(wanted) or (count is not None and got >= count))


# ------------------------------------------------------------------------------------------------ back-off


def finished_at(pod: Obj) -> int:
    """When the pod ended: of its containers, its readiness, its deletion, its creation the first that is known."""
    ends = [(one.get("state", {}).get("terminated") or {}).get("finishedAt") for one in _lasting(pod)]
    if ends and all(ends):
        return max(map(parse_time, ends))
    ready = condition(pod, "Ready")
    if ready is not None and ready["status"] == "False" and ready.get("lastTransitionTime"):
        return parse_time(ready["lastTransitionTime"])
    metadata = pod["metadata"]
    if is_deleted(pod):
        return parse_time(metadata["deletionTimestamp"]) - int(metadata.get("deletionGracePeriodSeconds", 0)) * SECOND
    return created_at(pod)


def _lasting(pod: Obj) -> list[Obj]:
    status = pod.get("status", {})
    sidecars = {one["name"] for one in pod["spec"].get("initContainers", ()) if one.get("restartPolicy") == "Always"}
    init = [one for one in status.get("initContainerStatuses", ()) if one["name"] in sidecars]
    return [*status.get("containerStatuses", ()), *init]


def backoff(job: Obj, pods: Iterable[Obj], now: int) -> float:
    """Seconds to wait before pods are made again: by the failures since the last success, which the pods tell."""
    pods = list(pods)
    success = max((finished_at(pod) for pod in pods if phase(pod) == "Succeeded"), default=0)
    failed = [end for pod in pods if is_failed(job, pod) and (end := finished_at(pod)) > success]
    return remaining(len(failed), max(failed, default=0), now)


def remaining(failures: int, last: int, now: int) -> float:
    """Seconds left of the pause after `failures`, the last at the time `last`: 10 s doubling to 10 minutes."""
    if not failures:
        return 0.0
    pause = min(FIRST_BACKOFF * (1 << min(failures - 1, 10)), LAST_BACKOFF) * SECOND
    return max(0, last + pause - now) / SECOND
