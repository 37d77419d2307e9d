"""The revisions of a DaemonSet's template. Models the history parts of pkg/controller/daemon/update.go."""

from __future__ import annotations

from cluster_core.controllers import revisions
from cluster_core.controllers.claims import labels
from cluster_core.controllers.revisions import POD_REVISION
from cluster_core.controllers.runtime import Context
from cluster_core.controllers.templates import hash_of
from cluster_core.machinery.errors import already_exists
from cluster_core.machinery.typed import Obj


def current(context: Context, owner: Obj) -> tuple[Obj, list[Obj]]:
    """(the revision of the present template, made when there is none; the others, oldest first)."""
    data = revisions.data_of(owner)
    found = [_labelled(context, one) for one in revisions.history(context, owner)]
    equal = [one for one in found if one.get("data") == data]
    old = [one for one in found if one.get("data") != data]
    number = max((one.get("revision", 0) for one in old), default=0) + 1
    if not equal:
        return _snapshot(context, owner, number), old
    kept = _only(context, owner, equal)
    return (revisions.renumber(context, kept, number) if kept.get("revision", 0) < number else kept), old


def _labelled(context: Context, revision: Obj) -> Obj:
    if POD_REVISION in labels(revision):
        return revision
    metadata = revision["metadata"]
    marked = {**labels(revision), POD_REVISION: metadata["name"]}
    return context.api.update("ControllerRevision", {**revision, "metadata": {**metadata, "labels": marked}})


def _snapshot(context: Context, owner: Obj, number: int) -> Obj:
    """A new revision. Raises AlreadyExists, having counted the collision, when a stranger has its name."""
    status = owner.get("status", {})
    before = status.get("collisionCount")

    def digest(_: int) -> str:
        return hash_of(owner["spec"]["template"], before)

    made, collisions = revisions.create(context, owner, number, before or 0, digest=digest, label=POD_REVISION)
    if made is not None:
        return made
    context.api.update_status("DaemonSet", {**owner, "status": {**status, "collisionCount": collisions}})
    raise already_exists("apps", "controllerrevisions", f"{owner['metadata']['name']}-{digest(0)}")


def _only(context: Context, owner: Obj, equal: list[Obj]) -> Obj:
    """Of several equal revisions the newest stays, and pods of the others are its pods."""
    kept = equal[-1]
    if len(equal) == 1:
        return kept
    digest = labels(kept)[POD_REVISION]
    for pod in context.api.owned("Pod", owner["metadata"]["uid"]):
        if labels(pod).get(POD_REVISION) != digest:
            metadata = pod["metadata"]
            patch = {"metadata": {"labels": {POD_REVISION: digest}}}
            context.api.patch("Pod", metadata["namespace"], metadata["name"], patch)
    revisions.truncate(context, equal[:-1], 0)
    return kept


def clean_up(context: Context, owner: Obj, old: list[Obj]) -> None:
    """Delete the oldest revisions beyond revisionHistoryLimit that no pod has."""
    surplus = len(old) - owner["spec"].get("revisionHistoryLimit", 10)
    if surplus <= 0:
        return
    live = {labels(pod).get(POD_REVISION) for pod in context.api.owned("Pod", owner["metadata"]["uid"])}
    unused = [one for one in old if labels(one).get(POD_REVISION) not in live]
    revisions.truncate(context, unused[:surplus], 0)
