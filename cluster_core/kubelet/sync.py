"""One look of a kubelet at one pod: what has ended, what is due, what to start or stop, what to write."""

from __future__ import annotations

from cluster_core.kubelet import admission, asking, changes, refreshing, stopping, storage
from cluster_core.kubelet import status as states
from cluster_core.kubelet.pulling import show_back_off
from cluster_core.kubelet.renewal import renew
from cluster_core.kubelet.starting import advance, begin
from cluster_core.kubelet.work import Work
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.timestamps import parse_time


def sync(work: Work) -> None:
    """Bring the pod forward as far as it can be now."""
    if work.deleting:
        stopping.terminate(work)
    elif "doom" in work.memory:
        stopping.see_off(work)
    elif work.phase in states.ENDED:
        _tidy(work)
    elif work.begun or _taken_on(work):
        _live(work)
    work.finish()


def _taken_on(work: Work) -> bool:
    """Admit the pod and begin with it."""
    try:
        refusal = admission.refusal(work)
    except admission.Wait:
        return False
    if refusal is not None:
        work.event("Warning", refusal.reason, refusal.message)
        work.fail(refusal.reason, f"Pod was rejected: {refusal.message}")
        return False
    work.fleet.shares.taken(work.machine.name, work.pod)
    begin(work)
    return True


def _live(work: Work) -> None:
    rebooted = work.memory.pop("rebooted", False)
    if rebooted:
        stopping.lost_in_reboot(work)
    asking.settle(work)
    ended = stopping.settle_exits(work) or rebooted
    if _over_deadline(work) or _over_storage(work) or renew(work, ended):
        return
    refreshing.refresh(work)
    work.fleet.probes.settle(work)
    show_back_off(work)
    if work.memory.get("arrived") and work.memory.get("flight", {}).get("stage") == "sandbox":
        work.memory["flight"]["due"] = work.now
    if changes.are_due(work):
        changes.apply(work)
    advance(work)
    if work.pod["metadata"].get("generation", 1) != work.pod["status"].get("observedGeneration", 1):
        work.touched = True  # the spec was seen, whatever came of it
    work.memory.pop("arrived", None)
    stopping.after_main(work)


def _over_deadline(work: Work) -> bool:
    """activeDeadlineSeconds, counted from the start time. Models pkg/kubelet/active_deadline.go."""
    limit = work.pod["spec"].get("activeDeadlineSeconds")
    if limit is None or not work.begun:
        return False
    due = parse_time(work.pod["status"]["startTime"]) + int(limit) * SECOND
    if work.now < due:
        work.memory["deadline"] = due
        return False
    work.memory.pop("deadline", None)
    work.event("Normal", "DeadlineExceeded", _DEADLINE)
    stopping.doom(work, "DeadlineExceeded", _DEADLINE, stopping.grace_of(work.pod))
    stopping.see_off(work)
    return True


def _over_storage(work: Work) -> bool:
    """The eviction manager looks at what the pod has written since."""
    if work.memory.get("disk", work.now + 1) > work.now:
        return False
    why = storage.check(work)
    if why:
        evict(work, why, STORAGE_GRACE)
    return bool(why)


STORAGE_GRACE = 1
"""Seconds for pods that have put too much on the disk."""


def evict(work: Work, why: str, grace: int, condition: tuple[str, str] | None = None) -> None:
    """The pod has to leave the node within so many seconds."""
    work.event("Warning", "Evicted", why)
    stopping.doom(work, "Evicted", why, grace, condition)
    stopping.see_off(work)


_DEADLINE = "Pod was active on the node longer than the specified deadline"


def _tidy(work: Work) -> None:
    """The pod has ended: what still runs stops."""
    stopping.settle_exits(work)
    for key in ("flight", "waits", "backing-off", "again", "probes", "asks", "backoff", "pulls", "deadline"):
        work.memory.pop(key, None)
    if "stopping" not in work.memory:
        stopping.stop_all(work, stopping.grace_of(work.pod))
