"""Evicting pods, within their disruption budgets. Models pkg/registry/core/pod/storage/eviction.go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cluster_core.apiserver import deletion
from cluster_core.apiserver.context import Context
from cluster_core.apiserver.lifecycle import existing, update
from cluster_core.apiserver.options import check_delete_options
from cluster_core.machinery import errors, selectors
from cluster_core.machinery.typed import Obj

_VIOLATES = "Cannot evict pod as it would violate the pod's disruption budget."
_MANY = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
_MAX_DISRUPTED = 2000
_STATUS: Obj = {"kind": "Status", "apiVersion": "v1", "metadata": {}}
_DONE: Obj = {**_STATUS, "status": "Success", "code": 201}


def evict(context: Context, eviction: Obj) -> Obj:
    """Serve pods/NAME/eviction. Raises TooManyRequests (429) while the budget allows no disruption."""
    options = dict(eviction.get("deleteOptions") or {})
    check_delete_options(options)
    context.dry_run = context.dry_run or "All" in options.get("dryRun", ())
    pod = existing(context)
    if not _is_free(pod):
        budgets = _budgets(context, pod)
        if len(budgets) > 1:
            return {**_STATUS, "status": "Failure", "message": _MANY, "code": 500}
        if budgets and not _harms_nobody(pod, budgets[0]):
            _spend(context, pod, budgets[0])
    _remove(context, options)
    return _DONE


def _is_free(pod: Obj) -> bool:
    """A pod that does no work: evicting it disrupts nothing."""
    phase = pod.get("status", {}).get("phase")
    return phase in ("Succeeded", "Failed", "Pending") or "deletionTimestamp" in pod["metadata"]


def _budgets(context: Context, pod: Obj) -> list[Obj]:
    server = context.server
    found = server.storage.list(server.kinds.named("PodDisruptionBudget"), context.namespace)
    labels = pod["metadata"].get("labels") or {}
    return [one for one in found if _selects(one["spec"].get("selector"), labels)]


def _selects(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    return selector is not None and bool(selectors.of_object(selector).matches(labels))


def _harms_nobody(pod: Obj, budget: Obj) -> bool:
    """An unready pod may go when its policy says so, or when enough others are healthy."""
    conditions = pod.get("status", {}).get("conditions") or ()
    if any(one["type"] == "Ready" and one["status"] == "True" for one in conditions):
        return False
    status = budget.get("status", {})
    healthy, wanted = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
    return bool(budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow" or healthy >= wanted > 0)


def _spend(context: Context, pod: Obj, budget: Obj) -> None:
    """Take one of the disruptions the budget allows."""
    metadata, status = budget["metadata"], budget.get("status", {})
    if status.get("observedGeneration", 0) < metadata.get("generation", 0):
        text = f"The disruption budget {metadata['name']} is still being processed by the server."
        raise _refused(text, retry_after=10)
    allowed = status.get("disruptionsAllowed", 0)
    disrupted = status.get("disruptedPods") or {}
    if allowed < 0 or len(disrupted) > _MAX_DISRUPTED:
        raise errors.forbidden("policy", "poddisruptionbudget", metadata["name"], _odd(allowed))
    if allowed == 0:
        raise _refused(_why(metadata["name"], status))
    if context.dry_run:
        return
    now = context.server.world.clock.timestamp()
    after = {**status, "disruptionsAllowed": allowed - 1, "disruptedPods": {**disrupted, pod["metadata"]["name"]: now}}
    if allowed == 1:
        after["conditions"] = _exhausted(status.get("conditions") or (), metadata.get("generation", 0), now)
    context.server.client("system:apiserver").update_status("PodDisruptionBudget", {**budget, "status": after})


def _odd(allowed: int) -> str:
    if allowed < 0:
        return "pdb disruptions allowed is negative"
    return "DisruptedPods map too big - too many evictions not confirmed by PDB controller"


def _refused(cause: str, retry_after: int = 0) -> errors.ApiError:
    details = {"causes": [{"reason": "DisruptionBudget", "message": cause}]}
    return errors.TooManyRequests(_VIOLATES, details, retry_after=retry_after)


def _why(name: str, status: Obj) -> str:
    conditions = status.get("conditions") or ()
    found: Obj = next((one for one in conditions if one["type"] == "DisruptionAllowed" and one["status"] == "False"), {})
    reason, message = found.get("reason", ""), found.get("message", "")
    healthy, wanted = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
    closed = f"The disruption budget {name} does not allow evicting pods currently"
    if message and reason == "SyncFailed":
        return f"{closed} because it failed sync: {message}"
    if healthy <= wanted:
        return f"The disruption budget {name} needs {wanted} healthy pods and has {healthy} currently"
    return f"{closed} ({reason}): {message}" if message else closed


def _exhausted(conditions: Any, generation: int, now: str) -> list[Obj]:
    others = [one for one in conditions if one["type"] != "DisruptionAllowed"]
    condition = {
        "type": "DisruptionAllowed",
        "status": "False",
        "observedGeneration": generation,
        "lastTransitionTime": now,
        "reason": "InsufficientPods",
        "message": "",
    }
    return [*others, condition]


def _remove(context: Context, options: dict[str, Any]) -> None:
    """Say on the pod why it goes, then delete it."""
    pod = existing(context)
    deletion.check_preconditions(context.kind, pod, options.get("preconditions") or {})
    if not context.dry_run:
        status = context.toward(context.kind, "update", context.namespace, context.name, "status")
        status.trusted = True
        now = context.server.world.clock.timestamp()
        update(status, lambda old: _marked(old, now))
    doomed = context.toward(context.kind, "delete", context.namespace, context.name)
    doomed.options = {key: value for key, value in options.items() if key != "preconditions"}
    deletion.delete(doomed)


def _marked(pod: Obj, now: str) -> Obj:
    conditions = pod.get("status", {}).get("conditions") or ()
    if any(one["type"] == "DisruptionTarget" and one["status"] == "True" for one in conditions):
        return pod
    others = [one for one in conditions if one["type"] != "DisruptionTarget"]
    condition = {
        "type": "DisruptionTarget",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": now,
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
    }
    return {**pod, "status": {**pod.get("status", {}), "conditions": [*others, condition]}}
