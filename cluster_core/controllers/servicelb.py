"""Give services of type LoadBalancer an address, as a cloud's controller does. Models cloud-provider/controllers/service.

The load balancers are made up: an address out of a range beside the nodes' network, a moment after it was asked for.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

from cluster_core.apiserver.parts import object_key, split_key
from cluster_core.controllers.pods import is_deleted
from cluster_core.controllers.runtime import Context, Controller
from cluster_core.controllers.volumes import with_finalizers
from cluster_core.machinery.typed import Obj

COMPONENT = "service-controller"
FINALIZER = "service.kubernetes.io/load-balancer-cleanup"
ADDRESSES = ipaddress.ip_network("172.18.128.0/17")


def reconcile(context: Context, key: str) -> float | None:
    service = context.api.get("Service", *split_key(key))
    if service is None:
        return None
    if is_deleted(service) or not _is_wanted(context, service):
        _take_away(context, service)
    else:
        _provide(context, service)
    return None


def _is_wanted(context: Context, service: Obj) -> bool:
    """A service of a load balancer class belongs to somebody else."""
    spec = service["spec"]
    return spec.get("type") == "LoadBalancer" and not spec.get("loadBalancerClass") and _is_on(context)


def _is_on(context: Context) -> bool:
    return bool(context.options.get("load-balancer", True))


def _ingress(service: Obj) -> list[Any]:
    found: list[Any] = service.get("status", {}).get("loadBalancer", {}).get("ingress") or []
    return found


def _say(context: Context, service: Obj, reason: str, text: str) -> None:
    context.event(service, "Normal", reason, text, COMPONENT)


def _provide(context: Context, service: Obj) -> None:
    finalizers = service["metadata"].get("finalizers", [])
    if _ingress(service) and FINALIZER in finalizers:
        return
    _say(context, service, "EnsuringLoadBalancer", "Ensuring load balancer")
    if FINALIZER not in finalizers:
        service = context.api.update("Service", with_finalizers(service, [*finalizers, FINALIZER]))
    if not _ingress(service):
        _set_ingress(context, service, [{"ip": _address(context, service), "ipMode": "VIP"}])
    _say(context, service, "EnsuredLoadBalancer", "Ensured load balancer")


def _address(context: Context, service: Obj) -> str:
    """The one asked for, else the lowest that is free."""
    wanted = service["spec"].get("loadBalancerIP")
    if wanted:
        return str(wanted)
    taken = {part.get("ip") for each in context.api.list("Service") for part in _ingress(each)}
    return next(str(address) for address in ADDRESSES.hosts() if str(address) not in taken)


def _set_ingress(context: Context, service: Obj, ingress: list[Any]) -> Obj:
    status = {**service.get("status", {}), "loadBalancer": {"ingress": ingress} if ingress else {}}
    return context.api.update_status("Service", {**service, "status": status})


def _take_away(context: Context, service: Obj) -> None:
    finalizers = service["metadata"].get("finalizers", [])
    if FINALIZER not in finalizers:
        return
    _say(context, service, "DeletingLoadBalancer", "Deleting load balancer")
    if _ingress(service):
        service = _set_ingress(context, service, [])
    kept = [name for name in finalizers if name != FINALIZER]
    context.api.update("Service", with_finalizers(service, kept))
    _say(context, service, "DeletedLoadBalancer", "Deleted load balancer")


def _concerned(context: Context, service: Obj) -> Iterable[str]:
    """Services that want a load balancer, or have one to be taken away."""
    wanted = _is_wanted(context, service) and not is_deleted(service)
    has = FINALIZER in service["metadata"].get("finalizers", ())
    done = has and bool(_ingress(service)) if wanted else not has
    return () if done else (object_key(service),)


def _latency(context: Context, key: str) -> float:
    """Seconds that the cloud takes."""
    return 1.0 + 2.0 * context.world.seed.fraction("load-balancer", key)


ADDON = Controller(
    "service-lb",
    watches={"Service": _concerned},
    reconcile=reconcile,
    latency=_latency,
    user="system:serviceaccount:kube-system:service-controller",
)
