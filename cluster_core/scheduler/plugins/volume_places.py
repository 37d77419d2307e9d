"""VolumeZone and VolumeRestrictions: volumes tied to a zone, and volumes only one pod can use.

Models plugins/volumezone and plugins/volumerestrictions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cluster_core.machinery.typed import Obj
from cluster_core.scheduler.framework import SKIP, Cycle, Event, Plugin, Rejection, Skip, hopeless, unfit
from cluster_core.scheduler.plugins import claims
from cluster_core.scheduler.snapshot import NodeView
from cluster_core.scheduler.views import PodView

OTHER_ZONE = hopeless("node(s) had no available volume zone")
DISK_TAKEN = unfit("node(s) had no available disk")
CLAIM_TAKEN = unfit(
    "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod"
)
GA = {
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
}
TOPOLOGY_LABELS = (*GA, *GA.values())


def _concerns(pod: PodView, claim: Obj) -> bool:
    metadata = claim["metadata"]
    names = {name for name, ephemeral in pod.claims if not ephemeral}
    return metadata.get("namespace") == pod.shape.namespace and metadata["name"] in names


class VolumeZone(Plugin):
    """A bound volume with zone or region labels can be used only there."""

    name = "VolumeZone"
    FILTERS = True
    EVENTS = frozenset(
        [(kind, action) for kind in ("PersistentVolumeClaim", "PersistentVolume") for action in ("Add", "Update")]
        + [("StorageClass", "Add"), ("Node", "Add"), ("Node", "UpdateNodeLabel")]
    )

    def pre_filter(self, cycle: Cycle) -> Rejection | Skip | None:
        if not cycle.pod.shape.has_claims:
            return SKIP
        places: list[tuple[str, frozenset[str]]] = []
        for name, ephemeral, claim in claims.pod_claims(cycle.pod, cycle.lookup):
            if ephemeral:
                continue
            found = _places(cycle, name, claim)
            if isinstance(found, Rejection):
                return found
            places += found
        if not places:
            return SKIP
        cycle.state[self.name] = places
        return None

    def filter(self, cycle: Cycle, node: NodeView) -> Rejection | None:
        labels = node.facts.labels
        if not any(label in labels for label in TOPOLOGY_LABELS):
            return None
        for key, allowed in cycle.state[self.name]:
            text = labels.get(key, labels.get(GA.get(key, key)))
            if text is None or text not in allowed:
                return OTHER_ZONE
        return None

    def helps(self, event: Event, pod: PodView, old: Any, new: Any) -> bool:
        return event.resource != "PersistentVolumeClaim" or _concerns(pod, new)


def _places(cycle: Cycle, name: str, claim: Obj | None) -> list[tuple[str, frozenset[str]]] | Rejection:
    """(label, allowed values) of the claim's volume."""
    if claim is None:
        return hopeless(f'persistentvolumeclaim "{name}" not found')
    volume_name = claim["spec"].get("volumeName")
    if not volume_name:
        class_name = claims.storage_class(claim)
        if not class_name:
            return hopeless("PersistentVolumeClaim had no pv name and storageClass name")
        found = cycle.lookup.get("StorageClass", "", class_name)
        if found is None:
            return hopeless(f'storageclass.storage.k8s.io "{class_name}" not found')
        return [] if claims.waits_for_consumer(claim, cycle.lookup) else hopeless("PersistentVolume had no name")
    volume = cycle.lookup.get("PersistentVolume", "", volume_name)
    if volume is None:
        return hopeless(f'persistentvolume "{volume_name}" not found')
    labels = volume["metadata"].get("labels") or {}
    return [(key, frozenset(labels[key].split("__"))) for key in TOPOLOGY_LABELS if key in labels]


@dataclass(slots=True)
class _Exclusive:
    """ReadWriteOncePod claims of the pod and how often other pods use them."""

    names: frozenset[str]
    uses: int

    def copy(self) -> _Exclusive:
        return _Exclusive(self.names, self.uses)


class VolumeRestrictions(Plugin):
    """Disks that only one node can have, and claims that only one pod may use."""

    name = "VolumeRestrictions"
    FILTERS = True
    EVENTS = frozenset({("AssignedPod", "Delete"), ("Node", "Add"), ("PersistentVolumeClaim", "Add")})

    def pre_filter(self, cycle: Cycle) -> Rejection | Skip | None:
        pod = cycle.pod
        if not pod.shape.has_claims and not pod.shape.disks:
            return SKIP
        names = set()
        for name, ephemeral, claim in claims.pod_claims(pod, cycle.lookup):
            if ephemeral:
                continue
            if claim is None:
                return hopeless(f'persistentvolumeclaim "{name}" not found')
            if "ReadWriteOncePod" in (claim["spec"].get("accessModes") or ()):
                names.add(name)
        uses = sum(1 for name in names if f"{pod.shape.namespace}/{name}" in cycle.snapshot.claims)
        if not pod.shape.disks and not uses:
            return SKIP
        cycle.state[self.name] = _Exclusive(frozenset(names), uses)
        return None

    def move(self, cycle: Cycle, pod: PodView, node: NodeView, sign: int) -> None:
        state: _Exclusive = cycle.state[self.name]
        state.uses += sign * sum(1 for name, ephemeral in pod.claims if not ephemeral and name in state.names)

    def filter(self, cycle: Cycle, node: NodeView) -> Rejection | None:
        disks = cycle.pod.shape.disks
        if disks and any(_collide(disks, other) for other in node.pods.values()):
            return DISK_TAKEN
        return CLAIM_TAKEN if cycle.state[self.name].uses > 0 else None

    def helps(self, event: Event, pod: PodView, old: Any, new: Any) -> bool:
        if event.resource == "Node":
            return True
        if event.resource == "PersistentVolumeClaim":
            return _concerns(pod, new)
        if old.shape.namespace != pod.shape.namespace:
            return False
        mine = {name for name, ephemeral in pod.claims if not ephemeral}
        theirs = {name for name, ephemeral in old.claims if not ephemeral}
        return _collide(pod.shape.disks, old) or bool(mine & theirs)


def _collide(disks: tuple[Mapping[str, Any], ...], other: PodView) -> bool:
    return any(_same_disk(mine, theirs) for mine in disks for theirs in other.shape.disks)


def _same_disk(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    for kind, identity in (("gcePersistentDisk", "pdName"), ("iscsi", "iqn"), ("awsElasticBlockStore", "volumeID")):
        a, b = mine.get(kind), theirs.get(kind)
        if a and b and a.get(identity) == b.get(identity):
            shared = a.get("readOnly") and b.get("readOnly") and kind != "awsElasticBlockStore"
            if not shared:
                return True
    a, b = mine.get("rbd"), theirs.get("rbd")
    if not a or not b or (a.get("readOnly") and b.get("readOnly")):
        return False
    same = (a.get("pool", "rbd"), a.get("image")) == (b.get("pool", "rbd"), b.get("image"))
    return same and bool(set(a.get("monitors") or ()) & set(b.get("monitors") or ()))
