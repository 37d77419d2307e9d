"""Keep a number of equal pods: what ReplicaSets and ReplicationControllers share. Models pkg/controller/replicaset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cluster_core.apiserver.parts import split_key
from cluster_core.controllers import conditions
from cluster_core.controllers.claims import claim, labels
from cluster_core.controllers.podrank import ranked_for_deletion
from cluster_core.controllers.pods import (
    PodControl,
    from_template,
    is_active,
    is_available,
    is_deleted,
    is_ready,
    is_terminating,
    next_available,
    slow_start,
)
from cluster_core.controllers.runtime import Context
from cluster_core.machinery import selectors
from cluster_core.machinery.errors import ApiError, Conflict
from cluster_core.machinery.typed import Obj

BURST = 500
"""Pods created or deleted in one reconcile at the most."""

SECONDS_PER_POD = 3e-4
"""A large set is looked at less often, so that the work stays proportional to its size."""


@dataclass(frozen=True, slots=True)
class Flavor:
    """In what the two kinds differ."""

    kind: str
    component: str
    counts_terminating: bool
    condition: str = "ReplicaFailure"

    def matcher(self, owner: Obj) -> selectors.Matcher:
        selector = owner["spec"].get("selector")
        if self.kind == "ReplicationController":
            return selectors.compile_map(selector)
        return selectors.compile(selector)

    def latency(self, context: Context, key: str) -> float:
        owner = context.api.get(self.kind, *split_key(key))
        return 0.02 + SECONDS_PER_POD * wanted(owner) if owner is not None else 0.02


def wanted(owner: Obj) -> int:
    return int(owner["spec"].get("replicas", 1))


def reconcile(flavor: Flavor, context: Context, key: str) -> float | None:
    owner = context.api.get(flavor.kind, *split_key(key))
    if owner is None:
        return None
    matches = flavor.matcher(owner)
    active = claim(context, "Pod", owner, matches, is_active)
    error = None if is_deleted(owner) else _manage(PodControl(context, owner, flavor.component), active)
    seconds = _write_status(flavor, context, owner, active, error)
    if error is not None:
        raise error
    missing = abs(wanted(owner) - len(active))
    # A burst at a time: pods made by us wake us anyway, unless every one of them is gone again by then.
    return 0.02 if missing > BURST and not is_deleted(owner) else seconds


# ------------------------------------------------------------------------------------------------ pods


def _manage(control: PodControl, active: list[Obj]) -> ApiError | None:
    missing = wanted(control.owner) - len(active)
    if missing > 0:
        pod = from_template(control.owner, control.owner["spec"]["template"])
        return slow_start(min(missing, BURST), lambda _: control.create(pod))[1]
    return _delete(control, active, min(-missing, BURST)) if missing else None


def _delete(control: PodControl, active: list[Obj], count: int) -> ApiError | None:
    first: ApiError | None = None
    for pod in _victims(control, active)[:count]:
        try:
            control.delete(pod)
        except Conflict:
            continue
        except ApiError as error:
            first = first or error
    return first


def _victims(control: PodControl, active: list[Obj]) -> list[Obj]:
    """The pods in the order in which they should go; all or none needs no order."""
    related = _related(control.context, control.owner)
    return ranked_for_deletion(active, related, control.context.world.clock.now)


def _related(context: Context, owner: Obj) -> list[Obj]:
    """Pods of all replica sets with the same controlling owner: those on one node with others go first."""
    above = next((one for one in owner["metadata"].get("ownerReferences", ()) if one.get("controller")), None)
    siblings = context.api.owned(owner["kind"], above["uid"]) if above else [owner]
    return [pod for sibling in siblings for pod in context.api.owned("Pod", sibling["metadata"]["uid"])]


# ------------------------------------------------------------------------------------------------ status


def _write_status(
    flavor: Flavor, context: Context, owner: Obj, active: list[Obj], error: ApiError | None
) -> float | None:
    """Bring the status up to date; answers the seconds until a ready pod becomes available."""
    status = _status(flavor, context, owner, active)
    found = _conditions(flavor, context, owner, error, len(active))
    if found:
        status["conditions"] = found
    if status != owner.get("status"):
        context.api.update_status(flavor.kind, {**owner, "status": status})
    minimum = owner["spec"].get("minReadySeconds", 0)
    if not minimum or status.get("readyReplicas", 0) == status.get("availableReplicas", 0):
        return None
    return next_available(active, minimum, context.world.clock.now)


def _status(flavor: Flavor, context: Context, owner: Obj, active: list[Obj]) -> dict[str, Any]:
    now, minimum = context.world.clock.now, owner["spec"].get("minReadySeconds", 0)
    matches = selectors.compile_map(owner["spec"].get("template", {}).get("metadata", {}).get("labels"))
    ready = [pod for pod in active if is_ready(pod)]
    status = {
        "replicas": len(active),
        "fullyLabeledReplicas": sum(1 for pod in active if matches(labels(pod))),
        "readyReplicas": len(ready),
        "availableReplicas": sum(1 for pod in ready if is_available(pod, minimum, now)) if minimum else len(ready),
        "observedGeneration": owner["metadata"].get("generation", 0),
    }
    if not flavor.counts_terminating:
        return conditions.compact(status, "replicas")
    status["terminatingReplicas"] = _terminating(flavor, context, owner)
    return conditions.compact(status, "replicas", "terminatingReplicas")


def _terminating(flavor: Flavor, context: Context, owner: Obj) -> int:
    matches = flavor.matcher(owner)
    pods = context.api.owned("Pod", owner["metadata"]["uid"])
    return sum(1 for pod in pods if is_terminating(pod) and matches(labels(pod)))


def _conditions(
    flavor: Flavor, context: Context, owner: Obj, error: ApiError | None, active: int
) -> conditions.Conditions:
    present = owner.get("status", {}).get("conditions", ())
    if error is None:
        return conditions.without(present, flavor.condition)
    if conditions.find(present, flavor.condition) is not None:
        return [dict(one) for one in present]
    reason = "FailedCreate" if active < wanted(owner) else "FailedDelete"
    now = context.world.clock.timestamp()
    return conditions.set(present, conditions.make(flavor.condition, "True", reason, error.message, now))
