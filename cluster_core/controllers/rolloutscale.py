"""Change the sizes of a Deployment's replica sets, in proportion when several have pods.

Models the scaling of pkg/controller/deployment/sync.go.
"""

from __future__ import annotations

from math import floor

from cluster_core.controllers import rolloutstatus
from cluster_core.controllers.rollback import wanted as rollback_wanted
from cluster_core.controllers.rollout import DESIRED, MAXIMUM, Rollout, by_creation, count, notes_of, size
from cluster_core.controllers.rolloutrevision import clean_up, replica_annotations, sync_new
from cluster_core.machinery.typed import Obj


def resize(rollout: Rollout, replicaset: Obj, replicas: int, *, force: bool = False) -> bool:
    """Give the replica set a new size and tell; `force` also refreshes its annotations. Answers whether it was resized."""
    before = size(replicaset)
    notes = {**notes_of(replicaset), **replica_annotations(rollout)}
    stale = notes != notes_of(replicaset)
    if before == replicas and not (force and stale):
        return False
    metadata = {**replicaset["metadata"], "annotations": notes}
    rollout.put({**replicaset, "metadata": metadata, "spec": {**replicaset["spec"], "replicas": replicas}})
    if before == replicas:
        return False
    way = "up" if before < replicas else "down"
    text = f"Scaled {way} replica set {metadata['name']} from {before} to {replicas}"
    rollout.event("Normal", "ScalingReplicaSet", text)
    return True


def _number(replicaset: Obj, annotation: str) -> int | None:
    text = notes_of(replicaset).get(annotation, "")
    return int(text) if text.isascii() and text.isdigit() and int(text) < 2**31 else None


def is_scaling(rollout: Rollout) -> bool:
    """Whether spec.replicas has changed since a replica set with pods was last written."""
    numbers = [_number(one, DESIRED) for one in rollout.active]
    return any(number is not None and number != rollout.replicas for number in numbers)


def sync(rollout: Rollout) -> None:
    """Scale without rolling: after a change of spec.replicas, or while paused."""
    sync_new(rollout)
    _scale(rollout)
    if rollout.paused and rollback_wanted(rollout) is None:
        clean_up(rollout)
    rolloutstatus.sync(rollout)


def _scale(rollout: Rollout) -> None:
    active = rollout.active
    if len(active) <= 1:
        only = active[0] if active else rollout.new or (rollout.old[-1] if rollout.old else None)
        if only is not None:
            resize(rollout, only, rollout.replicas)
    elif _is_saturated(rollout):
        for replicaset in rollout.active_old:
            resize(rollout, replicaset, 0)
    elif rollout.rolling:
        _scale_in_proportion(rollout)


def _is_saturated(rollout: Rollout) -> bool:
    new = rollout.new
    if new is None or _number(new, DESIRED) != rollout.replicas:
        return False
    return [size(new), count([new], "availableReplicas")] == [rollout.replicas] * 2


def _scale_in_proportion(rollout: Rollout) -> None:
    """Spread what is to be added or removed over the replica sets by their size, the rest to the largest."""
    allowed = rollout.replicas + rollout.max_surge if rollout.replicas else 0
    to_add = allowed - rollout.total()
    ordered = _largest_first(rollout, growing=to_add > 0)
    sizes, added = [], 0
    for replicaset in ordered:
        share = _share(rollout, replicaset, to_add, added)
        added += share
        sizes.append(size(replicaset) + share)
    if to_add:
        sizes[0] = max(0, sizes[0] + to_add - added)
    for replicaset, replicas in zip(ordered, sizes, strict=True):
        resize(rollout, replicaset, replicas, force=True)


def _largest_first(rollout: Rollout, *, growing: bool) -> list[Obj]:
    """Among equals the newest first when growing, the oldest when shrinking."""
    by_age = sorted(rollout.active, key=by_creation, reverse=growing)
    return sorted(by_age, key=size, reverse=True)


def _share(rollout: Rollout, replicaset: Obj, to_add: int, added: int) -> int:
    if to_add == added:
        return 0
    fraction, left = _fraction(rollout, replicaset), to_add - added
    return min(fraction, left) if to_add > 0 else max(fraction, left)


def _fraction(rollout: Rollout, replicaset: Obj) -> int:
    present = size(replicaset)
    if not rollout.replicas:
        return -present
    before = _number(replicaset, MAXIMUM) or rollout.status.get("replicas", 0)
    if not before:
        return 0
    return floor(present * (rollout.replicas + rollout.max_surge) / before + 0.5) - present
