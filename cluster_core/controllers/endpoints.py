"""Keep a service's Endpoints in step with its pods. Models pkg/controller/endpoint."""

from __future__ import annotations

import math
from typing import Any

from cluster_core.apiserver.parts import split_key
from cluster_core.controllers.endpoints_common import (
    is_ready,
    newest_change,
    pod_reference,
    ports_for,
    selected_pods,
    with_trigger_time,
)
from cluster_core.controllers.endpoints_index import latency, service_itself, services_of_pod
from cluster_core.controllers.pods import namespace_is_terminating
from cluster_core.controllers.runtime import Context, Controller, itself
from cluster_core.machinery.errors import ApiError
from cluster_core.machinery.typed import Obj

MANAGED_BY = "endpoints.kubernetes.io/managed-by"
MANAGER = "endpoint-controller"
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
MAX_ADDRESSES = 1000
READY, WAITING = "addresses", "notReadyAddresses"

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
    pods = selected_pods(context, service)
    subsets = _subsets(service, pods)
    total = sum(len(subset.get(part, ())) for subset in subsets for part in (READY, WAITING))
    wanted = _wanted(service, known, subsets if total <= MAX_ADDRESSES else _truncated(subsets), total > MAX_ADDRESSES)
    if known is None or _essence(known) != _essence(wanted):
        _write(context, service, known, _triggered(wanted, service, pods))
    return None


def _subsets(service: Obj, pods: list[Obj]) -> list[dict[str, Any]]:
    """Addresses with equal ports together; those not ready apart."""
    groups: dict[Ports, tuple[list[Any], list[Any]]] = {}
    publish = service["spec"].get("publishNotReadyAddresses", False)
    for pod in pods:
        ports = ports_for(service, pod)
        if ("deletionTimestamp" in pod["metadata"] and not publish) or (service["spec"].get("ports") and not ports):
            continue
        ready, waiting = groups.setdefault(ports, ([], []))
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
        subset[READY] = sorted(ready, key=lambda address: address["ip"])
    if waiting:
        subset[WAITING] = sorted(waiting, key=lambda address: address["ip"])
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


def _truncated(subsets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """No more addresses than there may be, of each subset its share: ready ones first."""
    ready = sum(len(subset.get(READY, ())) for subset in subsets)
    cut = READY if ready > MAX_ADDRESSES else WAITING
    room = MAX_ADDRESSES if cut == READY else MAX_ADDRESSES - ready
    total = sum(len(subset.get(cut, ())) for subset in subsets)
    left, result = room, []
    for subset in subsets:
        share = min(left, math.ceil(len(subset.get(cut, ())) / total * room))
        left -= share
        kept = {key: value for key, value in subset.items() if key != WAITING or cut == WAITING}
        shortened = {**kept, cut: subset[cut][:share]} if cut in subset else kept
        result.append({key: value for key, value in shortened.items() if value})
    return result


def _wanted(service: Obj, known: Obj | None, subsets: list[dict[str, Any]], over: bool) -> dict[str, Any]:
    before = known["metadata"] if known is not None else {}
    annotations = {key: value for key, value in before.get("annotations", {}).items() if key != OVER_CAPACITY}
    if over:
        annotations[OVER_CAPACITY] = "truncated"
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    metadata = {**before, "name": name, "namespace": namespace, "labels": _labels(service), "annotations": annotations}
    return {**(known or {}), "metadata": metadata, "subsets": subsets}


def _essence(endpoints: Obj) -> tuple[Any, ...]:
    metadata = endpoints["metadata"]
    over = metadata.get("annotations", {}).get(OVER_CAPACITY)
    return endpoints.get("subsets") or [], metadata.get("labels"), over


def _triggered(wanted: dict[str, Any], service: Obj, pods: list[Obj]) -> dict[str, Any]:
    annotations = with_trigger_time(wanted["metadata"]["annotations"], newest_change(service, pods))
    metadata = {key: value for key, value in wanted["metadata"].items() if key != "annotations"}
    whole = {key: value for key, value in wanted.items() if key != "subsets" or value}
    return {**whole, "metadata": {**metadata, "annotations": annotations} if annotations else metadata}


def _write(context: Context, service: Obj, known: Obj | None, wanted: dict[str, Any]) -> None:
    """Raises ApiError, having told about it."""
    key = f"{service['metadata']['namespace']}/{service['metadata']['name']}"
    try:
        if known is None:
            context.api.create("Endpoints", wanted)
        else:
            context.api.update("Endpoints", wanted)
    except ApiError as error:
        if namespace_is_terminating(error):
            return
        verb, text = ("Create", "create endpoint for service") if known is None else ("Update", "update endpoint")
        about = known or {"kind": "Endpoints", "apiVersion": "v1", **wanted}
        text = f"Failed to {text} {key}: {error.message}"
        context.event(about, "Warning", f"FailedTo{verb}Endpoint", text, MANAGER)
        raise


CONTROLLER = Controller(
    "endpoints",
    watches={"Service": service_itself, "Endpoints": itself, "Pod": services_of_pod},
    reconcile=reconcile,
    latency=latency,
    user="system:serviceaccount:kube-system:endpoint-controller",
    steady=frozenset({"Pod"}),
)
