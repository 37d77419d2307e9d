"""What ingress controllers write back: where an Ingress is reached. Models ingress-nginx' internal/ingress/status.

A controller that is told to publish a service shows that service's load balancer, else the addresses of the nodes it runs on.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cluster_core.apiserver.parts import object_key, split_key
from cluster_core.controllers.pods import is_deleted
from cluster_core.controllers.runtime import Context, Controller
from cluster_core.machinery.ingressclasses import controller_of, is_served
from cluster_core.machinery.typed import Obj

_PUBLISHED = ("--publish-service=", "--providers.kubernetesingress.ingressendpoint.publishedservice=")
_TOLD = "--publish-status-address="


def reconcile(context: Context, key: str) -> float | None:
    ingress = context.api.get("Ingress", *split_key(key))
    if ingress is None or is_deleted(ingress):
        return None
    wanted = _addresses(context, ingress)
    status = ingress.get("status", {})
    if (status.get("loadBalancer", {}).get("ingress") or []) != wanted:
        balancer = {"ingress": wanted} if wanted else {}
        context.api.update_status("Ingress", {**ingress, "status": {**status, "loadBalancer": balancer}})
    return None


def _addresses(context: Context, ingress: Obj) -> list[Any]:
    """Of the controller whose Ingress it is, as long as it runs."""
    pods = [pod for pod in context.api.list("Pod") if _serves(context, pod, ingress)]
    if not pods:
        return []
    words = [word for container in pods[0]["spec"]["containers"] for word in container.get("args", ())]
    told = next((word.removeprefix(_TOLD) for word in words if word.startswith(_TOLD)), "")
    if told:
        return [{"hostname": each} if each[:1].isalpha() else {"ip": each} for each in told.split(",")]
    published = next((word.partition("=")[2] for word in words if word.startswith(_PUBLISHED)), "")
    if published:
        return _of_service(context, published.replace("$(POD_NAMESPACE)", pods[0]["metadata"]["namespace"]))
    return [{"ip": ip} for ip in sorted({pod["status"]["hostIP"] for pod in pods})]


def _serves(context: Context, pod: Obj, ingress: Obj) -> bool:
    if pod.get("status", {}).get("phase") != "Running" or is_deleted(pod):
        return False
    name = controller_of(pod)
    return bool(name) and is_served(ingress, name, lambda name: context.api.get("IngressClass", "", name))


def _of_service(context: Context, key: str) -> list[Any]:
    """Its load balancer's addresses, else its external ones, else its cluster address."""
    service = context.api.get("Service", *split_key(key))
    if service is None:
        return []
    found = service.get("status", {}).get("loadBalancer", {}).get("ingress") or ()
    if service["spec"].get("type") == "LoadBalancer":
        return [{name: each[name] for name in ("ip", "hostname") if name in each} for each in found]
    outside = service["spec"].get("externalIPs") or [service["spec"].get("clusterIP")]
    return [{"ip": ip} for ip in outside if ip and ip != "None"]


def _all(context: Context, obj: Obj) -> Iterable[str]:
    return [object_key(ingress) for ingress in context.api.list("Ingress")]


def _of_pod(context: Context, pod: Obj) -> Iterable[str]:
    return _all(context, pod) if controller_of(pod) else ()


def _of_balancer(context: Context, service: Obj) -> Iterable[str]:
    return _all(context, service) if service["spec"].get("type") == "LoadBalancer" else ()


def _latency(context: Context, key: str) -> float:
    """Seconds until the controller's next look: the real ones come once a minute, and after changes sooner."""
    return 2.0 + 8.0 * context.world.seed.fraction("ingress-status", key)


ADDON = Controller(
    "ingress-status",
    watches={"Ingress": lambda context, obj: (object_key(obj),), "Service": _of_balancer, "Pod": _of_pod, "IngressClass": _all},
    reconcile=reconcile,
    latency=_latency,
    user="system:serviceaccount:ingress-nginx:ingress-nginx",
)
