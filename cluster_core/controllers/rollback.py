"""Roll a Deployment back to an earlier template on the deprecated annotation's demand.

Models pkg/controller/deployment/rollback.go. (kubectl rollout undo writes the old template itself.)
"""

from __future__ import annotations

from cluster_core.controllers.rollout import Rollout, notes_of
from cluster_core.controllers.rolloutrevision import NOT_COPIED, copied, revision_of, sync_new
from cluster_core.controllers.templates import POD_TEMPLATE_HASH, equal
from cluster_core.machinery import gofmt
from cluster_core.machinery.typed import Obj

ANNOTATION = "deprecated.deployment.rollback.to"


def wanted(rollout: Rollout) -> int | None:
    """The revision to go back to, 0 for the last one."""
    text = notes_of(rollout.deployment).get(ANNOTATION, "")
    return int(text) if text.isascii() and text.isdigit() else None


def roll_back(rollout: Rollout) -> None:
    sync_new(rollout)
    revision = wanted(rollout) or _last_revision(rollout)
    if not revision:
        text = "Unable to find last revision."
        rollout.event("Warning", "DeploymentRollbackRevisionNotFound", text)
        _store(rollout, rollout.deployment)
        return
    target = next((one for one in rollout.replicasets if revision_of(one) == revision), None)
    if target is None:
        text = "Unable to find the revision to rollback to."
        rollout.event("Warning", "DeploymentRollbackRevisionNotFound", text)
        _store(rollout, rollout.deployment)
    else:
        _take_template(rollout, target, revision)


def _last_revision(rollout: Rollout) -> int:
    """The second highest revision there is."""
    revisions = sorted(map(revision_of, rollout.replicasets), reverse=True)
    return revisions[1] if len(revisions) > 1 else 0


def _take_template(rollout: Rollout, target: Obj, revision: int) -> None:
    name = gofmt.quote(rollout.name)
    deployment, template = rollout.deployment, target["spec"]["template"]
    if equal(deployment["spec"]["template"], template):
        text = f"The rollback revision contains the same template as current deployment {name}"
        rollout.event("Warning", "DeploymentRollbackTemplateUnchanged", text)
        _store(rollout, deployment)
        return
    labels = {key: value for key, value in template["metadata"]["labels"].items() if key != POD_TEMPLATE_HASH}
    plain = {**template, "metadata": {**template["metadata"], "labels": labels}}
    kept = {key: value for key, value in notes_of(deployment).items() if key in NOT_COPIED}
    metadata = {**deployment["metadata"], "annotations": {**kept, **copied(target)}}
    _store(rollout, {**deployment, "metadata": metadata, "spec": {**deployment["spec"], "template": plain}})
    rollout.event("Normal", "DeploymentRollback", f"Rolled back deployment {name} to revision {revision}")


def _store(rollout: Rollout, deployment: Obj) -> None:
    """Write the whole Deployment without the demand; what follows is the next reconcile's."""
    notes = {key: value for key, value in notes_of(deployment).items() if key != ANNOTATION}
    changed = {**deployment, "metadata": {**deployment["metadata"], "annotations": notes}}
    rollout.stored = rollout.deployment = rollout.context.api.update("Deployment", changed)
    rollout.status = dict(rollout.stored.get("status", {}))
