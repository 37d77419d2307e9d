"""The facts about a pod or node that scheduling looks at, computed once.

Pods made from one template share a `PodShape`: everything but their identity. Models framework.PodInfo and the parts of
framework.NodeInfo that follow from the Node object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import orjson

from cluster_core.machinery import compact, podrequests
from cluster_core.machinery.podrequests import Amounts
from cluster_core.machinery.selectors import Labels
from cluster_core.machinery.typed import Obj
from cluster_core.scheduler import amounts, matching
from cluster_core.scheduler.affinity import Affinity, Constraint, constraints, pod_affinity
from cluster_core.scheduler.matching import NO_LABELS, NodeTerm, RequiredNodes, Taint, Toleration

DISKS = ("gcePersistentDisk", "awsElasticBlockStore", "iscsi", "rbd")
_LOOSE = orjson.OPT_NON_STR_KEYS


class HostPort(NamedTuple):
    ip: str
    protocol: str
    port: int


class Claim(NamedTuple):
    """A PersistentVolumeClaim a pod uses; ephemeral ones are made from the pod (`<pod>-<volume>`)."""

    name: str
    ephemeral: bool


@dataclass(frozen=True, slots=True, eq=False)
class PodShape:
    """What equal pods have in common. Compared by identity: one object per signature."""

    signature: bytes
    kin: bytes
    """The signature without the labels."""
    namespace: str
    labels: Labels
    priority: int
    scheduler: str
    requests: Amounts
    cpu: int
    memory: int
    ephemeral: int
    scalars: Amounts
    nonzero_cpu: int
    nonzero_memory: int
    tolerations: tuple[Toleration, ...]
    required_nodes: RequiredNodes
    preferred_nodes: tuple[tuple[int, NodeTerm], ...]
    affinity: Affinity
    spread: tuple[Mapping[str, Any], ...]
    hard: tuple[Constraint, ...]
    soft: tuple[Constraint, ...]
    ports: tuple[HostPort, ...]
    images: tuple[str, ...]
    containers: int
    gates: tuple[str, ...]
    disks: tuple[Mapping[str, Any], ...]
    has_claims: bool
    resource_claims: bool
    preempts: bool
    named: bool
    """Its required affinity names nodes, as that of a DaemonSet's pods does."""


class PodView:
    """One pod: its shape and what is its own."""

    __slots__ = ("key", "name", "node", "nominated", "obj", "shape", "terminating", "uid")

    def __init__(self, obj: Obj, shape: PodShape) -> None:
        metadata = obj["metadata"]
        self.obj = obj
        self.shape = shape
        self.uid: str = metadata["uid"]
        self.name: str = metadata["name"]
        self.key = f"{shape.namespace}/{self.name}"
        self.node: str = obj["spec"].get("nodeName") or ""
        self.nominated: str = (obj.get("status") or {}).get("nominatedNodeName") or ""
        self.terminating = "deletionTimestamp" in metadata

    @property
    def claims(self) -> tuple[Claim, ...]:
        return tuple(claim for volume in self.obj["spec"].get("volumes") or () if (claim := self._claim(volume)))

    def _claim(self, volume: Mapping[str, Any]) -> Claim | None:
        if volume.get("persistentVolumeClaim"):
            return Claim(volume["persistentVolumeClaim"]["claimName"], False)
        return Claim(f"{self.name}-{volume['name']}", True) if volume.get("ephemeral") else None

    @property
    def start_time(self) -> str:
        """When it started; a pod that has not started yet counts as starting now, later than any timestamp."""
        return (self.obj.get("status") or {}).get("startTime") or "~"


def finished(pod: Obj) -> bool:
    """Whether its phase is final: the scheduler does not even watch such pods."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def image_name(name: str) -> str:
    return name if name.rfind(":") > name.rfind("/") else name + ":latest"


def _ports(spec: Obj) -> tuple[HostPort, ...]:
    running = [c for c in spec.get("initContainers") or () if podrequests.is_sidecar(c)] + list(
        spec.get("containers") or ()
    )
    found = (port for container in running for port in container.get("ports") or () if port.get("hostPort"))
    return tuple(HostPort(p.get("hostIP") or "0.0.0.0", p.get("protocol") or "TCP", p["hostPort"]) for p in found)


def _images(spec: Obj) -> tuple[str, ...]:
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    names = [container.get("image", "") for container in containers]
    names += [volume["image"].get("reference", "") for volume in spec.get("volumes") or () if volume.get("image")]
    return tuple(image_name(name) for name in names)


def _container_signature(container: Obj) -> tuple[Any, ...]:
    ports = [port for port in container.get("ports") or () if port.get("hostPort")]
    return (
        container.get("image"),
        (container.get("resources") or {}).get("requests"),
        ports,
        container.get("restartPolicy"),
    )


def _volume_signature(volume: Obj) -> Any:
    if "persistentVolumeClaim" in volume:
        return volume["persistentVolumeClaim"]
    if "image" in volume or "ephemeral" in volume or any(disk in volume for disk in DISKS):
        return volume
    return None


SPEC_FIELDS = ("nodeSelector", "affinity", "tolerations", "topologySpreadConstraints", "priority", "preemptionPolicy",
                "schedulerName", "overhead", "resources", "schedulingGates", "resourceClaims")  # fmt: skip


def signature(pod: Obj, labels: bool = True) -> bytes:
    """Equal for pods between which scheduling sees no difference but the name (and the labels, if left out)."""
    metadata, spec = pod["metadata"], pod["spec"]
    facts = (
        metadata.get("namespace"),
        metadata.get("labels") if labels else None,
        [spec.get(field) for field in SPEC_FIELDS],
        [_container_signature(container) for container in spec.get("containers") or ()],
        [_container_signature(container) for container in spec.get("initContainers") or ()],
        [found for volume in spec.get("volumes") or () if (found := _volume_signature(volume)) is not None],
    )
    return compact.encode(facts, _LOOSE)


def build_shape(pod: Obj, text: bytes) -> PodShape:
    metadata, spec = pod["metadata"], pod["spec"]
    asked = podrequests.requests(spec)
    nonzero_cpu, nonzero_memory = amounts.nonzero(spec, asked)
    namespace, labels = metadata.get("namespace") or "", metadata.get("labels") or NO_LABELS
    volumes = spec.get("volumes") or ()
    required = matching.required_nodes(spec)
    spread = tuple(spec.get("topologySpreadConstraints") or ())
    return PodShape(
        signature=text,
        kin=signature(pod, labels=False),
        namespace=namespace,
        labels=labels,
        priority=spec.get("priority") or 0,
        scheduler=spec.get("schedulerName") or "default-scheduler",
        requests=asked,
        cpu=asked.get("cpu", 0),
        memory=asked.get("memory", 0),
        ephemeral=asked.get("ephemeral-storage", 0),
        scalars=amounts.scalars(asked),
        nonzero_cpu=nonzero_cpu,
        nonzero_memory=nonzero_memory,
        tolerations=matching.tolerations(spec),
        required_nodes=required,
        preferred_nodes=matching.preferred_nodes((spec.get("affinity") or {}).get("nodeAffinity") or {}),
        affinity=pod_affinity(spec, namespace),
        spread=spread,
        hard=constraints(spread, "DoNotSchedule", labels),
        soft=constraints(spread, "ScheduleAnyway", labels),
        ports=_ports(spec),
        images=_images(spec),
        containers=len(spec.get("containers") or ()) + len(spec.get("initContainers") or ()),
        gates=tuple(gate["name"] for gate in spec.get("schedulingGates") or ()),
        disks=tuple(volume for volume in volumes if any(disk in volume for disk in DISKS)),
        has_claims=any("persistentVolumeClaim" in volume or "ephemeral" in volume for volume in volumes),
        resource_claims=bool(spec.get("resourceClaims")),
        preempts=spec.get("preemptionPolicy") != "Never",
        named=any(term.fields for term in required.terms or ()),
    )


class Shapes:
    """All shapes seen, by signature. Forgets everything when there are too many: they can be made again."""

    def __init__(self, limit: int = 20_000) -> None:
        self._limit = limit
        self._shapes: dict[bytes, PodShape] = {}

    def view(self, pod: Obj) -> PodView:
        text = signature(pod)
        shape = self._shapes.get(text)
        if shape is None:
            if len(self._shapes) >= self._limit:
                self._shapes.clear()
            shape = self._shapes[text] = build_shape(pod, text)
        return PodView(pod, shape)

    def update(self, old: PodView, pod: Obj) -> PodView:
        """The view of a newer version of the same pod, cheap when nothing that matters has been replaced."""
        before, now = old.obj, pod
        if before["metadata"].get("labels") is now["metadata"].get("labels") and _same_spec(
            before["spec"], now["spec"]
        ):
            return PodView(pod, old.shape)
        return self.view(pod)


def _same_spec(before: Obj, now: Obj) -> bool:
    if before is now:
        return True
    fields = (*SPEC_FIELDS, "containers", "initContainers", "volumes")
    return all(before.get(field) is now.get(field) for field in fields)


@dataclass(frozen=True, slots=True, eq=False)
class NodeFacts:
    """What follows from a Node object alone."""

    obj: Obj
    name: str
    labels: Labels
    taints: tuple[Taint, ...]
    unschedulable: bool
    cpu: int
    memory: int
    ephemeral: int
    pods: int
    scalars: Amounts
    images: Mapping[str, int]


def node_facts(node: Obj) -> NodeFacts:
    metadata, spec, status = node["metadata"], node.get("spec") or {}, node.get("status") or {}
    room = podrequests.amounts(status.get("allocatable") or {})
    return NodeFacts(
        obj=node,
        name=metadata["name"],
        labels=metadata.get("labels") or NO_LABELS,
        taints=matching.taints(spec),
        unschedulable=bool(spec.get("unschedulable")),
        cpu=room.get("cpu", 0),
        memory=room.get("memory", 0),
        ephemeral=room.get("ephemeral-storage", 0),
        pods=room.get("pods", 0),
        scalars=amounts.scalars(room),
        images=node_images(status),
    )


def node_images(status: Obj) -> Mapping[str, int]:
    images = status.get("images") or ()
    return {name: image.get("sizeBytes") or 0 for image in images for name in image.get("names") or ()}


def newer_facts(old: NodeFacts, node: Obj) -> NodeFacts:
    """The facts of a newer version of the node: the old ones where the parts they follow from have not been replaced."""
    before, now = old.obj.get("status") or {}, node.get("status") or {}
    if (
        old.obj["metadata"].get("labels") == node["metadata"].get("labels")
        and old.obj.get("spec") == node.get("spec")
        and before.get("allocatable") == now.get("allocatable")
    ):
        same_images = before.get("images") is now.get("images")
        return replace(old, obj=node, images=old.images if same_images else node_images(now))
    return node_facts(node)
