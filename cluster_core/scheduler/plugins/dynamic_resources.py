"""DynamicResources: pods with ResourceClaims go where the devices are.

Models plugins/dynamicresources for claims that exist already; see `devices` for what can be asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cluster_core.machinery.typed import Obj
from cluster_core.scheduler import matching
from cluster_core.scheduler.framework import (
    SKIP,
    Booking,
    Cycle,
    Event,
    Failure,
    Lookup,
    Plugin,
    Rejection,
    Rescue,
    Skip,
    hopeless,
)
from cluster_core.scheduler.plugins.devices import Device, DeviceId, Given, Search, Wish, devices_for, taken, wishes
from cluster_core.scheduler.snapshot import NodeView
from cluster_core.scheduler.views import PodView

IN_USE = hopeless("resourceclaim in use")
CANNOT_ALLOCATE = hopeless("cannot allocate all claims")
NOT_ON_NODE = hopeless("resourceclaim not available on the node")
MOST_USERS = 256


@dataclass(slots=True)
class Claims:
    """The pod's claims, those without devices and what they wish, and what each node could give."""

    all: list[Obj]
    open: list[Obj]
    requests: list[list[Wish]]
    used: set[DeviceId]
    unavailable: bool = False
    given: dict[str, Given] = field(default_factory=dict)


def claim_names(pod: PodView) -> list[str | None]:
    """The names of the pod's claims in order; None where a claim has not been made from its template yet."""
    made = {
        s["name"]: s.get("resourceClaimName") for s in (pod.obj.get("status") or {}).get("resourceClaimStatuses") or ()
    }
    entries = pod.obj["spec"].get("resourceClaims") or ()
    return [entry.get("resourceClaimName") or made.get(entry["name"]) for entry in entries]


class DynamicResources(Plugin):
    name = "DynamicResources"
    FILTERS = True
    SCORES = True
    EVENTS = frozenset(
        [(kind, action) for kind in ("ResourceClaim", "DeviceClass", "ResourceSlice") for action in ("Add", "Update")]
        + [("Node", "Add"), ("Node", "UpdateNodeLabel"), ("UnscheduledPod", "Update")]
    )

    def pre_enqueue(self, pod: PodView, lookup: Lookup) -> str | None:
        for name in claim_names(pod) if pod.shape.resource_claims else ():
            if name is None:
                return "ResourceClaim not created yet"
            claim = lookup.get("ResourceClaim", pod.shape.namespace, name)
            if claim is None:
                return f'resourceclaim.resource.k8s.io "{name}" not found'
            if "deletionTimestamp" in claim["metadata"]:
                return f'resourceclaim "{name}" is being deleted'
        return None

    def pre_filter(self, cycle: Cycle) -> Rejection | Skip | None:
        pod, lookup = cycle.pod, cycle.lookup
        if not pod.shape.resource_claims:
            return SKIP
        problem = self.pre_enqueue(pod, lookup)
        if problem is not None:
            return hopeless(problem)
        found = [
            claim
            for name in claim_names(pod)
            if (claim := lookup.get("ResourceClaim", pod.shape.namespace, name or ""))
        ]
        if any(_full(claim, pod.uid) for claim in found):
            return IN_USE
        open_ = [claim for claim in found if not _allocation(claim)]
        missing = next((text for claim in open_ if (text := _missing_class(claim, lookup))), "")
        if missing:
            return hopeless(missing)
        requests = [request for i, claim in enumerate(open_) for request in wishes(lookup, i, claim)]
        cycle.state[self.name] = Claims(found, open_, requests, taken(lookup) if open_ else set())
        return None

    def filter(self, cycle: Cycle, node: NodeView) -> Rejection | None:
        claims: Claims = cycle.state[self.name]
        if not all(_reaches(claim, node) for claim in claims.all):
            claims.unavailable = True
            return NOT_ON_NODE
        if claims.open:
            given = Search(claims.open, devices_for(cycle.lookup, node.facts), claims.used).run(claims.requests)
            if given is None:
                return CANNOT_ALLOCATE
            claims.given[node.name] = given
        return None

    def post_filter(self, cycle: Cycle, failure: Failure) -> Rescue:
        if self.name in cycle.state:
            return Rescue("still not schedulable")
        rejected = failure.absent if failure.prefilter else None
        if rejected is not None and rejected.final and rejected.plugin != self.name:
            return Rescue("not found", error=True)  # a pre-filter before it gave up, so it has no state of its own
        return Rescue("no new claims to deallocate")

    def reserve(self, cycle: Cycle, node: NodeView, booking: Booking) -> None:
        claims: Claims | None = cycle.state.get(self.name)
        if claims is not None:
            given = claims.given.get(node.name, [])
            booking.devices += [(claim, _status(claim, claims, given, (cycle.pod, node))) for claim in claims.all]

    def helps(self, event: Event, pod: PodView, old: Any, new: Any) -> bool:
        if event.resource == "UnscheduledPod":
            return bool(new.uid == pod.uid)
        if event.resource != "ResourceClaim":
            return True
        if old is not None and _allocation(old) and not _allocation(new):
            return True
        mine = new["metadata"]["namespace"] == pod.shape.namespace and new["metadata"]["name"] in claim_names(pod)
        return mine and (old is None or old.get("status") != new.get("status"))


def _allocation(claim: Obj) -> Obj | None:
    found: Obj | None = (claim.get("status") or {}).get("allocation")
    return found


def _users(claim: Obj) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = (claim.get("status") or {}).get("reservedFor") or ()
    return found


def _full(claim: Obj, uid: str) -> bool:
    users = _users(claim)
    return bool(_allocation(claim)) and len(users) >= MOST_USERS and all(user["uid"] != uid for user in users)


def _missing_class(claim: Obj, lookup: Lookup) -> str:
    for request in (claim["spec"].get("devices") or {}).get("requests") or ():
        name = request["name"]
        alternatives = [(f"{name}/{other['name']}", other) for other in request.get("firstAvailable") or ()]
        for full, one in alternatives or [(name, request["exactly"])]:
            if lookup.get("DeviceClass", "", one["deviceClassName"]) is None:
                return f"request {full}: device class {one['deviceClassName']} does not exist"
    return ""


def _reaches(claim: Obj, node: NodeView) -> bool:
    """Whether a claim's devices, if it has any, can be used from the node."""
    terms = matching.node_terms((_allocation(claim) or {}).get("nodeSelector"))
    return terms is None or any(term.matches(node.name, node.facts.labels) for term in terms)


def _result(wish: Wish, device: Device) -> dict[str, Any]:
    driver, pool, name = device.id
    found: dict[str, Any] = {"request": wish.request, "driver": driver, "pool": pool, "device": name}
    if wish.tolerations:
        found["tolerations"] = list(wish.tolerations)
    return {**found, "adminAccess": True} if wish.admin else found


def _status(claim: Obj, claims: Claims, given: Given, place: tuple[PodView, NodeView]) -> dict[str, Any]:
    pod, node = place
    status = dict(claim.get("status") or {})
    if not _allocation(claim):
        results = [_result(wish, device) for wish, device in given if claims.open[wish.claim] is claim]
        field_term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node.name]}]}
        status["allocation"] = {"devices": {"results": results}, "nodeSelector": {"nodeSelectorTerms": [field_term]}}
    if all(user["uid"] != pod.uid for user in _users(claim)):
        status["reservedFor"] = [*_users(claim), {"resource": "pods", "name": pod.name, "uid": pod.uid}]
    return status
