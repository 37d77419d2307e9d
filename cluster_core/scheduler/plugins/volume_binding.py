"""VolumeBinding: bound volumes must be reachable from the node; claims that wait for a consumer get a volume with the node.

Models pkg/scheduler/framework/plugins/volumebinding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cluster_core.machinery.quantity import value
from cluster_core.machinery.typed import Obj
from cluster_core.scheduler import matching
from cluster_core.scheduler.framework import SKIP, Booking, Cycle, Event, Lookup, Plugin, Rejection, Skip, hopeless
from cluster_core.scheduler.plugins import claims
from cluster_core.scheduler.snapshot import NodeView
from cluster_core.scheduler.views import NodeFacts, PodView

UNREACHABLE = "node(s) didn't match PersistentVolume's node affinity"
NOTHING_TO_BIND = "node(s) didn't find available persistent volumes to bind"
NO_SPACE = "node(s) did not have enough free storage"
LOST_VOLUME = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
UNBOUND = hopeless("pod has unbound immediate PersistentVolumeClaims")


@dataclass(slots=True)
class Needs:
    """The pod's claims, sorted by what is to be done about them."""

    bound: list[Obj] = field(default_factory=list)
    waiting: list[Obj] = field(default_factory=list)
    volumes: list[Obj] = field(default_factory=list)


class VolumeBinding(Plugin):
    name = "VolumeBinding"
    FILTERS = True
    EVENTS = frozenset(
        [(kind, action) for kind in ("StorageClass", "PersistentVolumeClaim", "PersistentVolume", "CSINode",
                                     "CSIStorageCapacity") for action in ("Add", "Update")]
        + [("Node", "Add"), ("Node", "UpdateNodeLabel"), ("CSIDriver", "Update")]
    )  # fmt: skip

    def pre_filter(self, cycle: Cycle) -> Rejection | Skip | None:
        pod, lookup = cycle.pod, cycle.lookup
        if not pod.shape.has_claims:
            return SKIP
        found = []
        for name, ephemeral, claim in claims.pod_claims(pod, lookup):
            problem = _problem(pod, name, ephemeral, claim)
            if claim is None or problem:
                return hopeless(problem)
            found.append(claim)
        needs = Needs()
        for claim in found:
            if claims.fully_bound(claim):
                needs.bound.append(claim)
            elif claims.waits_for_consumer(claim, lookup) and not claim["spec"].get("volumeName"):
                needs.waiting.append(claim)
            else:
                return UNBOUND
        if needs.waiting:
            needs.volumes = lookup.list("PersistentVolume")
        cycle.state[self.name] = needs
        return None

    def filter(self, cycle: Cycle, node: NodeView) -> Rejection | None:
        reasons = _plan(Booking(), cycle.state[self.name], node.facts, cycle.lookup)
        return hopeless(*reasons) if reasons else None

    def reserve(self, cycle: Cycle, node: NodeView, booking: Booking) -> None:
        needs = cycle.state.get(self.name)
        if needs is not None:
            _plan(booking, needs, node.facts, cycle.lookup)

    def helps(self, event: Event, pod: PodView, old: Any, new: Any) -> bool:
        if event.resource == "PersistentVolumeClaim":
            return _is_claim_of(pod, new["metadata"])
        if event.resource == "PersistentVolume":
            # Upstream tries every pod again. A volume that is taken by another pod's claim cannot help this one.
            taken = new["spec"].get("claimRef")
            return not taken or _is_claim_of(pod, taken)
        if event.resource == "StorageClass":
            return old is None or old.get("allowedTopologies") != new.get("allowedTopologies")
        if event.resource == "CSIStorageCapacity":
            return old is None or _limit(new) > _limit(old)
        if event.resource == "CSINode":
            return old is None
        return event.resource != "CSIDriver"


def _is_claim_of(pod: PodView, claim: Mapping[str, Any]) -> bool:
    """Whether the pod uses the claim with this namespace and name."""
    return claim.get("namespace") == pod.shape.namespace and claim["name"] in {used.name for used in pod.claims}


def _problem(pod: PodView, name: str, ephemeral: bool, claim: Obj | None) -> str:
    if claim is None:
        if ephemeral:
            return f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"'
        return f'persistentvolumeclaim "{name}" not found'
    if (claim.get("status") or {}).get("phase") == "Lost":
        lost = claim["spec"].get("volumeName") or ""
        return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{lost}"'
    if "deletionTimestamp" in claim["metadata"]:
        return f'persistentvolumeclaim "{name}" is being deleted'
    return claims.not_for_pod(pod, claim) if ephemeral else ""


def _plan(booking: Booking, needs: Needs, facts: NodeFacts, lookup: Lookup) -> list[str]:
    """Note what using the node would take; the reasons why it will not do."""
    reasons: list[str] = []
    missing = False
    for claim in needs.bound:
        volume = lookup.get("PersistentVolume", "", claim["spec"]["volumeName"])
        if volume is None:
            missing = True
            break
        if not claims.reachable(volume, facts):
            reasons.append(UNREACHABLE)
            break
    if needs.waiting:
        reasons += _provide(booking, needs, facts, lookup)
    if missing:
        reasons.append(LOST_VOLUME)
    return reasons


def _provide(booking: Booking, needs: Needs, facts: NodeFacts, lookup: Lookup) -> list[str]:
    """Find a volume for each waiting claim or see whether one can be made; the reasons why not."""
    to_provision: list[Obj] = []
    to_match: list[Obj] = []
    for claim in needs.waiting:
        selected = claims.notes(claim).get(claims.SELECTED_NODE)
        if selected is None:
            to_match.append(claim)
        elif selected == facts.name:
            to_provision.append(claim)
        else:
            return [NOTHING_TO_BIND]
    taken: set[str] = set()
    for claim in sorted(to_match, key=claims.requested):
        volume = claims.matching_volume(claim, needs.volumes, facts, taken)
        if volume is None:
            to_provision.append(claim)
        else:
            taken.add(volume["metadata"]["name"])
            booking.volumes.append((volume, claim))
    for claim in to_provision:
        reason = _cannot_provision(claim, facts, lookup)
        if reason:
            return [reason]
        booking.provision.append(claim)
    return []


def _cannot_provision(claim: Obj, facts: NodeFacts, lookup: Lookup) -> str:
    name = claims.storage_class(claim)
    found = lookup.get("StorageClass", "", name)
    if found is None or found.get("provisioner", "") in ("", claims.NO_PROVISIONER):
        return NOTHING_TO_BIND
    if not _topology_allows(found.get("allowedTopologies") or (), facts):
        return NOTHING_TO_BIND
    driver = lookup.get("CSIDriver", "", found["provisioner"])
    if driver is None or not driver["spec"].get("storageCapacity"):
        return ""
    size = claims.requested(claim)
    enough = (c for c in lookup.list("CSIStorageCapacity") if c.get("storageClassName") == name and _limit(c) >= size)
    return "" if any(_near(capacity, facts) for capacity in enough) else NO_SPACE


def _topology_allows(terms: Sequence[Any], facts: NodeFacts) -> bool:
    return not terms or any(
        all(facts.labels.get(e["key"]) in e["values"] for e in term.get("matchLabelExpressions") or ())
        for term in terms
        if term.get("matchLabelExpressions")
    )


def _limit(capacity: Obj) -> int:
    limit = capacity.get("maximumVolumeSize") or capacity.get("capacity")
    return value(limit) if limit is not None else -1


def _near(capacity: Obj, facts: NodeFacts) -> bool:
    topology = capacity.get("nodeTopology")
    return topology is not None and matching.label_selector(topology).matches(facts.labels)
