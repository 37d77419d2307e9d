"""Keep a service's endpoint slices in step with its pods. Models pkg/controller/endpointslice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cluster_core.apiserver.parts import controller_of, split_key
from cluster_core.controllers.endpoints_common import (
    is_ready,
    newest_change,
    pod_reference,
    ports_for,
    selected_pods,
    with_trigger_time,
)
from cluster_core.controllers.endpoints_index import latency, service_itself, services_of_pod
from cluster_core.controllers.pods import owner_reference
from cluster_core.controllers.runtime import Context, Controller
from cluster_core.machinery.typed import Obj

MANAGER = "endpointslice-controller.k8s.io"
MAX_ENDPOINTS = 100
SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
HEADLESS = "service.kubernetes.io/headless"
ZONE = "topology.kubernetes.io/zone"

_NEAR = ("PreferClose", "PreferSameZone", "PreferSameNode")

Ports = tuple[tuple[str, int, str, str], ...]


def reconcile(context: Context, key: str) -> float | None:
    namespace, name = split_key(key)
    service = context.api.get("Service", namespace, name)
    if service is None or "deletionTimestamp" in service["metadata"]:
        return None
    if not service["spec"].get("selector") or service["spec"].get("type") == "ExternalName":
        return None
    slices = [each for each in context.api.owned("EndpointSlice", service["metadata"]["uid"]) if _ours(each)]
    pods = selected_pods(context, service)
    keeper = Keeper(context, service, newest_change(service, pods))
    keeper.write(slices, _groups(context, service, pods))
    return None


def _ours(found: Obj) -> bool:
    return bool(found["metadata"].get("labels", {}).get(MANAGED_BY) == MANAGER)


def _groups(context: Context, service: Obj, pods: list[Obj]) -> dict[Ports, list[dict[str, Any]]]:
    """The endpoints, by the ports that they offer."""
    groups: defaultdict[Ports, list[dict[str, Any]]] = defaultdict(list)
    for pod in pods:
        groups[ports_for(service, pod)].append(_endpoint(context, service, pod))
    return dict(groups) or {(): []}


def _endpoint(context: Context, service: Obj, pod: Obj) -> dict[str, Any]:
    ready, terminating = is_ready(pod), "deletionTimestamp" in pod["metadata"]
    publish = service["spec"].get("publishNotReadyAddresses", False)
    endpoint: dict[str, Any] = {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": bool(publish or (ready and not terminating)), "serving": ready, "terminating": terminating},
    }
    spec = pod["spec"]
    if spec.get("hostname") and spec.get("subdomain") == service["metadata"]["name"]:
        endpoint["hostname"] = spec["hostname"]
    endpoint["nodeName"] = spec["nodeName"]
    endpoint["targetRef"] = pod_reference(pod)
    node = context.api.get("Node", "", spec["nodeName"])
    zone = node["metadata"].get("labels", {}).get(ZONE, "") if node else ""
    hints = _hints(service, spec["nodeName"], zone)
    return {**endpoint, **({"zone": zone} if zone else {}), **({"hints": hints} if hints else {})}


def _hints(service: Obj, node: str, zone: str) -> dict[str, Any]:
    """Whom the endpoint is meant for, as spec.trafficDistribution wants it; the zone where the node has one."""
    wanted = service["spec"].get("trafficDistribution")
    hints: dict[str, Any] = {"forZones": [{"name": zone}]} if zone and wanted in _NEAR else {}
    return {**hints, "forNodes": [{"name": node}]} if wanted == "PreferSameNode" else hints


@dataclass(frozen=True, slots=True)
class Keeper:
    """Writes the slices of one service. `newest` is when the newest change happened that led to this."""

    context: Context
    service: Obj
    newest: str

    def write(self, slices: list[Obj], groups: dict[Ports, list[dict[str, Any]]]) -> None:
        """Fill existing slices first, add what does not fit, delete what is empty."""
        spare = list(slices)
        for ports, endpoints in groups.items():
            same = [each for each in slices if _ports_of(each) == ports]
            for part in _split(endpoints, same):
                known = next((each for each in same if each in spare), None) or (spare[0] if spare else None)
                if known is not None:
                    spare.remove(known)
                self._write_slice(known, ports, part)
        for obsolete in spare:
            self.context.api.delete("EndpointSlice", obsolete["metadata"]["namespace"], obsolete["metadata"]["name"])

    def _write_slice(self, known: Obj | None, ports: Ports, endpoints: list[dict[str, Any]]) -> None:
        service, labels = self.service, _labels(self.service)
        body = {"endpoints": endpoints, "ports": _port_objects(ports)}
        if known is None:
            metadata = {
                "generateName": service["metadata"]["name"] + "-",
                "namespace": service["metadata"]["namespace"],
                "labels": labels,
                "annotations": with_trigger_time({}, self.newest),
                "ownerReferences": [owner_reference(service)],
            }
            self.context.api.create("EndpointSlice", {"metadata": metadata, "addressType": "IPv4", **body})
        elif any(known.get(key) != value for key, value in body.items()) or known["metadata"].get("labels") != labels:
            annotations = with_trigger_time(known["metadata"].get("annotations", {}), self.newest)
            kept = {key: value for key, value in known["metadata"].items() if key != "annotations"}
            metadata = {**kept, "labels": labels, **({"annotations": annotations} if annotations else {})}
            self.context.api.update("EndpointSlice", {**known, "metadata": metadata, **body})


def _split(endpoints: list[dict[str, Any]], slices: list[Obj]) -> list[list[dict[str, Any]]]:
    """The endpoints slice by slice; those already in a slice stay in it."""
    place = {_identity(found): index for index, each in enumerate(slices) for found in each.get("endpoints") or ()}
    parts: list[list[dict[str, Any]]] = [[] for _ in slices]
    fresh: list[dict[str, Any]] = []
    for endpoint in endpoints:
        index = place.get(_identity(endpoint))
        (fresh if index is None else parts[index]).append(endpoint)
    for part in parts:
        while fresh and len(part) < MAX_ENDPOINTS:
            part.append(fresh.pop(0))
    parts += [fresh[start : start + MAX_ENDPOINTS] for start in range(0, len(fresh), MAX_ENDPOINTS)]
    return [part for part in parts if part] or [[]]


def _identity(endpoint: Obj) -> str:
    return str(endpoint.get("targetRef", {}).get("uid") or endpoint["addresses"][0])


def _ports_of(found: Obj) -> Ports:
    return tuple(
        (port.get("name", ""), port.get("port", 0), port.get("protocol", "TCP"), port.get("appProtocol", ""))
        for port in found.get("ports") or ()
    )


def _port_objects(ports: Ports) -> list[dict[str, Any]]:
    return [
        {"name": name, "port": number, "protocol": protocol, **({"appProtocol": app} if app else {})}
        for name, number, protocol, app in ports
    ]


def _labels(service: Obj) -> dict[str, str]:
    labels = {MANAGED_BY: MANAGER, SERVICE_NAME: service["metadata"]["name"]}
    if service["spec"].get("clusterIP") == "None":
        labels[HEADLESS] = ""
    return {**service["metadata"].get("labels", {}), **labels}


def _service_of_slice(context: Context, found: Obj) -> Iterable[str]:
    owner = controller_of(found)
    if owner is None or owner["kind"] != "Service":
        return ()
    return (f"{found['metadata']['namespace']}/{owner['name']}",)


CONTROLLER = Controller(
    "endpointslice",
    watches={"Service": service_itself, "Pod": services_of_pod, "EndpointSlice": _service_of_slice},
    reconcile=reconcile,
    latency=latency,
    steady=frozenset({"Pod"}),
)
