"""Every cluster IP is an IPAddress object while its service has it.

A part of the cluster inside the API server. Models pkg/registry/core/service/ipallocator with its repair controller: an
IPAddress that somebody deletes comes back while the service is there.
"""

from __future__ import annotations

from typing import Any

from cluster_core.apiserver.parts import Change, object_key, split_key
from cluster_core.apiserver.world import World
from cluster_core.kinds.service_allocation import MANAGED_BY
from cluster_core.machinery import errors
from cluster_core.machinery.typed import Obj

NAME = "service-addresses"
_MANAGER = "ipallocator.k8s.io"
_RETRY = 1.0
_FIELDS: Obj = {
    "f:metadata": {
        "f:labels": {
            ".": {},
            "f:ipaddress.kubernetes.io/ip-family": {},
            "f:ipaddress.kubernetes.io/managed-by": {},
        }
    },
    "f:spec": {"f:parentRef": {".": {}, "f:name": {}, "f:namespace": {}, "f:resource": {}}},
}


class ServiceAddresses:
    """The part. Agenda keys are "address namespace/name" of a service that gained or lost the address."""

    name = NAME
    kinds = ("Service", "IPAddress")

    def __init__(self, world: World) -> None:
        self._world = world
        self._api = world.client("system:apiserver")

    def observe(self, change: Change) -> None:
        if change.kind.name == "IPAddress":
            parent = _parent(change.obj) if change.new is None else ""
            if parent:
                self._look_at(change.obj["metadata"]["name"], parent)
            return
        for address in held(change.old) ^ held(change.new):
            self._look_at(address, object_key(change.obj))

    def _look_at(self, address: str, service: str) -> None:
        self._world.agenda.soon(NAME, f"{address} {service}")

    def run(self, key: str) -> None:
        address, _, service = key.partition(" ")
        try:
            self._sync(address, service)
        except errors.ApiError:
            self._world.agenda.soon(NAME, key, _RETRY)  # etcd is away, for one

    def _sync(self, address: str, service: str) -> None:
        wanted = address in held(self._api.get("Service", *split_key(service)))
        found = self._api.get("IPAddress", "", address)
        if wanted and found is None:
            self._api.create("IPAddress", self._address(address, service))
        elif not wanted and found is not None and _parent(found) == service:
            self._api.delete("IPAddress", "", address)

    def _address(self, address: str, service: str) -> dict[str, Any]:
        namespace, name = split_key(service)
        entry = {
            "manager": "kube-apiserver",
            "operation": "Update",
            "apiVersion": "networking.k8s.io/v1",
            "time": self._world.clock.timestamp(),
            "fieldsType": "FieldsV1",
            "fieldsV1": _FIELDS,
        }
        labels = {"ipaddress.kubernetes.io/ip-family": "IPv4", MANAGED_BY: _MANAGER}
        return {
            "metadata": {"name": address, "labels": labels, "managedFields": [entry]},
            "spec": {"parentRef": {"resource": "services", "namespace": namespace, "name": name}},
        }

    def dump(self) -> Any:
        return {}

    def load(self, state: Any) -> None:
        """It remembers nothing."""


def held(service: Obj | None) -> frozenset[str]:
    """The addresses a service has from the cluster."""
    spec = service["spec"] if service is not None else {}
    if spec.get("type") == "ExternalName":
        return frozenset()
    return frozenset(address for address in spec.get("clusterIPs") or () if address not in ("", "None"))


def _parent(address: Obj) -> str:
    """The service an IPAddress belongs to as "namespace/name"; "" when it is somebody else's."""
    parent = (address.get("spec") or {}).get("parentRef") or {}
    return f"{parent.get('namespace', '')}/{parent.get('name', '')}" if parent.get("resource") == "services" else ""
