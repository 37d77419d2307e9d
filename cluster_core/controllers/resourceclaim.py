"""Make pods' resource claims from their templates; give devices back that no pod uses any more.

Models pkg/controller/resourceclaim. Keys: "pod/NAMESPACE/NAME" and "claim/NAMESPACE/NAME".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cluster_core.apiserver.parts import controller_of, object_key, split_key
from cluster_core.controllers.pods import is_deleted, is_ended
from cluster_core.controllers.runtime import Context, Controller
from cluster_core.controllers.volumes import notes, with_finalizers
from cluster_core.machinery.errors import ApiError
from cluster_core.machinery.typed import Obj

COMPONENT = "resource_claim"
ANNOTATION = "resource.kubernetes.io/pod-claim-name"
FINALIZER = "resource.kubernetes.io/delete-protection"
_LONGEST = 57
_MOST_USERS = 256


def reconcile(context: Context, key: str) -> float | None:
    what, _, name = key.partition("/")
    if what == "pod":
        pod = context.api.get("Pod", *split_key(name))
        if pod is not None and not is_deleted(pod):
            _sync_pod(context, pod)
    else:
        claim = context.api.get("ResourceClaim", *split_key(name))
        if claim is not None:
            _sync_claim(context, claim)
    return None


# ------------------------------------------------------------------------------------------------ pods


def _sync_pod(context: Context, pod: Obj) -> None:
    made: dict[str, str] = {}
    for wanted in pod["spec"].get("resourceClaims") or ():
        if not wanted.get("resourceClaimTemplateName"):
            continue
        try:
            made[wanted["name"]] = _provide(context, pod, wanted)
        except ApiError as error:
            text = f"PodResourceClaim {wanted['name']}: {error.message}"
            context.event(pod, "Warning", "FailedResourceClaimCreation", text, COMPONENT)
            raise
    if made and made != _statuses(pod):
        statuses = [{"name": name, "resourceClaimName": claim} for name, claim in made.items()]
        pod = context.api.update_status("Pod", {**pod, "status": {**pod["status"], "resourceClaimStatuses": statuses}})
    if pod["spec"].get("nodeName"):
        _reserve_all(context, pod)


def _statuses(pod: Obj) -> dict[str, str]:
    """Claim name by the pod's own name for it."""
    found = pod.get("status", {}).get("resourceClaimStatuses") or ()
    return {each["name"]: each.get("resourceClaimName", "") for each in found}


def _provide(context: Context, pod: Obj, wanted: Obj) -> str:
    """The name of the claim made for the pod, found again or created."""
    found = _own_claim(context, pod, wanted["name"])
    return str((found or _create(context, pod, wanted))["metadata"]["name"])


def _own_claim(context: Context, pod: Obj, name: str) -> Obj | None:
    owned = context.api.owned("ResourceClaim", pod["metadata"]["uid"])
    return next((claim for claim in owned if notes(claim).get(ANNOTATION) == name), None)


def _create(context: Context, pod: Obj, wanted: Obj) -> Obj:
    metadata, template_name = pod["metadata"], wanted["resourceClaimTemplateName"]
    template = context.api.get("ResourceClaimTemplate", metadata["namespace"], template_name)
    if template is None:
        problem = f'resourceclaimtemplate.resource.k8s.io "{template_name}" not found'
        raise ApiError(f'resource claim template "{template_name}": {problem}')
    given = template["spec"].get("metadata") or {}
    owner = {"apiVersion": "v1", "kind": "Pod", "name": metadata["name"], "uid": metadata["uid"], "controller": True}
    made: dict[str, Any] = {
        "generateName": _prefix(metadata["name"], wanted["name"]),
        "namespace": metadata["namespace"],
        "annotations": {**(given.get("annotations") or {}), ANNOTATION: wanted["name"]},
        "ownerReferences": [owner],
    }
    if given.get("labels"):
        made["labels"] = given["labels"]
    return context.api.create("ResourceClaim", {"metadata": made, "spec": template["spec"]["spec"]})


def _prefix(pod: str, claim: str) -> str:
    """Both names, each shortened by as much when they are too long together."""
    whole = f"{pod}-{claim}-"
    if len(whole) <= _LONGEST:
        return whole
    return f"{pod[: len(pod) * _LONGEST // len(whole)]}-{claim[: len(claim) * _LONGEST // len(whole)]}"


def _names(pod: Obj) -> list[str]:
    """Names of the claims the pod uses, its own and those that others have made."""
    statuses = _statuses(pod)
    wanted = pod["spec"].get("resourceClaims") or ()
    return [name for each in wanted if (name := each.get("resourceClaimName") or statuses.get(each["name"], ""))]


def _reserve_all(context: Context, pod: Obj) -> None:
    """A pod that came to its node past the scheduler: its claims, if they are allocated, are reserved for it."""
    metadata = pod["metadata"]
    consumer = {"resource": "pods", "name": metadata["name"], "uid": metadata["uid"]}
    for name in _names(pod):
        claim = context.api.get("ResourceClaim", metadata["namespace"], name)
        status = (claim.get("status") or {}) if claim is not None else {}
        users = status.get("reservedFor") or []
        reserved = any(user["uid"] == metadata["uid"] for user in users)
        if claim is not None and status.get("allocation") and not reserved and len(users) < _MOST_USERS:
            changed = {**status, "reservedFor": [*users, consumer]}
            context.api.update_status("ResourceClaim", {**claim, "status": changed})


# ------------------------------------------------------------------------------------------------ claims


def _is_done(pod: Obj) -> bool:
    return is_ended(pod) or (is_deleted(pod) and not pod["spec"].get("nodeName"))


def _still_uses(context: Context, claim: Obj, user: Obj) -> bool:
    if user.get("apiGroup") or user.get("resource") != "pods":
        return True
    pod = context.api.get("Pod", claim["metadata"]["namespace"], user["name"])
    return pod is not None and pod["metadata"]["uid"] == user["uid"] and not _is_done(pod)


def _sync_claim(context: Context, claim: Obj) -> None:
    status = claim.get("status") or {}
    users = status.get("reservedFor") or []
    left = [user for user in users if _still_uses(context, claim, user)]
    if len(left) < len(users) or (is_deleted(claim) and not left):
        claim = _release(context, claim, left)
    if not left:
        _delete_unused(context, claim)


def _release(context: Context, claim: Obj, left: list[Any]) -> Obj:
    """Strike out users; with the last of them goes the allocation, and with that the protection."""
    protected = FINALIZER in claim["metadata"].get("finalizers", ())
    before = claim.get("status") or {}
    status = {key: value for key, value in before.items() if key != "reservedFor"}
    if left:
        status["reservedFor"] = left
    elif protected:
        status.pop("allocation", None)
    if status != before:
        claim = context.api.update_status("ResourceClaim", {**claim, "status": status})
    if protected and not left:
        kept = [name for name in claim["metadata"]["finalizers"] if name != FINALIZER]
        claim = context.api.update("ResourceClaim", with_finalizers(claim, kept))
    return claim


def _delete_unused(context: Context, claim: Obj) -> None:
    """A claim made for a pod that has ended goes before the pod does."""
    owner, metadata = controller_of(claim), claim["metadata"]
    if owner is None or owner["kind"] != "Pod" or is_deleted(claim):
        return
    pod = context.api.get("Pod", metadata["namespace"], owner["name"])
    if pod is not None and (pod["metadata"]["uid"] != owner["uid"] or _is_done(pod)):
        context.api.delete("ResourceClaim", metadata["namespace"], metadata["name"], uid=metadata["uid"])


# ------------------------------------------------------------------------------------------------ what to look at


def _of_pod(context: Context, pod: Obj) -> Iterable[str]:
    if not pod["spec"].get("resourceClaims"):
        return ()
    metadata = pod["metadata"]
    there = context.api.get("Pod", metadata["namespace"], metadata["name"])
    if there is None or there["metadata"]["uid"] != metadata["uid"] or _is_done(there):
        return [f"claim/{metadata['namespace']}/{name}" for name in _names(pod)]
    return (f"pod/{object_key(pod)}",)


def _of_claim(context: Context, claim: Obj) -> Iterable[str]:
    """The claim, and the pod that needs a new one when its own was deleted."""
    metadata = claim["metadata"]
    owner = controller_of(claim)
    if context.api.get("ResourceClaim", metadata["namespace"], metadata["name"]) is not None:
        return (f"claim/{object_key(claim)}",)
    return (f"pod/{metadata['namespace']}/{owner['name']}",) if owner is not None and owner["kind"] == "Pod" else ()


def _of_template(context: Context, template: Obj) -> Iterable[str]:
    """Pods that wait for the template."""
    metadata = template["metadata"]
    for pod in context.api.list("Pod", metadata["namespace"]):
        wanted = pod["spec"].get("resourceClaims") or ()
        if any(each.get("resourceClaimTemplateName") == metadata["name"] for each in wanted):
            yield from _of_pod(context, pod)


CONTROLLER = Controller(
    "resourceclaim-controller",
    watches={"Pod": _of_pod, "ResourceClaim": _of_claim, "ResourceClaimTemplate": _of_template},
    reconcile=reconcile,
    user="system:serviceaccount:kube-system:resource-claim-controller",
)
