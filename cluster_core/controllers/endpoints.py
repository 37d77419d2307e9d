"""Keep a service's Endpoints in step with its pods. Models pkg/controller/endpoint."""

from __future__ import annotations

from typing import Any

from cluster_core.apiserver.parts import split_key
from cluster_core.controllers.endpoints_common import (
    is_ready,
    pod_reference,
    ports_for,
    selected_pods,
    services_of_pod,
)
from cluster_core.controllers.runtime import Context, Controller, itself
from cluster_core.machinery.typed import Obj

MANAGED_BY = "endpoints.kubernetes.io/managed-by"
MANAGER = "endpoint-controller"
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
MAX_ADDRESSES = 1000

Ports = tuple[tuple[str, int, str, str], ...]


def reconcile(context: Context, key: str) -> float | None:
    namespace, name = split_key(key)
    service = context.api.get("Service", namespace, name)
    known = context.api.get("Endpoints", namespace, name)
    if service is None:
        if known is not None and known["metadata"].get("labels", {}).get(MANAGED_BY) == MANAGER:
            context.api.delete("Endpoints", namespace, name)
        return None
    if not service["spec"].get("selector") or service["spec"].get("type") == "ExternalName":
        return None
    _write(context, service, known, _subsets(service, selected_pods(context, service)))
    return None


def _subsets(service: Obj, pods: list[Obj]) -> list[dict[str, Any]]:
    """Addresses with equal ports together; those not ready apart."""
    groups: dict[Ports, tuple[list[Any], list[Any]]] = {}
    publish = service["spec"].get("publishNotReadyAddresses", False)
    for pod in pods[:MAX_ADDRESSES]:
        if "deletionTimestamp" in pod["metadata"] and not publish:
            continue
        ready, waiting = groups.setdefault(ports_for(service, pod), ([], []))
        (ready if publish or is_ready(pod) else waiting).append(_address(service, pod))
    return [_subset(ports, *addresses) for ports, addresses in groups.items()]


def _address(service: Obj, pod: Obj) -> dict[str, Any]:
    address: dict[str, Any] = {"ip": pod["status"]["podIP"]}
    spec = pod["spec"]
    if spec.get("hostname") and spec.get("subdomain") == service["metadata"]["name"]:
        address["hostname"] = spec["hostname"]
    return {**address, "nodeName": spec["nodeName"], "targetRef": pod_reference(pod)}


def _subset(ports: Ports, ready: list[Any], waiting: list[Any]) -> dict[str, Any]:
    subset: dict[str, Any] = {}
    if ready:
        subset["addresses"] = sorted(ready, key=lambda address: address["ip"])
    if waiting:
        subset["notReadyAddresses"] = sorted(waiting, key=lambda address: address["ip"])
    if ports:
        subset["ports"] = [_port(*port) for port in ports]
    return subset


def _port(name: str, number: int, protocol: str, app: str) -> dict[str, Any]:
    port: dict[str, Any] = {"name": name} if name else {}
    port |= {"port": number, "protocol": protocol}
    return {**port, "appProtocol": app} if app else port


def _labels(service: Obj) -> dict[str, str]:
    labels = {**service["metadata"].get("labels", {}), MANAGED_BY: MANAGER}
    if service["spec"].get("clusterIP") == "None":
        labels["service.kubernetes.io/headless"] = ""
    return labels


def _write(context: Context, service: Obj, known: Obj | None, subsets: list[dict[str, Any]]) -> None:
    metadata = {"name": service["metadata"]["name"], "namespace": service["metadata"]["namespace"], "labels": _labels(service)}
    body = {"subsets": subsets} if subsets else {}
    if known is None:
        context.api.create("Endpoints", {"metadata": metadata, **body})
    elif known.get("subsets", []) != subsets or known["metadata"].get("labels") != metadata["labels"]:
        kept = {key: value for key, value in known.items() if key != "subsets"}
        context.api.update("Endpoints", {**kept, "metadata": {**known["metadata"], "labels": metadata["labels"]}, **body})


CONTROLLER = Controller(
    "endpoints",
    watches={"Service": itself, "Endpoints": itself, "Pod": services_of_pod},
    reconcile=reconcile,
    latency=0.1,
    user="system:serviceaccount:kube-system:endpoint-controller",
)
