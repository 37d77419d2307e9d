"""The replica set of a Deployment's present template: found or made, numbered, annotated; old ones cleaned up.

Models getNewReplicaSet and cleanupDeployment of pkg/controller/deployment/sync.go.
"""

from __future__ import annotations

from typing import Any

from cluster_core.controllers.pods import is_deleted, namespace_is_terminating, owner_reference
from cluster_core.controllers.rollout import (
    DESIRED,
    MAXIMUM,
    NO_LIMIT,
    REVISION,
    REVISION_HISTORY,
    Rollout,
    by_creation,
    notes_of,
    size,
    uid,
)
from cluster_core.controllers.templates import POD_TEMPLATE_HASH, equal, hash_of, selector_with_label, with_label
from cluster_core.machinery import gofmt
from cluster_core.machinery.errors import AlreadyExists, ApiError
from cluster_core.machinery.typed import Obj

HISTORY_LENGTH = 2000
"""Characters of the revision-history annotation at the most."""

NOT_COPIED = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        "deprecated.deployment.rollback.to",
        REVISION,
        REVISION_HISTORY,
        DESIRED,
        MAXIMUM,
    }
)


def find_new(rollout: Rollout) -> None:
    """The oldest replica set with the Deployment's template."""
    template = rollout.deployment["spec"]["template"]
    rollout.new = next((one for one in rollout.replicasets if equal(one["spec"]["template"], template)), None)


def revision_of(replicaset: Obj) -> int:
    text = notes_of(replicaset).get(REVISION, "0")
    return int(text) if text.removeprefix("-").isdigit() else 0


def _next_revision(rollout: Rollout) -> int:
    return max(map(revision_of, rollout.old), default=0) + 1


def sync_new(rollout: Rollout, *, create: bool = False) -> None:
    """Bring the new replica set's annotations and the Deployment's revision up to date; make one if asked to."""
    if rollout.new is None:
        if create:
            _create(rollout)
        return
    changed = _annotated(rollout, rollout.new, _next_revision(rollout))
    seconds = rollout.deployment["spec"].get("minReadySeconds", 0)
    if rollout.new["spec"].get("minReadySeconds", 0) != seconds:
        changed = {**changed, "spec": {**changed["spec"], "minReadySeconds": seconds}}
    if changed is not rollout.new:
        rollout.put(changed)
    _note_found(rollout)


def _note_found(rollout: Rollout) -> None:
    assert rollout.new is not None
    rollout.set_revision(notes_of(rollout.new).get(REVISION, ""))
    if rollout.deadline is not None and rollout.progressing is None:
        name = gofmt.quote(rollout.new["metadata"]["name"])
        rollout.set_condition("True", "FoundNewReplicaSet", f"Found new replica set {name}")


# ------------------------------------------------------------------------------------------------ annotations


def _annotated(rollout: Rollout, replicaset: Obj, revision: int) -> Obj:
    """The replica set with the Deployment's annotations and the revision; itself when nothing changes."""
    before = notes_of(replicaset)
    after = {**before, **copied(rollout.deployment)}
    old = before.get(REVISION)
    if old and not old.removeprefix("-").isdigit():
        return replicaset if after == before else _with_annotations(replicaset, after)
    if int(old or 0) < revision:
        after[REVISION] = str(revision)
        if old is not None:
            after.update(_history(before.get(REVISION_HISTORY, ""), old))
    return replicaset if after == before else _with_annotations(replicaset, after)


def copied(deployment: Obj) -> dict[str, str]:
    """The annotations of a Deployment that its replica sets get."""
    return {key: value for key, value in notes_of(deployment).items() if key not in NOT_COPIED}


def _history(history: str, old: str) -> dict[str, str]:
    """The revisions the replica set has served before, the oldest dropped when there are too many."""
    numbers = [*(history.split(",") if history else []), old]
    while len(numbers) > 1 and len(",".join(numbers)) > HISTORY_LENGTH:
        numbers.pop(0)
    return {REVISION_HISTORY: ",".join(numbers)}


def _with_annotations(replicaset: Obj, found: dict[str, str]) -> Obj:
    return {**replicaset, "metadata": {**replicaset["metadata"], "annotations": found}}


def replica_annotations(rollout: Rollout) -> dict[str, str]:
    return {DESIRED: str(rollout.replicas), MAXIMUM: str(rollout.replicas + rollout.max_surge)}


# ------------------------------------------------------------------------------------------------ making


def new_size(rollout: Rollout) -> int:
    """How many replicas the new replica set may have now."""
    present = size(rollout.new) if rollout.new is not None else 0
    if not rollout.rolling:
        return rollout.replicas
    room = rollout.replicas + rollout.max_surge - rollout.total()
    return present + min(room, rollout.replicas - present) if room > 0 else present


def _create(rollout: Rollout) -> None:
    wanted = _new_replicaset(rollout)
    try:
        made = rollout.context.api.create("ReplicaSet", wanted)
    except AlreadyExists as error:
        _settle_collision(rollout, wanted, error)
        return
    except ApiError as error:
        _report_failure(rollout, wanted, error)
        raise
    rollout.add(made)
    name = made["metadata"]["name"]
    if size(made) > 0:
        rollout.event("Normal", "ScalingReplicaSet", f"Scaled up replica set {name} from 0 to {size(made)}")
    rollout.set_revision(notes_of(made)[REVISION])
    if rollout.deadline is not None:
        rollout.set_condition("True", "NewReplicaSetCreated", f"Created new replica set {gofmt.quote(name)}")


def _new_replicaset(rollout: Rollout) -> dict[str, Any]:
    deployment, spec = rollout.deployment, rollout.deployment["spec"]
    digest = hash_of(spec["template"], rollout.status.get("collisionCount"))
    template = with_label(spec["template"], POD_TEMPLATE_HASH, digest)
    notes = {**copied(deployment), REVISION: str(_next_revision(rollout)), **replica_annotations(rollout)}
    metadata = {
        "name": f"{rollout.name[: 252 - len(digest)]}-{digest}",
        "namespace": deployment["metadata"]["namespace"],
        "labels": template["metadata"]["labels"],
        "annotations": notes,
        "ownerReferences": [owner_reference(deployment)],
    }
    body: dict[str, Any] = {"replicas": new_size(rollout)}
    if spec.get("minReadySeconds"):
        body["minReadySeconds"] = spec["minReadySeconds"]
    body["selector"] = selector_with_label(spec.get("selector"), POD_TEMPLATE_HASH, digest)
    return {"metadata": metadata, "spec": {**body, "template": template}}


def _settle_collision(rollout: Rollout, wanted: Obj, error: ApiError) -> None:
    """The name is taken: by our own replica set, which then is the new one, or by a stranger: count on and try again."""
    metadata = wanted["metadata"]
    found = rollout.context.api.get("ReplicaSet", metadata["namespace"], metadata["name"])
    if found is not None and _is_ours(rollout, found):
        rollout.add(found)
        rollout.set_revision(metadata["annotations"][REVISION])
        return
    rollout.status["collisionCount"] = rollout.status.get("collisionCount", 0) + 1
    rollout.write()
    raise error


def _is_ours(rollout: Rollout, replicaset: Obj) -> bool:
    owners = replicaset["metadata"].get("ownerReferences", ())
    ours = any(one.get("controller") and one["uid"] == uid(rollout.deployment) for one in owners)
    return ours and equal(replicaset["spec"]["template"], rollout.deployment["spec"]["template"])


def _report_failure(rollout: Rollout, wanted: Obj, error: ApiError) -> None:
    if namespace_is_terminating(error):
        return
    text = f"Failed to create new replica set {gofmt.quote(wanted['metadata']['name'])}: {error.message}"
    if rollout.deadline is not None:
        rollout.set_condition("False", "ReplicaSetCreateError", text)
        rollout.write()
    rollout.event("Warning", "ReplicaSetCreateError", text)


# ------------------------------------------------------------------------------------------------ cleaning up


def clean_up(rollout: Rollout) -> None:
    """Delete the oldest of the old, empty replica sets beyond revisionHistoryLimit."""
    limit = rollout.deployment["spec"].get("revisionHistoryLimit", 10)
    old = [one for one in rollout.old if not is_deleted(one)]
    if limit == NO_LIMIT or len(old) <= limit:
        return
    for replicaset in sorted(old, key=lambda one: (revision_of(one), by_creation(one)))[: len(old) - limit]:
        if _is_idle(replicaset):
            metadata = replicaset["metadata"]
            rollout.context.api.delete("ReplicaSet", metadata["namespace"], metadata["name"], uid=metadata["uid"])


def _is_idle(replicaset: Obj) -> bool:
    status = replicaset.get("status", {})
    seen = replicaset["metadata"].get("generation", 0) <= status.get("observedGeneration", 0)
    return seen and not status.get("replicas", 0) and size(replicaset) == 0
