"""Keep service networks as long as addresses out of them are in use. Models pkg/controller/servicecidrs."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from cluster_core.controllers import conditions
from cluster_core.controllers.pods import is_deleted
from cluster_core.controllers.runtime import Context, Controller
from cluster_core.controllers.volumes import with_finalizers
from cluster_core.machinery.addresses import Network, contains
from cluster_core.machinery.clock import SECOND
from cluster_core.machinery.timestamps import any_time
from cluster_core.machinery.typed import Obj

FINALIZER = "networking.k8s.io/service-cidr-finalizer"
_GRACE = 10 * SECOND
"""How long a deletion waits until all who hand out addresses know of it."""
_IN_USE = "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR"

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def reconcile(context: Context, key: str) -> float | None:
    found = context.api.get("ServiceCIDR", "", key)
    if found is None:
        return None
    finalizers = found["metadata"].get("finalizers", [])
    if is_deleted(found):
        return _let_go(context, found)
    if FINALIZER not in finalizers:
        found = context.api.update("ServiceCIDR", with_finalizers(found, [*finalizers, FINALIZER]))
    _set_ready(context, found, "True", "", "Kubernetes Service CIDR is ready")
    return None


def _let_go(context: Context, found: Obj) -> float | None:
    finalizers = found["metadata"].get("finalizers", [])
    if _is_needed(context, found):
        _set_ready(context, found, "False", "Terminating", _IN_USE)
        return None
    left = any_time(found["metadata"]["deletionTimestamp"]) + _GRACE - context.world.clock.now
    if left > 0:
        return left / SECOND
    if FINALIZER in finalizers:
        context.api.update("ServiceCIDR", with_finalizers(found, [name for name in finalizers if name != FINALIZER]))
    return None


def _set_ready(context: Context, found: Obj, status: str, reason: str, message: str) -> None:
    present = (found.get("status") or {}).get("conditions") or []
    known = conditions.find(present, "Ready")
    if known is not None and (known["status"], known.get("reason", ""), known.get("message")) == (status, reason, message):
        return
    made = conditions.make("Ready", status, reason, message, context.world.clock.timestamp())
    changed = {**(found.get("status") or {}), "conditions": [*conditions.without(present, "Ready"), made]}
    context.api.update_status("ServiceCIDR", {**found, "status": changed})


def _is_needed(context: Context, found: Obj) -> bool:
    """Whether an address would be left that no other service network has."""
    others = [one for one in context.api.list("ServiceCIDR") if one is not found and not _same(one, found)]
    elsewhere = [network for one in others for network in _networks(one)]
    own = [network for network in _networks(found) if not any(contains(other, network) for other in elsewhere)]
    if not own:
        return False
    for address in (ipaddress.ip_address(one["metadata"]["name"]) for one in context.api.list("IPAddress")):
        if any(address in network for network in own) and not any(address in network for network in elsewhere):
            return True
    return False


def _same(one: Obj, other: Obj) -> bool:
    return bool(one["metadata"]["name"] == other["metadata"]["name"])


def _networks(found: Obj) -> list[Network]:
    return [ipaddress.ip_network(text, strict=False) for text in found["spec"].get("cidrs") or ()]


def _all_in_deletion(context: Context, _: Obj) -> Iterable[str]:
    """An address is freed or another network comes: those waiting to go may be free to."""
    return [one["metadata"]["name"] for one in context.api.list("ServiceCIDR") if is_deleted(one)]


def _itself_and_waiting(context: Context, found: Obj) -> Iterable[str]:
    return sorted({found["metadata"]["name"], *_all_in_deletion(context, found)})


CONTROLLER = Controller(
    "service-cidr-controller",
    watches={"ServiceCIDR": _itself_and_waiting, "IPAddress": _all_in_deletion},
    reconcile=reconcile,
    user="system:serviceaccount:kube-system:service-cidrs-controller",
)
