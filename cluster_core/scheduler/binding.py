"""Binding volumes before the pod: write what was planned, then wait until the volume controllers have done their part.

Models volumebinding's Reserve and PreBind (bindAPIUpdate, checkBindings).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cluster_core.machinery.clock import SECOND, Clock
from cluster_core.machinery.errors import ApiError
from cluster_core.machinery.typed import Obj
from cluster_core.scheduler.framework import Booking
from cluster_core.scheduler.memory import state_of, waiting_again
from cluster_core.scheduler.plugins import claims
from cluster_core.scheduler.queue import Waiting
from cluster_core.scheduler.snapshot import Snapshot
from cluster_core.scheduler.views import PodView

if TYPE_CHECKING:
    from cluster_core.apiserver.client import Client


PROTECTION = "resource.kubernetes.io/delete-protection"


@dataclass(slots=True)
class Pending:
    """A pod that is bound to `node` as soon as its claims are bound."""

    waiting: Waiting
    node: str
    deadline: int
    provisioned: tuple[str, ...]
    """Names of claims for which a volume is being made."""


class Binder:
    def __init__(self, api: Client, clock: Clock, timeout: float = 600.0) -> None:
        self._api = api
        self._clock = clock
        self.timeout = timeout
        self.waiting: dict[str, Pending] = {}

    def dump(self) -> dict[str, Any]:
        return {uid: {"node": p.node, "deadline": p.deadline, "provisioned": list(p.provisioned), "waiting": state_of(p.waiting)}
                for uid, p in self.waiting.items()}  # fmt: skip

    def resume(self, pod: PodView, state: Mapping[str, Any]) -> None:
        """Wait on for the claims of a pod, as `dump` has it."""
        waiting = waiting_again(pod, state["waiting"])
        self.waiting[pod.uid] = Pending(waiting, state["node"], state["deadline"], tuple(state["provisioned"]))

    def allocate(self, allocations: Sequence[tuple[Obj, Obj]]) -> None:
        """Write which devices resource claims have got and for whom. Raises ApiError."""
        for claim, status in allocations:
            kept = [name for name in claim["metadata"].get("finalizers") or () if name != PROTECTION]
            metadata = {**claim["metadata"], "finalizers": [*kept, PROTECTION]}
            newer = self._api.update("ResourceClaim", {**claim, "metadata": metadata})
            self._api.update_status("ResourceClaim", {**newer, "status": status})

    def next_deadline(self) -> int | None:
        return min((pending.deadline for pending in self.waiting.values()), default=None)

    def prepare(self, waiting: Waiting, booking: Booking, node: str) -> None:
        """Write the booking and wait for the pod's claims. Raises ApiError when something could not be written."""
        deadline = self._clock.now + round(self.timeout * SECOND)
        names = tuple(claim["metadata"]["name"] for claim in booking.provision)
        self.waiting[waiting.view.uid] = Pending(waiting, node, deadline, names)
        try:
            self._write(booking, node)
        except ApiError:
            del self.waiting[waiting.view.uid]
            raise

    def _write(self, booking: Booking, node: str) -> None:
        for volume, claim in booking.volumes:
            self._api.update("PersistentVolume", reserved(volume, claim))
        for claim in booking.provision:
            namespace, name = claim["metadata"]["namespace"], claim["metadata"]["name"]
            patch = {"metadata": {"annotations": {claims.SELECTED_NODE: node}}}
            self._api.patch("PersistentVolumeClaim", namespace, name, patch)

    def finished(self, snapshot: Snapshot) -> Iterator[tuple[Waiting, str, str]]:
        """(pod, node, error) of those that need not be waited for any longer; error "" means bind it."""
        for uid, pending in list(self.waiting.items()):
            error = self._state(pending, snapshot)
            if error is None and self._clock.now >= pending.deadline:
                error = "binding volumes: context deadline exceeded"
            if error is not None:
                del self.waiting[uid]
                yield pending.waiting, pending.node, error

    def _state(self, pending: Pending, snapshot: Snapshot) -> str | None:
        """None: not yet. "": all bound. Else what went wrong."""
        pod = pending.waiting.view
        node = snapshot.nodes.get(pending.node)
        if node is None:
            return f'binding volumes: failed to get node "{pending.node}": node "{pending.node}" not found'
        done = True
        for name, _, claim in claims.pod_claims(pod, self._api):  # type: ignore[arg-type]
            if claim is None:
                return f'binding volumes: failed to check provisioning pvc: could not find v1.PersistentVolumeClaim "{pod.shape.namespace}/{name}"'
            if name in pending.provisioned and claims.notes(claim).get(claims.SELECTED_NODE) != pending.node:
                return f'binding volumes: provisioning failed for PVC "{name}"'
            volume = self._api.get("PersistentVolume", "", claim["spec"].get("volumeName") or "")
            if volume is not None and not claims.reachable(volume, node.facts):
                volume_name = volume["metadata"]["name"]
                return f'binding volumes: pv "{volume_name}" node affinity doesn\'t match node "{pending.node}": no matching NodeSelectorTerms'
            done = done and claims.fully_bound(claim)
        return "" if done else None


def reserved(volume: Obj, claim: Obj) -> Obj:
    """The volume with a claimRef to the claim, marked as put there by a controller."""
    metadata = claim["metadata"]
    reference = {"kind": "PersistentVolumeClaim", "namespace": metadata["namespace"], "name": metadata["name"],
                 "uid": metadata["uid"], "apiVersion": "v1", "resourceVersion": metadata["resourceVersion"]}  # fmt: skip
    by_us = {} if volume["spec"].get("claimRef") else {claims.BOUND_BY_CONTROLLER: "yes"}
    marks = {**claims.notes(volume), **by_us}
    own = {**volume["metadata"], **({"annotations": marks} if marks else {})}
    return {**volume, "metadata": own, "spec": {**volume["spec"], "claimRef": reference}}
