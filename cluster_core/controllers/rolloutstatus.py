"""What a Deployment says about itself: counts, Available, Progressing with its deadline, ReplicaFailure, pauses.

Models pkg/controller/deployment/progress.go and the status part of sync.go.
"""

from __future__ import annotations

from typing import Any

from cluster_core.controllers import conditions
from cluster_core.controllers.pods import is_deleted
from cluster_core.controllers.rollout import Rollout, count, make_condition, size
from cluster_core.machinery import gofmt
from cluster_core.machinery.timestamps import SECOND, parse_time
from cluster_core.machinery.typed import Obj


def is_complete(rollout: Rollout, status: Obj) -> bool:
    """All replicas are of the new template and available, and no old ones are left."""
    counts = {status.get(key, 0) for key in ("updatedReplicas", "replicas", "availableReplicas")}
    seen = status.get("observedGeneration", 0) >= rollout.deployment["metadata"].get("generation", 0)
    return counts == {rollout.replicas} and seen


def note_pause(rollout: Rollout) -> None:
    """Say in the Progressing condition when the Deployment is paused or resumed, so that its deadline starts anew."""
    present = rollout.progressing
    reason = present.get("reason") if present is not None else ""
    if rollout.deadline is None or reason == "ProgressDeadlineExceeded":
        return
    if rollout.paused and reason != "DeploymentPaused":
        rollout.set_condition("Unknown", "DeploymentPaused", "Deployment is paused")
    elif not rollout.paused and reason == "DeploymentPaused":
        rollout.set_condition("Unknown", "DeploymentResumed", "Deployment is resumed")


def sync(rollout: Rollout) -> None:
    """The counts and Available, without judging progress."""
    rollout.status = _counted(rollout)


def _counted(rollout: Rollout) -> dict[str, Any]:
    everything, before = rollout.replicasets, rollout.status
    available = count(everything, "availableReplicas")
    status: dict[str, Any] = {
        "observedGeneration": rollout.deployment["metadata"].get("generation", 0),
        "replicas": count(everything, "replicas"),
        "updatedReplicas": count([rollout.new] if rollout.new is not None else [], "replicas"),
        "readyReplicas": count(everything, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, sum(map(size, everything)) - available),
    }
    status = conditions.compact(status)
    status.update(_terminating(everything))
    if "collisionCount" in before:
        status["collisionCount"] = before["collisionCount"]
    status["conditions"] = conditions.set(before.get("conditions", ()), _availability(rollout, available))
    return status


def _terminating(replicasets: list[Obj]) -> dict[str, int]:
    """Unknown as soon as one replica set that was looked at does not say."""
    states = [one.get("status", {}) for one in replicasets]
    known = [state for state in states if state.get("observedGeneration") or "terminatingReplicas" in state]
    if any("terminatingReplicas" not in state for state in known):
        return {}
    return {"terminatingReplicas": sum(state["terminatingReplicas"] for state in known)}


def _availability(rollout: Rollout, available: int) -> dict[str, Any]:
    if available >= rollout.replicas - rollout.max_unavailable:
        found = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    else:
        found = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    return make_condition(rollout.context, "Available", *found)


# ------------------------------------------------------------------------------------------------ progress


def sync_progress(rollout: Rollout) -> None:
    """The counts, and what they say about the rollout's progress."""
    before, current = rollout.status, rollout.progressing
    status = _counted(rollout)
    if rollout.deadline is None:
        status["conditions"] = conditions.without(status["conditions"], "Progressing")
    elif not _was_complete(status, current):
        _judge(rollout, before, status)
    failure = _replica_failure(rollout)
    present = status["conditions"]
    status["conditions"] = conditions.set(present, failure) if failure else conditions.without(present, "ReplicaFailure")
    rollout.status = status


def _was_complete(status: Obj, current: Obj | None) -> bool:
    """Nothing is being rolled out: progress is not to be judged."""
    done = current is not None and current.get("reason") == "NewReplicaSetAvailable"
    return done and status.get("replicas", 0) == status.get("updatedReplicas", 0)


def _judge(rollout: Rollout, before: Obj, status: dict[str, Any]) -> None:
    subject = _subject(rollout)
    present = status["conditions"]
    if is_complete(rollout, status):
        text = f"{subject} has successfully progressed."
        new = make_condition(rollout.context, "Progressing", "True", "NewReplicaSetAvailable", text)
        status["conditions"] = conditions.set(present, new)
    elif _has_progressed(before, status):
        status["conditions"] = _with_progress(rollout, present, f"{subject} is progressing.")
    elif _has_timed_out(rollout, conditions.find(present, "Progressing")):
        text = f"{subject} has timed out progressing."
        new = make_condition(rollout.context, "Progressing", "False", "ProgressDeadlineExceeded", text)
        status["conditions"] = conditions.set(present, new)


def _subject(rollout: Rollout) -> str:
    if rollout.new is None:
        return f"Deployment {gofmt.quote(rollout.name)}"
    return f"ReplicaSet {gofmt.quote(rollout.new['metadata']['name'])}"


def _with_progress(rollout: Rollout, present: conditions.Conditions, text: str) -> conditions.Conditions:
    """Progress refreshes lastUpdateTime even when status and reason stay."""
    old = conditions.find(present, "Progressing")
    new = make_condition(rollout.context, "Progressing", "True", "ReplicaSetUpdated", text)
    if old is not None and old["status"] == "True":
        new["lastTransitionTime"] = old["lastTransitionTime"]
    return conditions.set(conditions.without(present, "Progressing"), new)


def _has_progressed(before: Obj, after: Obj) -> bool:
    def grown(key: str) -> bool:
        return bool(after.get(key, 0) > before.get(key, 0))

    def old(status: Obj) -> int:
        return int(status.get("replicas", 0) - status.get("updatedReplicas", 0))

    return grown("updatedReplicas") or old(after) < old(before) or grown("readyReplicas") or grown("availableReplicas")


def _has_timed_out(rollout: Rollout, progressing: Obj | None) -> bool:
    if progressing is None or progressing.get("reason") == "NewReplicaSetAvailable":
        return False
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return True
    return _time_left(rollout, progressing) < 0


def _time_left(rollout: Rollout, progressing: Obj) -> int:
    """Microseconds until the deadline."""
    assert rollout.deadline is not None
    since = parse_time(progressing["lastUpdateTime"])
    return since + rollout.deadline * SECOND - rollout.context.world.clock.now


def _replica_failure(rollout: Rollout) -> dict[str, Any] | None:
    """A replica set's trouble becomes the Deployment's; the new one's first."""
    for replicaset in [*([rollout.new] if rollout.new is not None else []), *rollout.replicasets]:
        found = conditions.find(replicaset.get("status", {}).get("conditions", ()), "ReplicaFailure")
        if found is not None:
            return {**found, "lastUpdateTime": found["lastTransitionTime"]}
    return None


def look_again(rollout: Rollout) -> float | None:
    """Seconds until the progress deadline is to be checked, when a rollout is under way."""
    progressing = rollout.progressing
    if rollout.deadline is None or progressing is None or rollout.paused or is_deleted(rollout.deployment):
        return None
    if progressing["reason"] in ("ProgressDeadlineExceeded", "NewReplicaSetAvailable"):
        return None
    if is_complete(rollout, rollout.status):
        return None
    return max(_time_left(rollout, progressing) / SECOND, 0) + 1
