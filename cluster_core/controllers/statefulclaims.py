"""The volume claims of a StatefulSet's pods: made from templates, kept or removed as its retention policy says.

The policy works by owner references, so that the garbage collector removes what is to go. Models the claim parts of
pkg/controller/statefulset/stateful_set_utils.go and stateful_pod_control.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cluster_core.controllers.pods import is_deleted, owner_reference
from cluster_core.controllers.runtime import Context
from cluster_core.machinery.errors import AlreadyExists, ApiError, plain_error
from cluster_core.machinery.typed import Obj

COMPONENT = "statefulset-controller"
KIND = "PersistentVolumeClaim"


def claim_name(owner: Obj, template: Obj, ordinal: int) -> str:
    return f"{template['metadata']['name']}-{owner['metadata']['name']}-{ordinal}"


def _ordinal(pod: Obj) -> int:
    return int(pod["metadata"]["name"].rpartition("-")[2])


def _templates(owner: Obj) -> list[Obj]:
    found: list[Obj] = owner["spec"].get("volumeClaimTemplates") or []
    return found


def _existing(context: Context, owner: Obj, pod: Obj) -> Iterator[Obj]:
    namespace = owner["metadata"]["namespace"]
    for template in _templates(owner):
        found = context.api.get(KIND, namespace, claim_name(owner, template, _ordinal(pod)))
        if found is not None:
            yield found


# ------------------------------------------------------------------------------------------------ making


def create_claims(context: Context, owner: Obj, pod: Obj) -> None:
    """Create the claims the pod lacks. Raises ApiError when one cannot be had, having told about it."""
    problems: list[str] = []
    for template in _templates(owner):
        claim = _claim(owner, template, _ordinal(pod))
        found = context.api.get(KIND, claim["metadata"]["namespace"], claim["metadata"]["name"])
        if found is None:
            problems += _create(context, owner, pod, claim)
        elif is_deleted(found):
            problems.append(f"pvc {claim['metadata']['name']} is being deleted")
    if problems:
        raise plain_error(problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]")


def _claim(owner: Obj, template: Obj, ordinal: int) -> dict[str, Any]:
    given = template["metadata"]
    wanted = (owner["spec"].get("selector") or {}).get("matchLabels") or {}
    metadata = {"name": claim_name(owner, template, ordinal), "namespace": owner["metadata"]["namespace"]}
    extra = {key: given[key] for key in ("annotations", "finalizers") if given.get(key)}
    return {"metadata": {**metadata, **extra, "labels": {**given.get("labels", {}), **wanted}}, "spec": template["spec"]}


def _create(context: Context, owner: Obj, pod: Obj, claim: Obj) -> list[str]:
    name, set_name, pod_name = claim["metadata"]["name"], owner["metadata"]["name"], pod["metadata"]["name"]
    try:
        context.api.create(KIND, claim)
    except AlreadyExists as error:
        return [f"failed to create PVC {name}: {error.message}"]
    except ApiError as error:
        text = f"Create Claim {name} for Pod {pod_name} in StatefulSet {set_name} failed error: {error.message}"
        context.event(owner, "Warning", "FailedCreate", text, COMPONENT)
        return [f"failed to create PVC {name}: {error.message}"]
    text = f"Create Claim {name} Pod {pod_name} in StatefulSet {set_name} success"
    context.event(owner, "Normal", "SuccessfulCreate", text, COMPONENT)
    return []


# ------------------------------------------------------------------------------------------------ keeping


def _policy(owner: Obj) -> tuple[bool, bool]:
    """(delete when scaled down, delete with the set)."""
    found = owner["spec"].get("persistentVolumeClaimRetentionPolicy") or {}
    return found.get("whenScaled") == "Delete", found.get("whenDeleted") == "Delete"


def _refers(reference: Obj, obj: Obj, kind: str) -> bool:
    """Whether the reference is to an object of that kind and name, whatever its uid."""
    return bool(reference["kind"] == kind and reference["name"] == obj["metadata"]["name"])


def _uid(obj: Obj) -> str:
    return str(obj["metadata"].get("uid", ""))


def _references(claim: Obj) -> list[Obj]:
    found: list[Obj] = claim["metadata"].get("ownerReferences") or []
    return found


def _is_stale_reference(claim: Obj, obj: Obj, kind: str) -> bool:
    """The claim belongs to an earlier object of that name."""
    first = next((one for one in _references(claim) if _refers(one, obj, kind)), None)
    return first is not None and first["uid"] != _uid(obj)


def is_stale(context: Context, owner: Obj, pod: Obj) -> bool:
    """Whether claims of an earlier pod of that name are about to be removed."""
    if not _policy(owner)[0]:
        return False
    return any(_is_stale_reference(claim, pod, "Pod") for claim in _existing(context, owner, pod))


def _has_stranger(claim: Obj, owner: Obj, pod: Obj) -> bool:
    """Under a policy that deletes: another controller manages the claim."""
    if not any(_policy(owner)):
        return False
    for one in _references(claim):
        ours = [obj for obj, kind in ((owner, "StatefulSet"), (pod, "Pod")) if _refers(one, obj, kind)]
        if ours and one["uid"] != _uid(ours[0]):
            return True
        if not ours and one.get("controller"):
            return True
    return False


def _wanted_references(claim: Obj, owner: Obj, pod: Obj) -> list[Obj]:
    """The claim's owners as the policy wants them: the pod once it is condemned, the set as long as it is not."""
    others = [one for one in _references(claim) if not _refers(one, owner, "StatefulSet") and not _refers(one, pod, "Pod")]
    if _has_stranger(claim, owner, pod):
        return others
    scaled, deleted = _policy(owner)
    start = (owner["spec"].get("ordinals") or {}).get("start", 0)
    condemned = not start <= _ordinal(pod) < start + owner["spec"].get("replicas", 1)
    if scaled and condemned:
        return [*others, owner_reference({"apiVersion": "v1", "kind": "Pod", **pod})]
    return [*others, owner_reference(owner)] if deleted else others


def keep_owners(context: Context, owner: Obj, pod: Obj) -> bool:
    """Bring the owner references of the pod's claims up to date; answers whether they were already."""
    same = True
    for claim in _existing(context, owner, pod):
        if _is_stale_reference(claim, owner, "StatefulSet") or _is_stale_reference(claim, pod, "Pod"):
            continue
        wanted = _wanted_references(claim, owner, pod)
        if wanted != _references(claim):
            _warn_of_stranger(context, claim, owner, pod)
            _write(context, claim, wanted)
            same = False
    return same


def _warn_of_stranger(context: Context, claim: Obj, owner: Obj, pod: Obj) -> None:
    if _has_stranger(claim, owner, pod):
        text = f"PersistentVolumeClaim {claim['metadata']['name']} has a conflicting OwnerReference that acts as a "
        text += "manging controller, the retention policy is ignored for this claim"
        context.event(owner, "Warning", "ConflictingController", text, COMPONENT)


def _write(context: Context, claim: Obj, references: list[Obj]) -> None:
    metadata = {key: value for key, value in claim["metadata"].items() if key != "ownerReferences"}
    if references:
        metadata["ownerReferences"] = references
    context.api.update(KIND, {**claim, "metadata": metadata})
