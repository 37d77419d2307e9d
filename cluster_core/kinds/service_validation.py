"""What a service may say. Models validateService and ValidateServiceUpdate of pkg/apis/core/validation."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from cluster_core.kinds.checks import choice, labels, name, port, port_number
from cluster_core.kinds.endpoints_validation import endpoint_ip
from cluster_core.kinds.service_addresses import address_changes, is_headless, related_fields
from cluster_core.kinds.service_ports import needs_health_check
from cluster_core.machinery import addresses, names
from cluster_core.machinery.field import Errors, Path, duplicate, forbidden, invalid, not_supported, required
from cluster_core.machinery.typed import Obj

_SPEC, _PORTS = Path("spec"), Path("spec") / "ports"
_RANGES = _SPEC / "LoadBalancerSourceRanges"
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_DISTRIBUTIONS = ("PreferClose", "PreferSameZone", "PreferSameNode")
_ONLY_BALANCER = "may only be used when `type` is 'LoadBalancer'"
_HINTS, _MODE = "service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode"
_RANGES_NOTE = "service.beta.kubernetes.io/load-balancer-source-ranges"
_AFFINITY_LIMIT = 86400

Check = Callable[[Errors, Obj, Obj], None]
"""A check of (errors, spec, the old spec or {})."""


def validate(service: Obj) -> Errors:
    return _service(service, {})


def validate_update(new: Obj, old: Obj) -> Errors:
    errors = address_changes(new["spec"], old["spec"])
    _class_change(errors, new["spec"], old["spec"])
    needed = needs_health_check(new["spec"]) and needs_health_check(old["spec"])
    if needed and new["spec"].get("healthCheckNodePort") != old["spec"].get("healthCheckNodePort"):
        errors.append(forbidden(_SPEC / "healthCheckNodePort", "field is immutable"))
    return errors + _service(new, old)


def _class_change(errors: Errors, spec: Obj, old: Obj) -> None:
    found = spec.get("loadBalancerClass")
    if spec.get("type") == old.get("type") == "LoadBalancer" and found != old.get("loadBalancerClass"):
        errors.append(invalid(_SPEC / "loadBalancerClass", found, "may not change once set"))
    _class(errors, spec, old)


def _service(service: Obj, old: Obj) -> Errors:
    errors: Errors = []
    spec, before = service.get("spec") or {}, old.get("spec") or {}
    notes = service["metadata"].get("annotations") or {}
    if _MODE in notes and _HINTS in notes and notes[_MODE] != notes[_HINTS]:
        detail = f"must match annotations[{_HINTS}] when both are specified"
        errors.append(invalid(Path("metadata", "annotations")[_MODE], notes[_MODE], detail))
    for check in _FIRST:
        check(errors, spec, before)
    _source_ranges(errors, service, old)
    for check in _LAST:
        check(errors, spec, before)
    return errors


# ------------------------------------------------------------------------------------------------ types and ports


def _by_type(errors: Errors, spec: Obj, old: Obj) -> None:
    kind = spec.get("type")
    if not spec.get("ports") and not is_headless(spec) and kind != "ExternalName":
        errors.append(required(_PORTS))
    if kind in ("LoadBalancer", "NodePort") and is_headless(spec):
        detail = f"may not be set to 'None' for {kind} services"
        errors.append(invalid((_SPEC / "clusterIPs")[0], "None", detail))
    if kind == "ExternalName":
        _external(errors, spec)


def _external(errors: Errors, spec: Obj) -> None:
    for key in ("clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        if spec.get(key):
            errors.append(forbidden(_SPEC / key, "may not be set for ExternalName services"))
    target = spec.get("externalName", "").removesuffix(".")
    if target:
        name(errors, _SPEC / "externalName", target, names.dns1123_subdomain)
    else:
        errors.append(required(_SPEC / "externalName"))


def _ports(errors: Errors, spec: Obj, old: Obj) -> None:
    found = spec.get("ports") or ()
    seen: set[str] = set()
    for index, one in enumerate(found):
        _port(errors, _PORTS[index], one, (len(found) > 1, seen))


def _port(errors: Errors, path: Path, found: Obj, naming: tuple[bool, set[str]]) -> None:
    needs_name, seen = naming
    wanted = found.get("name", "")
    if wanted:
        name(errors, path / "name", wanted, names.dns1123_label)
        if wanted in seen:
            errors.append(duplicate(path / "name", wanted))
        seen.add(wanted)
    elif needs_name:
        errors.append(required(path / "name"))
    port_number(errors, path / "port", found.get("port", 0))
    choice(errors, path / "protocol", found.get("protocol"), _PROTOCOLS)
    port(errors, path / "targetPort", found.get("targetPort"))
    if found.get("appProtocol") is not None:
        name(errors, path / "appProtocol", found["appProtocol"], names.qualified_name)


def _node_ports(errors: Errors, spec: Obj, old: Obj) -> None:
    found: Sequence[Obj] = spec.get("ports") or ()
    if spec.get("type") == "ClusterIP":
        for index, one in enumerate(found):
            if one.get("nodePort"):
                detail = "may not be used when `type` is 'ClusterIP'"
                errors.append(forbidden(_PORTS[index] / "nodePort", detail))
    for index in _repeats(found, "nodePort"):
        errors.append(duplicate(_PORTS[index] / "nodePort", found[index]["nodePort"]))
    for index in _repeats(found, "port"):
        errors.append(duplicate(_PORTS[index], _internal_port(found[index])))


def _repeats(found: Sequence[Obj], key: str) -> list[int]:
    """Indexes of ports with the protocol and number of an earlier one."""
    seen: set[tuple[Any, Any]] = set()
    result = []
    for index, one in enumerate(found):
        place = (one.get("protocol"), one.get(key, 0))
        if key == "nodePort" and not place[1]:
            continue
        if place in seen:
            result.append(index)
        seen.add(place)
    return result


def _internal_port(one: Obj) -> dict[str, Any]:
    """Upstream shows the key it compares: protocol and port only."""
    head = {"Name": "", "Protocol": one.get("protocol", ""), "AppProtocol": None}
    return {**head, "Port": one.get("port", 0), "TargetPort": 0, "NodePort": 0}


# ------------------------------------------------------------------------------------------------ sessions and addresses


def _selector(errors: Errors, spec: Obj, old: Obj) -> None:
    labels(errors, _SPEC / "selector", spec.get("selector"))


def _affinity(errors: Errors, spec: Obj, old: Obj) -> None:
    affinity, config = spec.get("sessionAffinity"), spec.get("sessionAffinityConfig")
    path = _SPEC / "sessionAffinityConfig"
    choice(errors, _SPEC / "sessionAffinity", affinity, ("ClientIP", "None"))
    if affinity == "None" and config is not None:
        errors.append(forbidden(path, "must not be set when session affinity is None"))
    if affinity != "ClientIP":
        return
    seconds = ((config or {}).get("clientIP") or {}).get("timeoutSeconds")
    if seconds is None:
        errors.append(required(path, "when session affinity type is ClientIP"))
    elif not 0 < seconds <= _AFFINITY_LIMIT:
        detail = f"must be greater than 0 and less than {_AFFINITY_LIMIT}"
        errors.append(invalid(path.child("clientIP", "timeoutSeconds"), seconds, detail))


def _related(errors: Errors, spec: Obj, old: Obj) -> None:
    errors.extend(related_fields(spec, old or None))


def _external_ips(errors: Errors, spec: Obj, old: Obj) -> None:
    known: Collection[str] = old.get("externalIPs") or ()
    for index, text in enumerate(spec.get("externalIPs") or ()):
        path = (_SPEC / "externalIPs")[index]
        problems = [] if text in known else addresses.ip_sloppy(text)
        errors.extend(invalid(path, text, message) for message in problems)
        if not problems:
            endpoint_ip(errors, path, text)


def _type(errors: Errors, spec: Obj, old: Obj) -> None:
    choice(errors, _SPEC / "type", spec.get("type"), _TYPES)


# ------------------------------------------------------------------------------------------------ load balancers, traffic


def _source_ranges(errors: Errors, service: Obj, old: Obj) -> None:
    spec, ranges = service.get("spec") or {}, (service.get("spec") or {}).get("loadBalancerSourceRanges") or ()
    balancer = spec.get("type") == "LoadBalancer"
    if ranges:
        if not balancer:
            errors.append(forbidden(_RANGES, _ONLY_BALANCER))
        known = {text.strip() for text in (old.get("spec") or {}).get("loadBalancerSourceRanges") or ()}
        for index, text in enumerate(ranges):
            _cidr(errors, _RANGES[index], text.strip(), known)
        return
    note, before = ((one.get("metadata") or {}).get("annotations", {}).get(_RANGES_NOTE) for one in (service, old))
    if note is None:
        return
    path = Path("metadata", "annotations")[_RANGES_NOTE]
    if not balancer:
        errors.append(forbidden(path, _ONLY_BALANCER))
    if note != before and note.strip():
        for text in note.split(","):
            _cidr(errors, path, text.strip(), ())


def _cidr(errors: Errors, path: Path, text: str, known: Collection[str]) -> None:
    if text not in known:
        errors.extend(invalid(path, text, message) for message in addresses.cidr_sloppy(text))


def _balancer(errors: Errors, spec: Obj, old: Obj) -> None:
    if spec.get("allocateLoadBalancerNodePorts") is not None and spec.get("type") != "LoadBalancer":
        errors.append(forbidden(_SPEC / "allocateLoadBalancerNodePorts", _ONLY_BALANCER))


def _class(errors: Errors, spec: Obj, old: Obj) -> None:
    found = spec.get("loadBalancerClass")
    if found is None:
        return
    if spec.get("type") == "LoadBalancer":
        name(errors, _SPEC / "loadBalancerClass", found, names.qualified_name)
    else:
        errors.append(forbidden(_SPEC / "loadBalancerClass", _ONLY_BALANCER))


def is_external(spec: Obj) -> bool:
    """Reachable from outside the cluster."""
    if spec.get("type") in ("LoadBalancer", "NodePort"):
        return True
    return spec.get("type") == "ClusterIP" and bool(spec.get("externalIPs"))


def _external_traffic(errors: Errors, spec: Obj, old: Obj) -> None:
    policy, path = spec.get("externalTrafficPolicy", ""), _SPEC / "externalTrafficPolicy"
    if is_external(spec):
        choice(errors, path, policy, ("Cluster", "Local"))
    elif policy:
        errors.append(invalid(path, policy, "may only be set for externally-accessible services"))
    number, path = spec.get("healthCheckNodePort", 0), _SPEC / "healthCheckNodePort"
    if not needs_health_check(spec):
        if number:
            detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
            errors.append(invalid(path, number, detail))
    elif not number:
        errors.append(required(path))
    else:
        port_number(errors, path, number)


def _internal_traffic(errors: Errors, spec: Obj, old: Obj) -> None:
    policy, path = spec.get("internalTrafficPolicy"), _SPEC / "internalTrafficPolicy"
    if policy is None and spec.get("type") in ("NodePort", "LoadBalancer", "ClusterIP"):
        errors.append(required(path))
    elif policy is not None and policy not in ("Cluster", "Local"):
        errors.append(not_supported(path, policy, ("Cluster", "Local")))


def _distribution(errors: Errors, spec: Obj, old: Obj) -> None:
    found = spec.get("trafficDistribution")
    if found is not None and found not in _DISTRIBUTIONS:
        errors.append(not_supported(_SPEC / "trafficDistribution", found, _DISTRIBUTIONS))


_FIRST: Sequence[Check] = (
    _by_type,
    _ports,
    _selector,
    _affinity,
    _related,
    _external_ips,
    _type,
    _node_ports,
)
_LAST: Sequence[Check] = (_balancer, _class, _external_traffic, _internal_traffic, _distribution)


# ------------------------------------------------------------------------------------------------ status


def validate_status(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    path = Path("status", "loadBalancer", "ingress")
    found = _points(new)
    if found and new["spec"].get("type") != "LoadBalancer":
        return [forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")]
    known = {one.get("ip") for one in _points(old)}
    for index, one in enumerate(found):
        if one.get("ip") and one["ip"] not in known:
            name(errors, path[index] / "ip", one["ip"], addresses.ip_sloppy)
        _mode(errors, path[index] / "ipMode", one)
        if one.get("hostname"):
            name(errors, path[index] / "hostname", one["hostname"], names.dns1123_subdomain)
            if addresses.parse_ip(one["hostname"]) is not None:
                detail = "must be a DNS name, not an IP address"
                errors.append(invalid(path[index] / "hostname", one["hostname"], detail))
    return errors


def _mode(errors: Errors, path: Path, one: Obj) -> None:
    mode = one.get("ipMode")
    if mode is None:
        if one.get("ip"):
            errors.append(required(path, "must be specified when `ip` is set"))
    elif not one.get("ip"):
        errors.append(forbidden(path, "may not be specified when `ip` is not set"))
    elif mode not in ("Proxy", "VIP"):
        errors.append(not_supported(path, mode, ("Proxy", "VIP")))


def _points(service: Obj) -> Sequence[Obj]:
    return ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
