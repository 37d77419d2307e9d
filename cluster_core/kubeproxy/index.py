"""Services and their endpoint slices as they are now, found by address and port. Built when first asked for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from cluster_core.apiserver.client import Client
from cluster_core.apiserver.parts import Change, object_key, split_key
from cluster_core.kubeproxy.services import Inputs, ports_of
from cluster_core.machinery.packets import Packet
from cluster_core.machinery.typed import Obj

Key = str
"""A service's "namespace/name"."""
SERVICE_NAME = "kubernetes.io/service-name"
IGNORED = "service.kubernetes.io/service-proxy-name"
"""Services and slices with this label are some other proxy's."""

Door = tuple[str, str, int]
"""(address, "" for a node port; protocol in small letters; port)"""


def service_of(obj: Obj) -> Key:
    """The key of the service that an object, a Service or an EndpointSlice, belongs to; "" when to none."""
    metadata = obj["metadata"]
    if obj.get("kind") == "Service":
        return object_key(obj)
    name = metadata.get("labels", {}).get(SERVICE_NAME)
    return f"{metadata['namespace']}/{name}" if name and obj.get("addressType") == "IPv4" else ""


def doors(service: Obj) -> Iterable[Door]:
    """Where the service can be knocked at."""
    for port in ports_of(service):
        for address in (port.cluster_ip, *port.external_ips, *port.balancer_ips):
            yield address, port.protocol, port.port
        if port.node_port:
            yield "", port.protocol, port.node_port


class Index:
    """See the module."""

    def __init__(self, api: Client) -> None:
        self._api = api
        self._slices: dict[Key, dict[str, Obj]] | None = None
        self._doors: dict[Door, dict[Key, None]] | None = None

    # ------------------------------------------------------------------------------------------------ slices

    def _all_slices(self) -> dict[Key, dict[str, Obj]]:
        if self._slices is None:
            self._slices = defaultdict(dict)
            for each in self._api.list("EndpointSlice"):
                self._put(each)
        return self._slices

    def _put(self, found: Obj) -> None:
        key = service_of(found)
        if key and self._slices is not None:
            self._slices[key][found["metadata"]["name"]] = found

    def _take(self, found: Obj) -> None:
        key = service_of(found)
        slices = self._slices.get(key) if self._slices is not None else None
        if slices is not None and self._slices is not None:
            slices.pop(found["metadata"]["name"], None)
            if not slices:
                del self._slices[key]

    def _slices_of(self, key: Key) -> tuple[Obj, ...]:
        slices = self._all_slices().get(key)
        return tuple(slices[name] for name in sorted(slices)) if slices else ()

    # ------------------------------------------------------------------------------------------------ services

    def keys(self) -> list[Key]:
        return [object_key(service) for service in self._api.list("Service")]

    def inputs(self, key: Key) -> Inputs:
        """The service as it is now."""
        service = self._api.get("Service", *split_key(key))
        if service is not None and IGNORED in service["metadata"].get("labels", {}):
            service = None
        return Inputs(service, self._slices_of(key))

    def before(self, key: Key, change: Change) -> Inputs:
        """The service as it was before the change, which the store has taken but this index has not."""
        if change.kind.name == "Service":
            return Inputs(change.old, self._before_slices(key, None))
        service = self._api.get("Service", *split_key(key))
        return Inputs(service, self._before_slices(key, change))

    def _before_slices(self, key: Key, change: Change | None) -> tuple[Obj, ...]:
        if self._slices is not None or change is None:
            return self._slices_of(key)
        self._all_slices()
        if change.new is not None:
            self._take(change.new)
        if change.old is not None:
            self._put(change.old)
        return self._slices_of(key)

    def change(self, change: Change) -> None:
        """Take up a change."""
        if change.kind.name == "Service":
            self._change_doors(change)
            return
        if self._slices is None:
            return
        if change.old is not None:
            self._take(change.old)
        if change.new is not None:
            self._put(change.new)

    # ------------------------------------------------------------------------------------------------ doors

    def _all_doors(self) -> dict[Door, dict[Key, None]]:
        if self._doors is None:
            self._doors = {}
            for service in self._api.list("Service"):
                self._open(service)
        return self._doors

    def _open(self, service: Obj) -> None:
        assert self._doors is not None
        for door in doors(service):
            self._doors.setdefault(door, {})[object_key(service)] = None

    def _change_doors(self, change: Change) -> None:
        if self._doors is None:
            return
        if change.old is not None:
            for door in doors(change.old):
                behind = self._doors.get(door, {})
                behind.pop(object_key(change.old), None)
                if not behind:
                    self._doors.pop(door, None)
        if change.new is not None:
            self._open(change.new)

    def candidates(self, packet: Packet, local: bool) -> Iterable[Key]:
        """The services one of whose rules may match the packet; `local`: it goes to the node itself."""
        found, protocol = self._all_doors(), packet.protocol.lower()
        yield from found.get((packet.destination, protocol, packet.port), ())
        if local:
            yield from found.get(("", protocol, packet.port), ())
