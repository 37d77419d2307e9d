"""Node ports and health check ports of services. Models the port half of pkg/registry/core/service/storage/alloc.go.

A node port belongs to one service whatever its protocol; one service may use it for several protocols of one port.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cluster_core.apiserver.context import Context
from cluster_core.machinery import errors, field
from cluster_core.machinery.typed import Obj

NODE_PORTS = range(30000, 32768)
_PORTS = field.Path("spec") / "ports"

Spec = dict[str, Any]


def has_node_ports(spec: Obj) -> bool:
    return spec.get("type") in ("NodePort", "LoadBalancer")


def allocates(spec: Obj) -> bool:
    """Whether ports without a node port get one."""
    return has_node_ports(spec) and spec.get("allocateLoadBalancerNodePorts") is not False


def needs_health_check(spec: Obj) -> bool:
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def numbers(spec: Obj) -> set[int]:
    """The node ports in use."""
    return {port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")}


def keep_ports(spec: Spec, before: Spec) -> None:
    """Ports of the same name keep their node port, the service its health check port."""
    if allocates(spec) and allocates(before) and spec.get("ports"):
        used = numbers(spec) & numbers(before)
        known = {port.get("name", ""): port.get("nodePort", 0) for port in before.get("ports") or ()}
        spec["ports"] = [_kept(port, known.get(port.get("name", ""), 0), used) for port in spec["ports"]]
    if needs_health_check(spec) and needs_health_check(before) and not spec.get("healthCheckNodePort"):
        spec["healthCheckNodePort"] = before.get("healthCheckNodePort", 0)


def _kept(port: Obj, old: int, used: set[int]) -> Obj:
    return port if port.get("nodePort") or not old or old in used else {**port, "nodePort": old}


def allocate_ports(context: Context, new: Obj, spec: Spec, before: Spec | None) -> None:
    """Fill in `spec`; `new` names the service."""
    own = numbers(before) if before is not None else set()
    if before is not None and before.get("healthCheckNodePort"):
        own.add(before["healthCheckNodePort"])
    ports = _Allocator(context, new, own)
    if has_node_ports(spec) and spec.get("ports"):
        assign = _assign_new if before is None else _assign_changed
        spec["ports"] = assign(ports, spec["ports"], allocates(spec))
    if needs_health_check(spec) and not (before is not None and needs_health_check(before)):
        _health_check(ports, spec)


def _assign_new(ports: _Allocator, found: Sequence[Obj], fill: bool) -> list[Obj]:
    """Ports of the same number share one node port if the client wants no other."""
    by_port: dict[int, int] = {}
    result = []
    for index, port in enumerate(found):
        wanted, shared = port.get("nodePort", 0), by_port.get(port.get("port", 0), 0)
        if not wanted and not fill:
            result.append(port)
            continue
        if not shared:
            asked = next((one["nodePort"] for one in found if _asks(one, port)), 0)
            by_port[port.get("port", 0)] = wanted = ports.take(index, asked) if asked else ports.next()
        elif not wanted:
            wanted = shared
        elif wanted != shared:
            ports.take(index, wanted)
        result.append({**port, "nodePort": wanted})
    return result


def _asks(one: Obj, port: Obj) -> bool:
    return one.get("port", 0) == port.get("port", 0) and bool(one.get("nodePort"))


def _assign_changed(ports: _Allocator, found: Sequence[Obj], fill: bool) -> list[Obj]:
    result: list[Obj] = []
    for index, port in enumerate(found):
        wanted = port.get("nodePort", 0)
        if wanted and wanted not in ports.own and wanted not in ports.chosen:
            ports.take(index, wanted)
        elif not wanted and fill:
            port = {**port, "nodePort": ports.next()}
        place = (port.get("protocol"), port.get("nodePort"))
        if place[1] and place in [(one.get("protocol"), one.get("nodePort")) for one in result]:
            shown = "{" + f"{place[0]} {place[1]}" + "}"
            raise errors.internal_error(f"duplicate nodePort: {shown}")
        result.append(port)
    return result


def _health_check(ports: _Allocator, spec: Spec) -> None:
    wanted = spec.get("healthCheckNodePort", 0)
    if not wanted:
        spec["healthCheckNodePort"] = ports.next()
        return
    problem = ports.problem(wanted)
    if problem:
        text = f"failed to allocate requested HealthCheck NodePort {wanted}: {problem}"
        raise errors.internal_error(text)
    ports.chosen.add(wanted)


class _Allocator:
    """The node ports of all services, while one of them is written."""

    def __init__(self, context: Context, service: Obj, own: set[int]) -> None:
        self._context, self._service = context, service
        self._taken: set[int] | None = None
        self.own = own
        self.chosen: set[int] = set()

    @property
    def taken(self) -> set[int]:
        if self._taken is None:
            uid = self._service["metadata"].get("uid")
            found = self._context.server.storage.list(self._context.kind)
            others = [other["spec"] for other in found if other["metadata"]["uid"] != uid]
            self._taken = set().union(*map(numbers, others))
            self._taken |= {spec["healthCheckNodePort"] for spec in others if spec.get("healthCheckNodePort")}
        return self._taken

    def problem(self, number: int) -> str:
        if number not in NODE_PORTS and not self._context.dry_run:  # upstream's dry run does not look at the range
            shown = f"{NODE_PORTS[0]}-{NODE_PORTS[-1]}"
            return f"provided port is not in the valid range. The range of valid ports is {shown}"
        if number in self.taken or number in self.chosen or number in self.own:
            return "provided port is already allocated"
        return ""

    def take(self, index: int, number: int) -> int:
        """The port a client wants, for its port of this index. Raises Invalid."""
        problem = self.problem(number)
        if problem:
            path = _PORTS[index] / "nodePort"
            name = self._service["metadata"].get("name", "")
            raise errors.invalid("", "Service", name, [field.invalid(path, number, problem)])
        self.chosen.add(number)
        return number

    def next(self) -> int:
        """Any free port."""
        stream = self._context.server.world.seed.stream(
            "node-port", self._service["metadata"].get("uid", ""), len(self.chosen)
        )
        start = stream.below(len(NODE_PORTS))
        for step in range(len(NODE_PORTS)):
            number = NODE_PORTS[(start + step) % len(NODE_PORTS)]
            if not self.problem(number):
                self.chosen.add(number)
                return number
        raise errors.internal_error("failed to allocate a nodePort: range is full")
