"""Roll a Deployment's pods from one template to the next. Models pkg/controller/deployment.

This module decides which way a Deployment is taken: deleted, paused, rolled back, scaled, recreated or rolled. The steps
are in `rollout` (the replica sets at hand), `rolloutrevision`, `rolloutscale`, `rolloutsteps` and `rolloutstatus`.
"""

from __future__ import annotations

from cluster_core.apiserver.parts import split_key
from cluster_core.controllers import rollback, rolloutscale, rolloutstatus, rolloutsteps
from cluster_core.controllers.claims import owner_or_selecting
from cluster_core.controllers.pods import is_deleted
from cluster_core.controllers.replicas import SECONDS_PER_POD, wanted
from cluster_core.controllers.rollout import Rollout
from cluster_core.controllers.rolloutrevision import find_new, sync_new
from cluster_core.controllers.runtime import Context, Controller, itself


def reconcile(context: Context, key: str) -> float | None:
    deployment = context.api.get("Deployment", *split_key(key))
    if deployment is None:
        return None
    if not deployment["spec"].get("selector"):
        _refuse_to_select_all(context, key)
        return None
    rollout = Rollout.of(context, deployment)
    find_new(rollout)
    _go(rollout)
    rollout.write()
    return rolloutstatus.look_again(rollout)


def _refuse_to_select_all(context: Context, key: str) -> None:
    deployment = context.api.get("Deployment", *split_key(key))
    assert deployment is not None
    text = "This deployment is selecting all pods. A non-empty selector is required."
    context.event(deployment, "Warning", "SelectingAll", text, "deployment-controller")
    generation = deployment["metadata"].get("generation", 0)
    status = {**deployment.get("status", {}), "observedGeneration": generation}
    if status != deployment.get("status"):
        context.api.update_status("Deployment", {**deployment, "status": status})


def _go(rollout: Rollout) -> None:
    if is_deleted(rollout.deployment):
        sync_new(rollout)
        rolloutstatus.sync(rollout)
        return
    rolloutstatus.note_pause(rollout)
    if rollout.paused:
        rolloutscale.sync(rollout)
    elif rollback.wanted(rollout) is not None:
        rollback.roll_back(rollout)
    else:
        _roll(rollout)


def _roll(rollout: Rollout) -> None:
    sync_new(rollout)
    if rolloutscale.is_scaling(rollout):
        rolloutscale.sync(rollout)
    elif rollout.rolling:
        rolloutsteps.roll(rollout)
    else:
        rolloutsteps.recreate(rollout)


def _latency(context: Context, key: str) -> float:
    """A little longer than a replica set's, so that pods shrunk away have begun to go before others are made for them."""
    deployment = context.api.get("Deployment", *split_key(key))
    return 0.03 + SECONDS_PER_POD * wanted(deployment) if deployment is not None else 0.03


CONTROLLER = Controller(
    "deployment",
    watches={"Deployment": itself, "ReplicaSet": owner_or_selecting("Deployment")},
    reconcile=reconcile,
    latency=_latency,
)
