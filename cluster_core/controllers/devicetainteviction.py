"""Evict pods whose devices have a NoExecute taint that their claims do not tolerate (any longer).
Models pkg/controller/devicetainteviction.

Keys: "NAMESPACE/NAME" looks at a pod, "due/NAMESPACE/NAME" evicts it. A planned eviction is called off when the taint goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cluster_core.apiserver.parts import object_key, split_key
from cluster_core.controllers import conditions
from cluster_core.controllers.pods import is_ended
from cluster_core.controllers.runtime import Context, Controller
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.taints import tolerates
from cluster_core.machinery.timestamps import parse_time
from cluster_core.machinery.typed import Obj

NAME = "device-taint-eviction-controller"
_COMPONENT = "device-taint-eviction"
_REASON = "DeviceTaintManagerEviction"
_TARGET = f"controller/{NAME}"
_DUE = "due/"


def reconcile(context: Context, key: str) -> float | None:
    name = key.removeprefix(_DUE)
    pod = context.api.get("Pod", *split_key(name))
    when = None if pod is None else _when(context, pod)
    agenda = context.world.agenda
    if pod is None or when is None:
        if agenda.planned(_TARGET, _DUE + name) is not None:
            agenda.cancel(_TARGET, _DUE + name)
            if pod is not None:
                context.event(pod, "Normal", _REASON, "Cancelling deletion", _COMPONENT)
    elif key.startswith(_DUE) and when <= context.world.clock.now:
        _evict(context, pod)
    else:
        agenda.soon(_TARGET, _DUE + name, max(0, when - context.world.clock.now) / SECOND)
    return None


def _when(context: Context, pod: Obj) -> int | None:
    """When the pod has to go; None: it may stay."""
    if not pod["spec"].get("nodeName") or is_ended(pod) or "deletionTimestamp" in pod["metadata"]:
        return None
    times = [time for claim in _claims(context, pod) for time in _ends_of(context, claim)]
    return min(times, default=None)


def _claims(context: Context, pod: Obj) -> Iterator[Obj]:
    """The claims that are reserved for the pod."""
    metadata = pod["metadata"]
    made = {each["name"]: each.get("resourceClaimName") for each in pod.get("status", {}).get("resourceClaimStatuses") or ()}
    for wanted in pod["spec"].get("resourceClaims") or ():
        name = wanted.get("resourceClaimName") or made.get(wanted["name"])
        claim = context.api.get("ResourceClaim", metadata["namespace"], name) if name else None
        if claim is not None and any(user["uid"] == metadata["uid"] for user in (claim.get("status") or {}).get("reservedFor") or ()):
            yield claim


def _results(claim: Obj) -> Iterable[Obj]:
    found: Iterable[Obj] = (((claim.get("status") or {}).get("allocation") or {}).get("devices") or {}).get("results") or ()
    return found


def _ends_of(context: Context, claim: Obj) -> Iterator[int]:
    """For each taint of the claim's devices that is not tolerated for ever, when patience with it ends."""
    for result in _results(claim):
        for taint in _taints(context, result):
            patience = [each.get("tolerationSeconds") for each in result.get("tolerations") or () if tolerates(each, taint)]
            if None not in patience:
                yield parse_time(taint["timeAdded"]) + max(0, min((int(each or 0) for each in patience), default=0)) * SECOND


def _taints(context: Context, result: Obj) -> list[Obj]:
    """The taints of an allocated device that drive pods away."""
    return [
        taint
        for spec in (each["spec"] for each in context.api.list("ResourceSlice"))
        if (spec["driver"], spec["pool"]["name"]) == (result["driver"], result["pool"])
        for device in spec.get("devices") or ()
        if device["name"] == result["device"]
        for taint in device.get("taints") or ()
        if taint["effect"] == "NoExecute"
    ]


def _evict(context: Context, pod: Obj) -> None:
    """Say so in the pod's conditions and delete it."""
    metadata = pod["metadata"]
    context.event(pod, "Normal", _REASON, "Marking for deletion", _COMPONENT)
    target = {
        "type": "DisruptionTarget",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": context.world.clock.timestamp(),
        "reason": "DeletionByDeviceTaintManager",
        "message": "Device Taint manager: deleting due to NoExecute taint",
    }
    changed = conditions.set(pod["status"].get("conditions", ()), target)
    context.api.update_status("Pod", {**pod, "status": {**pod["status"], "conditions": changed}})
    context.api.delete("Pod", metadata["namespace"], metadata["name"], uid=metadata["uid"])


def _users(context: Context, claim: Obj) -> Iterable[str]:
    users = (claim.get("status") or {}).get("reservedFor") or ()
    return [f"{claim['metadata']['namespace']}/{user['name']}" for user in users if user.get("resource") == "pods"]


def _users_of_pool(context: Context, found: Obj) -> Iterable[str]:
    pool = found["spec"]["driver"], found["spec"]["pool"]["name"]
    claims = (claim for claim in context.api.list("ResourceClaim") if any((r["driver"], r["pool"]) == pool for r in _results(claim)))
    return [key for claim in claims for key in _users(context, claim)]


def _pod(context: Context, pod: Obj) -> Iterable[str]:
    return (object_key(pod),) if pod["spec"].get("resourceClaims") and pod["spec"].get("nodeName") else ()


CONTROLLER = Controller(
    NAME,
    watches={"ResourceSlice": _users_of_pool, "ResourceClaim": _users, "Pod": _pod},
    reconcile=reconcile,
    latency=0.0,
)
