"""Which devices of which node would satisfy a set of ResourceClaims.

Models dynamic-resource-allocation/structured without partitionable devices, shared capacity and binding conditions:
selectors in CEL, exact counts and "All", alternatives in order, matchAttribute constraints, taints, admin access.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from cluster_core.machinery import cel, cel_functions
from cluster_core.machinery.taints import tolerated
from cluster_core.machinery.typed import Obj
from cluster_core.scheduler import matching
from cluster_core.scheduler.framework import Lookup
from cluster_core.scheduler.views import NodeFacts

_VARIABLES = (("device", "dyn"),)
_STEPS = 20_000
"""Devices looked at before a search is given up, as the real allocator gives up after ten seconds."""


class DeviceId(NamedTuple):
    driver: str
    pool: str
    name: str


@dataclass(frozen=True, slots=True)
class Device:
    id: DeviceId
    attributes: Mapping[str, Any]
    """By qualified name: "driver/name"."""
    facts: Mapping[str, Any]
    """As CEL sees the device."""
    taints: Sequence[Obj] = ()
    """Those that keep claims away."""


class Wish(NamedTuple):
    """One request of one claim: `number` devices (None: all) that pass all expressions."""

    claim: int
    request: str
    expressions: tuple[str, ...]
    number: int | None
    admin: bool
    tolerations: Sequence[Obj] = ()


Given = list[tuple[Wish, Device]]


def _plain(value: Mapping[str, Any]) -> Any:
    """An attribute's value: one of string, int, bool and version."""
    if "version" in value:
        return cel_functions.semver(value["version"])
    return next(iter(value.values()), None)


def _by_domain(values: Mapping[str, Any], driver: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        domain, _, identifier = name.rpartition("/")
        found.setdefault(domain or driver, {})[identifier] = value
    return found


def _device(driver: str, pool: str, device: Obj) -> Device:
    attributes = {name: _plain(value) for name, value in (device.get("attributes") or {}).items()}
    amounts = {
        name: cel_functions.quantity(str(size["value"])) for name, size in (device.get("capacity") or {}).items()
    }
    own, capacity = _by_domain(attributes, driver), _by_domain(amounts, driver)
    facts = {"driver": driver, "attributes": own, "capacity": capacity}
    qualified = {f"{domain}/{name}": value for domain, values in own.items() for name, value in values.items()}
    taints = [taint for taint in device.get("taints") or () if taint["effect"] != "None"]
    return Device(DeviceId(driver, pool, device["name"]), qualified, facts, taints)


def _offered(place: Obj, facts: NodeFacts) -> bool:
    """Whether a slice or device is for this node."""
    if place.get("allNodes") or place.get("nodeName") == facts.name:
        return True
    terms = matching.node_terms(place.get("nodeSelector")) or ()
    return any(term.matches(facts.name, facts.labels) for term in terms)


def devices_for(lookup: Lookup, facts: NodeFacts) -> list[Device]:
    """The devices that can be used from a node, of the newest generation of each pool."""
    slices = [one["spec"] for one in lookup.list("ResourceSlice")]
    newest: dict[tuple[str, str], int] = {}
    for spec in slices:
        pool = (spec["driver"], spec["pool"]["name"])
        newest[pool] = max(newest.get(pool, 0), spec["pool"].get("generation") or 0)
    found = []
    for spec in slices:
        pool = (spec["driver"], spec["pool"]["name"])
        if (spec["pool"].get("generation") or 0) < newest[pool]:
            continue
        each = bool(spec.get("perDeviceNodeSelection"))
        devices = spec.get("devices") or ()
        found += [_device(*pool, device) for device in devices if _offered(device if each else spec, facts)]
    return found


def taken(lookup: Lookup) -> set[DeviceId]:
    """Devices that claims hold already."""
    return {
        DeviceId(result["driver"], result["pool"], result["device"])
        for claim in lookup.list("ResourceClaim")
        for result in results(claim)
        if not result.get("adminAccess")
    }


def results(claim: Obj) -> Sequence[Obj]:
    allocation = (claim.get("status") or {}).get("allocation") or {}
    found: Sequence[Obj] = (allocation.get("devices") or {}).get("results") or ()
    return found


def _expressions(lookup: Lookup, request: Obj) -> tuple[str, ...]:
    device_class = lookup.get("DeviceClass", "", request["deviceClassName"])
    selectors = [*((device_class or {}).get("spec", {}).get("selectors") or ()), *(request.get("selectors") or ())]
    return tuple(selector["cel"]["expression"] for selector in selectors if selector.get("cel"))


def _wish(lookup: Lookup, claim: int, name: str, request: Obj) -> Wish:
    everything = request.get("allocationMode") == "All"
    count = None if everything else int(request.get("count") or 1)
    admin, tolerations = bool(request.get("adminAccess")), request.get("tolerations") or ()
    return Wish(claim, name, _expressions(lookup, request), count, admin, tolerations)


def wishes(lookup: Lookup, index: int, claim: Obj) -> list[list[Wish]]:
    """For each request of the claim its alternatives, best first."""
    found = []
    for request in (claim["spec"].get("devices") or {}).get("requests") or ():
        name = request["name"]
        if request.get("firstAvailable"):
            others = request["firstAvailable"]
            found.append([_wish(lookup, index, f"{name}/{other['name']}", other) for other in others])
        else:
            found.append([_wish(lookup, index, name, request["exactly"])])
    return found


def passes(device: Device, expressions: Sequence[str]) -> bool:
    """Whether the device is what the expressions ask for. One that cannot be evaluated is not."""
    try:
        return all(cel.program(text, _VARIABLES).evaluate({"device": device.facts}) is True for text in expressions)
    except cel.CelError:
        return False


class Search:
    """Backtracking over requests and devices of one node."""

    def __init__(self, claims: Sequence[Obj], devices: Sequence[Device], used: set[DeviceId]) -> None:
        self._devices = devices
        self._used = set(used)
        self._same = [[c for c in (claim["spec"].get("devices") or {}).get("constraints") or () if c.get("matchAttribute")]
                      for claim in claims]  # fmt: skip
        self._given: Given = []
        self._steps = 0

    def run(self, requests: Sequence[Sequence[Wish]]) -> Given | None:
        """The devices for every request, None when there is no way."""
        return list(self._given) if self._satisfy(requests, 0) else None

    def _satisfy(self, requests: Sequence[Sequence[Wish]], i: int) -> bool:
        if i == len(requests):
            return True
        return any(self._fulfil(wish, requests, i) for wish in requests[i])

    def _fulfil(self, wish: Wish, requests: Sequence[Sequence[Wish]], i: int) -> bool:
        fitting = [device for device in self._devices if passes(device, wish.expressions)]
        count = len(fitting) if wish.number is None else wish.number
        if not count or len(fitting) < count:
            return False
        return any(self._satisfy(requests, i + 1) for _ in self._chosen(wish, fitting, count, 0))

    def _chosen(self, wish: Wish, fitting: Sequence[Device], count: int, start: int) -> Iterator[None]:
        """Give `count` of the fitting devices, one combination after the other, taking them back in between."""
        if not count:
            yield None
            return
        for j in range(start, len(fitting)):
            device = fitting[j]
            self._steps += 1
            if self._steps > _STEPS:
                return
            free = wish.admin or device.id not in self._used
            if not free or _is_tainted_for(wish, device) or not self._agrees(wish, device):
                continue
            self._give(wish, device)
            yield from self._chosen(wish, fitting, count - 1, j + 1)
            self._take_back()

    def _give(self, wish: Wish, device: Device) -> None:
        self._given.append((wish, device))
        if not wish.admin:
            self._used.add(device.id)

    def _take_back(self) -> None:
        wish, device = self._given.pop()
        if not wish.admin:
            self._used.discard(device.id)

    def _agrees(self, wish: Wish, device: Device) -> bool:
        """Whether the attributes that must be equal are equal to those of the devices given so far."""
        for constraint in self._same[wish.claim]:
            name, concerned = constraint["matchAttribute"], constraint.get("requests") or ()
            if not _concerns(concerned, wish):
                continue
            value = device.attributes.get(name)
            others = [
                d.attributes.get(name) for w, d in self._given if w.claim == wish.claim and _concerns(concerned, w)
            ]
            if value is None or any(other != value for other in others):
                return False
        return True


def _is_tainted_for(wish: Wish, device: Device) -> bool:
    return not all(tolerated(wish.tolerations, taint) for taint in device.taints)


def _concerns(requests: Sequence[str], wish: Wish) -> bool:
    return not requests or wish.request in requests or wish.request.split("/")[0] in requests
