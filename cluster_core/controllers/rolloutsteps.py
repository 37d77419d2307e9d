"""One step of a rollout. Models pkg/controller/deployment/rolling.go and recreate.go.

Where the real controller goes by the replica sets' statuses, which may be a moment old, this one counts pods: so that what
the strategy promises holds at every instant.
"""

from __future__ import annotations

from cluster_core.controllers import rolloutstatus
from cluster_core.controllers.pods import is_active, is_available, is_ended
from cluster_core.controllers.rollout import Rollout, by_creation, count, size, uid
from cluster_core.controllers.rolloutrevision import clean_up, new_size, sync_new
from cluster_core.controllers.rolloutscale import resize
from cluster_core.machinery.typed import Obj

# ------------------------------------------------------------------------------------------------ rolling


def roll(rollout: Rollout) -> None:
    """Grow the new replica set, else shrink the old ones, as far as surge and availability allow."""
    sync_new(rollout, create=True)
    if not _grow_new(rollout) and not _shrink_old(rollout) and rolloutstatus.is_complete(rollout, rollout.status):
        clean_up(rollout)
    rolloutstatus.sync_progress(rollout)


def _grow_new(rollout: Rollout) -> bool:
    assert rollout.new is not None
    if size(rollout.new) >= rollout.replicas:
        return resize(rollout, rollout.new, rollout.replicas)
    return resize(rollout, rollout.new, new_size(rollout))


def _shrink_old(rollout: Rollout) -> bool:
    """Old pods may go while enough of all are available, counting the new ones that are not as missing."""
    new = rollout.new
    assert new is not None
    if not rollout.active_old:
        return False
    least = rollout.replicas - rollout.max_unavailable
    new_unavailable = size(new) - _available(rollout, new)
    limit = rollout.total() - least - new_unavailable
    if limit <= 0:
        return False
    cleaned = _remove_unhealthy(rollout, limit)
    return _remove_available(rollout, least) or cleaned


def _available(rollout: Rollout, replicaset: Obj) -> int:
    """The replica set's available pods, without those that it is still to delete."""
    minimum, now = replicaset["spec"].get("minReadySeconds", 0), rollout.context.world.clock.now
    pods = rollout.context.api.owned("Pod", uid(replicaset))
    return min(size(replicaset), sum(1 for pod in pods if is_active(pod) and is_available(pod, minimum, now)))


def _remove_unhealthy(rollout: Rollout, limit: int) -> bool:
    """Shrink old replica sets by their pods that are not available: nothing is lost with them."""
    done = 0
    for replicaset in sorted(rollout.active_old, key=by_creation):
        unhealthy = size(replicaset) - _available(rollout, replicaset)
        fewer = min(limit - done, unhealthy)
        if fewer > 0:
            resize(rollout, replicaset, size(replicaset) - fewer)
            done += fewer
    return done > 0


def _remove_available(rollout: Rollout, least: int) -> bool:
    """Shrink old replica sets, oldest first, by what is available beyond the least that must be."""
    counted = [*rollout.active_old, *([rollout.new] if rollout.new is not None else [])]
    spare = sum(_available(rollout, replicaset) for replicaset in counted) - least
    done = False
    for replicaset in sorted(rollout.active_old, key=by_creation):
        fewer = min(spare, size(replicaset))
        if fewer > 0:
            resize(rollout, replicaset, size(replicaset) - fewer)
            spare -= fewer
            done = True
    return done


# ------------------------------------------------------------------------------------------------ recreating


def recreate(rollout: Rollout) -> None:
    """All old pods away first, then the new replica set."""
    shrunk = [resize(rollout, replicaset, 0) for replicaset in rollout.active_old]
    if any(shrunk) or _old_pods_run(rollout):
        rolloutstatus.sync_progress(rollout)
        return
    if rollout.new is None:
        sync_new(rollout, create=True)
    assert rollout.new is not None
    resize(rollout, rollout.new, rollout.replicas)
    if rolloutstatus.is_complete(rollout, rollout.status):
        clean_up(rollout)
    rolloutstatus.sync_progress(rollout)


def _old_pods_run(rollout: Rollout) -> bool:
    if count(rollout.old, "replicas") > 0:
        return True
    pods = (pod for one in rollout.old for pod in rollout.context.api.owned("Pod", uid(one)))
    return any(not is_ended(pod) for pod in pods)
