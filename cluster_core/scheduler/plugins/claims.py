"""What the volume plugins share: claims, classes, and which PersistentVolume would do for a claim.

Models component-helpers/storage (volume.FindMatchingVolume and friends) and storage/ephemeral.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set

from cluster_core.machinery.quantity import value
from cluster_core.machinery.typed import Obj
from cluster_core.scheduler import matching
from cluster_core.scheduler.framework import Lookup
from cluster_core.scheduler.views import NodeFacts, PodView

CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
NO_PROVISIONER = "kubernetes.io/no-provisioner"


def notes(obj: Obj) -> Obj:
    return obj["metadata"].get("annotations") or {}


def storage_class(obj: Obj) -> str:
    """The class of a claim or a volume."""
    return notes(obj).get(CLASS_ANNOTATION) or obj["spec"].get("storageClassName") or ""


def fully_bound(claim: Obj) -> bool:
    return bool(claim["spec"].get("volumeName")) and BIND_COMPLETED in notes(claim)


def waits_for_consumer(claim: Obj, lookup: Lookup) -> bool:
    name = storage_class(claim)
    found = lookup.get("StorageClass", "", name) if name else None
    return found is not None and found.get("volumeBindingMode") == "WaitForFirstConsumer"


def not_for_pod(pod: PodView, claim: Obj) -> str:
    """Why an ephemeral claim is not this pod's own; "" when it is."""
    owners = claim["metadata"].get("ownerReferences") or ()
    if any(owner.get("controller") and owner.get("uid") == pod.uid for owner in owners):
        return ""
    namespace, name = pod.shape.namespace, claim["metadata"]["name"]
    return f"PVC {namespace}/{name} was not created for pod {namespace}/{pod.name} (pod is not owner)"


def requested(claim: Obj) -> int:
    return value(((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage") or 0)


def capacity(volume: Obj) -> int:
    return value((volume["spec"].get("capacity") or {}).get("storage") or 0)


def reachable(volume: Obj, facts: NodeFacts) -> bool:
    """Whether the volume's node affinity lets it be used on the node."""
    terms = matching.node_terms((volume["spec"].get("nodeAffinity") or {}).get("required"))
    return terms is None or any(term.matches(facts.name, facts.labels) for term in terms)


def reserved_for(volume: Obj, claim: Obj) -> bool:
    """Whether the volume's claimRef names the claim."""
    reference = volume["spec"].get("claimRef")
    if not reference:
        return False
    metadata = claim["metadata"]
    if (reference.get("namespace"), reference.get("name")) != (metadata.get("namespace"), metadata["name"]):
        return False
    return not reference.get("uid") or reference["uid"] == metadata.get("uid")


def _plausible(volume: Obj, claim: Obj) -> bool:
    """Large enough, of the right mode, not on its way out, not another claim's."""
    spec = volume["spec"]
    if spec.get("claimRef") and not reserved_for(volume, claim):
        return False
    modes = (spec.get("volumeMode") or "Filesystem", claim["spec"].get("volumeMode") or "Filesystem")
    classes = (spec.get("volumeAttributesClassName") or "", claim["spec"].get("volumeAttributesClassName") or "")
    return (
        capacity(volume) >= requested(claim)
        and modes[0] == modes[1]
        and classes[0] == classes[1]
        and "deletionTimestamp" not in volume["metadata"]
    )


def _available(volume: Obj, claim: Obj) -> bool:
    selector = claim["spec"].get("selector")
    if (volume.get("status") or {}).get("phase") != "Available":
        return False
    if selector and not matching.label_selector(selector).matches(volume["metadata"].get("labels") or {}):
        return False
    wanted = set(claim["spec"].get("accessModes") or ())
    return storage_class(volume) == storage_class(claim) and wanted <= set(volume["spec"].get("accessModes") or ())


def matching_volume(claim: Obj, volumes: Iterable[Obj], facts: NodeFacts, taken: Set[str]) -> Obj | None:
    """The volume reserved for the claim, else the smallest that satisfies it and can be used on the node."""
    smallest: Obj | None = None
    for volume in volumes:
        if volume["metadata"]["name"] in taken or not _plausible(volume, claim):
            continue
        usable = reachable(volume, facts)
        if reserved_for(volume, claim):
            return volume if usable else None
        if usable and _available(volume, claim) and (smallest is None or capacity(volume) < capacity(smallest)):
            smallest = volume
    return smallest


def pod_claims(pod: PodView, lookup: Lookup) -> Iterator[tuple[str, bool, Obj | None]]:
    """(name, whether it is made from the pod, the claim if it exists), in the order of the pod's volumes."""
    for name, ephemeral in pod.claims:
        yield name, ephemeral, lookup.get("PersistentVolumeClaim", pod.shape.namespace, name)
