"""Mirror Endpoints that people keep themselves, for services without selector, into endpoint slices.

Models pkg/controller/endpointslicemirroring.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from cluster_core.apiserver.parts import object_key, split_key
from cluster_core.controllers.pods import is_deleted, namespace_is_terminating, owner_reference
from cluster_core.controllers.runtime import Context, Controller
from cluster_core.machinery.errors import ApiError
from cluster_core.machinery.typed import Obj

MANAGER = "endpointslicemirroring-controller.k8s.io"
COMPONENT = "endpoint-slice-mirroring-controller"
SERVICE_NAME, MANAGED_BY = "kubernetes.io/service-name", "endpointslice.kubernetes.io/managed-by"
SKIP = "endpointslice.kubernetes.io/skip-mirror"
_LEADER = "control-plane.alpha.kubernetes.io/leader"
_LEFT_OUT = ("endpoints.kubernetes.io/last-change-trigger-time", "kubectl.kubernetes.io/last-applied-configuration")

Ports = tuple[tuple[tuple[str, Any], ...], ...]
Place = tuple[str, Ports]
"""(address type, ports) of a slice."""


def reconcile(context: Context, key: str) -> float | None:
    namespace, name = split_key(key)
    endpoints = context.api.get("Endpoints", namespace, name)
    service = context.api.get("Service", namespace, name)
    mirrored = endpoints is not None and _is_to_mirror(endpoints) and service is not None
    if endpoints is None or service is None or not mirrored or service["spec"].get("selector"):
        for found in _slices(context, namespace, name):
            _delete(context, found)
        return None
    try:
        _write(context, endpoints, _slices(context, namespace, name), _desired(context, endpoints))
    except ApiError as error:
        if not namespace_is_terminating(error):
            raise
    return None


def _is_to_mirror(endpoints: Obj) -> bool:
    metadata = endpoints["metadata"]
    skipped = (metadata.get("labels") or {}).get(SKIP) == "true"
    return not skipped and _LEADER not in (metadata.get("annotations") or {})


def _slices(context: Context, namespace: str, name: str) -> list[Obj]:
    wanted = {SERVICE_NAME: name, MANAGED_BY: MANAGER}.items()
    every = context.api.list("EndpointSlice", namespace)
    return [found for found in every if wanted <= (found["metadata"].get("labels") or {}).items()]


def _delete(context: Context, found: Obj) -> None:
    context.api.delete("EndpointSlice", found["metadata"]["namespace"], found["metadata"]["name"])


# ------------------------------------------------------------------------------------------------ what there should be


def _desired(context: Context, endpoints: Obj) -> dict[Place, list[dict[str, Any]]]:
    """The endpoints of each slice: at most --mirroring-max-endpoints-per-subset (1000) of a subset."""
    most = int(context.options.get("mirroring-max-endpoints-per-subset", 1000))
    found: defaultdict[Place, dict[str, dict[str, Any]]] = defaultdict(dict)
    invalid = skipped = 0
    for subset in endpoints.get("subsets") or ():
        ports = _ports(subset.get("ports") or ())
        both = [(each, True) for each in subset.get("addresses") or ()]
        both += [(each, False) for each in subset.get("notReadyAddresses") or ()]
        made = [_endpoint(address, ready) for address, ready in both]
        valid = [each for each in made if each is not None]
        invalid += len(made) - len(valid)
        skipped += max(0, len(valid) - most)
        for family, endpoint in valid[:most]:
            found[family, ports].setdefault(endpoint["addresses"][0], endpoint)
    _warn(context, endpoints, invalid, skipped, most)
    return {place: list(each.values()) for place, each in found.items()}


def _warn(context: Context, endpoints: Obj, invalid: int, skipped: int, most: int) -> None:
    if invalid:
        text = f"Skipped {invalid} invalid IP addresses when mirroring to EndpointSlices"
        context.event(endpoints, "Warning", "InvalidIPAddress", text, COMPONENT)
    if skipped:
        text = (
            f"A max of {most} addresses can be mirrored to EndpointSlices per Endpoints subset. "
            f"{skipped + invalid} addresses were skipped"
        )
        context.event(endpoints, "Warning", "TooManyAddressesToMirror", text, COMPONENT)


def _ports(given: Iterable[Obj]) -> Ports:
    return tuple(tuple(sorted({"name": "", "protocol": "TCP", **port}.items())) for port in given)


def _endpoint(address: Obj, ready: bool) -> tuple[str, dict[str, Any]] | None:
    """(address type, endpoint); None for an address that is none."""
    try:
        parsed = ipaddress.ip_address(address["ip"])
    except ValueError:
        return None
    endpoint: dict[str, Any] = {"addresses": [str(parsed)], "conditions": {"ready": ready}}
    endpoint.update({key: address[key] for key in ("hostname", "targetRef", "nodeName") if address.get(key)})
    return f"IPv{parsed.version}", endpoint


# ------------------------------------------------------------------------------------------------ writing


def _write(context: Context, endpoints: Obj, slices: list[Obj], desired: dict[Place, list[dict[str, Any]]]) -> None:
    spare = list(slices)
    wanted: list[tuple[Place, list[dict[str, Any]], Obj | None]] = []
    for place, each in desired.items():
        known = next((found for found in spare if _place(found) == place), None)
        if known is not None:
            spare.remove(known)
        wanted.append((place, each, known))
    for place, each, known in wanted:
        if known is None:
            known = next((found for found in spare if found["addressType"] == place[0]), None)
            spare = [found for found in spare if found is not known]
        _write_slice(context, endpoints, known, place, each)
    for found in spare:
        _delete(context, found)


def _place(found: Obj) -> Place:
    return found["addressType"], _ports(found.get("ports") or ())


def _metadata(endpoints: Obj) -> dict[str, Any]:
    given = endpoints["metadata"]
    labels = {**(given.get("labels") or {}), SERVICE_NAME: given["name"], MANAGED_BY: MANAGER}
    annotations = {key: value for key, value in (given.get("annotations") or {}).items() if key not in _LEFT_OUT}
    metadata = {"namespace": given["namespace"], "labels": labels, "ownerReferences": [owner_reference(endpoints)]}
    return {**metadata, "annotations": annotations} if annotations else metadata


def _write_slice(context: Context, endpoints: Obj, known: Obj | None, place: Place, each: list[dict[str, Any]]) -> None:
    metadata = _metadata(endpoints)
    body = {"addressType": place[0], "endpoints": each, "ports": [dict(port) for port in place[1]]}
    if known is None:
        if not is_deleted(endpoints):
            made = {**metadata, "generateName": f"{endpoints['metadata']['name']}-"}
            context.api.create("EndpointSlice", {"metadata": made, **body})
        return
    kept = {key: value for key, value in known["metadata"].items() if key != "annotations"}
    changed = {**known, "metadata": {**kept, **metadata}, **body}
    if changed != known:
        context.api.update("EndpointSlice", changed)


# ------------------------------------------------------------------------------------------------ what to look at


def _of_endpoints(context: Context, endpoints: Obj) -> Iterable[str]:
    """Those of the endpoints controller's own are of no interest, of which there are many."""
    metadata = endpoints["metadata"]
    service = context.api.get("Service", metadata["namespace"], metadata["name"])
    return () if service is not None and service["spec"].get("selector") else (object_key(endpoints),)


def _of_service(context: Context, service: Obj) -> Iterable[str]:
    there = context.api.get("Endpoints", service["metadata"]["namespace"], service["metadata"]["name"])
    return (object_key(service),) if there is not None else ()


def _of_slice(context: Context, found: Obj) -> Iterable[str]:
    labels = found["metadata"].get("labels") or {}
    ours = labels.get(MANAGED_BY) == MANAGER and labels.get(SERVICE_NAME)
    return (f"{found['metadata']['namespace']}/{labels[SERVICE_NAME]}",) if ours else ()


CONTROLLER = Controller(
    "endpointslice-mirroring-controller",
    watches={"Endpoints": _of_endpoints, "Service": _of_service, "EndpointSlice": _of_slice},
    reconcile=reconcile,
    latency=0.1,
    user="system:serviceaccount:kube-system:endpointslicemirroring-controller",
)
