"""NodeVolumeLimits: a CSI driver attaches only so many volumes to a node (CSINode allocatable).

Models plugins/nodevolumelimits/csi.go.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from cluster_core.machinery.typed import Obj
from cluster_core.scheduler.framework import SKIP, Cycle, Event, Plugin, Rejection, Skip, hopeless, unfit
from cluster_core.scheduler.plugins import claims
from cluster_core.scheduler.snapshot import NodeView
from cluster_core.scheduler.views import PodView

TOO_MANY = unfit("node(s) exceed max volume count")
Attached = dict[tuple[str, str], str]
"""(driver, handle) to driver: volumes that several pods share count once."""


class NodeVolumeLimits(Plugin):
    name = "NodeVolumeLimits"
    FILTERS = True
    EVENTS = frozenset({("CSINode", "Add"), ("CSINode", "Update"), ("AssignedPod", "Delete"),
                        ("PersistentVolumeClaim", "Add"), ("VolumeAttachment", "Delete")})  # fmt: skip

    def pre_filter(self, cycle: Cycle) -> Skip | None:
        return None if cycle.pod.shape.has_claims else SKIP

    def filter(self, cycle: Cycle, node: NodeView) -> Rejection | None:
        missing = _missing(cycle)
        if missing:
            return hopeless(missing)
        new = _volumes(cycle, cycle.pod)
        limits = _limits(cycle.lookup.get("CSINode", "", node.name)) if new else {}
        if not limits:
            return None
        attached: Attached = {}
        for pod in node.pods.values():
            if pod.shape.has_claims:
                attached.update(_volumes(cycle, pod))
        used = Counter(attached.values())
        for volume, driver in _attachments(cycle, node.name).items():
            if volume not in attached:
                used[driver] += 1
        wanted = Counter(driver for volume, driver in new.items() if volume not in attached)
        return TOO_MANY if any(d in limits and used[d] + n > limits[d] for d, n in wanted.items()) else None

    def helps(self, event: Event, pod: PodView, old: Any, new: Any) -> bool:
        if event.resource == "AssignedPod":
            return bool(old.shape.has_claims)
        if event.resource == "PersistentVolumeClaim":
            names = {claim.name for claim in pod.claims}
            return new["metadata"].get("namespace") == pod.shape.namespace and new["metadata"]["name"] in names
        if event.resource == "CSINode" and old is not None:
            before = _limits(old)
            return any(limit > before.get(driver, 0) for driver, limit in _limits(new).items())
        return True


def _missing(cycle: Cycle) -> str:
    for name, _, claim in claims.pod_claims(cycle.pod, cycle.lookup):
        if claim is None:
            place = f"{cycle.pod.shape.namespace}/{name}"
            return f'looking up PVC {place}: persistentvolumeclaim "{name}" not found'
    return ""


def _volumes(cycle: Cycle, pod: PodView) -> Attached:
    found: Attached = {}
    for _, _, claim in claims.pod_claims(pod, cycle.lookup):
        volume = _csi_volume(cycle, claim) if claim is not None else None
        if volume is not None:
            found[volume] = volume[0]
    return found


def _csi_volume(cycle: Cycle, claim: Obj) -> tuple[str, str] | None:
    """(driver, handle) of the claim's volume, or of the one that its class would make."""
    name = claim["spec"].get("volumeName")
    volume = cycle.lookup.get("PersistentVolume", "", name) if name else None
    if volume is not None:
        csi = volume["spec"].get("csi")
        return (csi["driver"], csi["volumeHandle"]) if csi else None
    class_name = claims.storage_class(claim)
    found = cycle.lookup.get("StorageClass", "", class_name) if class_name else None
    if found is None:
        return None
    metadata = claim["metadata"]
    return found["provisioner"], f"unbound/{metadata.get('namespace')}/{metadata['name']}"


def _limits(csi_node: Obj | None) -> dict[str, int]:
    drivers = (csi_node["spec"].get("drivers") or ()) if csi_node else ()
    counts = ((driver["name"], (driver.get("allocatable") or {}).get("count")) for driver in drivers)
    return {name: int(count) for name, count in counts if count is not None}


def _attachments(cycle: Cycle, node: str) -> Attached:
    found: Attached = {}
    for attachment in cycle.lookup.list("VolumeAttachment"):
        spec = attachment["spec"]
        if spec.get("nodeName") != node:
            continue
        volume = cycle.lookup.get("PersistentVolume", "", (spec.get("source") or {}).get("persistentVolumeName") or "")
        if volume is not None and volume["spec"].get("csi"):
            csi = volume["spec"]["csi"]
            found[csi["driver"], csi["volumeHandle"]] = csi["driver"]
    return found
