"""Cluster addresses, address families and node ports of services. Models pkg/registry/core/service/storage.

The cluster is single-stack IPv4. What is taken follows from the services there are; nothing else is remembered.
Everything here happens before the service is validated, as upstream does it.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Any

from cluster_core.apiserver.context import Context
from cluster_core.kinds.service_addresses import (
    NO_ADDRESS,
    PREFER,
    REQUIRE,
    SINGLE,
    families,
    family_of,
    ips,
    related_fields,
    shown,
)
from cluster_core.kinds.service_ports import allocate_ports, keep_ports
from cluster_core.machinery import addresses, errors, field
from cluster_core.machinery.typed import Obj

_SPEC = field.Path("spec")
_IPS, _FAMILIES, _POLICY = _SPEC / "clusterIPs", _SPEC / "ipFamilies", _SPEC / "ipFamilyPolicy"
_FAMILY = "IPv4"
MANAGED_BY = "ipaddress.kubernetes.io/managed-by"

Spec = dict[str, Any]


def allocate(context: Context, new: Obj, old: Obj | None) -> Obj:
    """The service with the addresses and ports it lacks. Raises Invalid for those that are taken or out of range."""
    spec, before = dict(new.get("spec") or {}), dict(old["spec"]) if old is not None else None
    if before is not None:
        _keep(spec, before)
    _in_step(spec, before)
    name = new["metadata"].get("name", "")
    if spec.get("type") != "ExternalName" and not _is_settled(spec, before):
        _init_families(name, spec, before)
        _addresses(context, new, spec, before)
    allocate_ports(context, {**new, "spec": spec}, spec, before)
    return {**new, "spec": spec}


def _refuse(name: str, problems: field.Errors) -> None:
    if problems:
        raise errors.invalid("", "Service", name, problems)


# ------------------------------------------------------------------------------------------------ what clients leave out


def _keep(spec: Spec, before: Spec) -> None:
    """Addresses and ports that the client does not mention stay as they are (patchAllocatedValues)."""
    if "ExternalName" not in (spec.get("type"), before.get("type")):
        for key in ("clusterIP", "clusterIPs"):
            if not spec.get(key) and before.get(key):
                spec[key] = before[key]
    keep_ports(spec, before)


def _in_step(spec: Spec, before: Spec | None) -> None:
    """clusterIP and clusterIPs say the same if the client set one of them (normalizeClusterIPs)."""
    single = spec.get("clusterIP", "")
    if before is None:
        if single and not ips(spec):
            spec["clusterIPs"] = [single]
        return
    old = before.get("clusterIP", "")
    if old == single:
        if ips(before) and not ips(spec):
            spec["clusterIPs"] = before["clusterIPs"]
    elif list(ips(before)) == list(ips(spec)):
        spec["clusterIPs"] = [single]
        if old and not single:
            del spec["clusterIPs"]


# ------------------------------------------------------------------------------------------------ families


def _is_settled(spec: Spec, before: Spec | None) -> bool:
    """Services that prefer two stacks are not changed when nothing about it changes."""
    if before is None or before.get("type") != spec.get("type") or spec.get("ipFamilyPolicy") != PREFER:
        return False
    if before.get("ipFamilyPolicy") not in (None, PREFER):
        return False
    return list(ips(before)) == list(ips(spec)) and list(families(before)) == list(families(spec))


def _init_families(name: str, spec: Spec, before: Spec | None) -> None:
    if spec.get("ipFamilyPolicy") is None:
        spec["ipFamilyPolicy"] = _default_policy(spec, before)
    _refuse(name, related_fields(spec, before))
    problems = _release(spec, before) if before is not None else []
    if spec["ipFamilyPolicy"] == SINGLE:
        for found, what in ((ips(spec), "cluster IPs"), (families(spec), "IP families")):
            if len(found) == 2:
                detail = f"must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are specified"
                problems.append(field.invalid(_POLICY, SINGLE, detail))
    _refuse(name, problems + _infer(spec))
    if spec.get("clusterIP") == NO_ADDRESS and not spec.get("selector"):
        _free_headless(spec)
    else:
        _refuse(name, _unavailable(spec))
        spec["ipFamilies"] = list(families(spec)) or [_FAMILY]


def _default_policy(spec: Spec, before: Spec | None) -> str:
    if before is not None and before.get("ipFamilyPolicy"):
        return str(before["ipFamilyPolicy"])
    return REQUIRE if spec.get("clusterIP") == NO_ADDRESS and not spec.get("selector") else SINGLE


def _release(spec: Spec, before: Spec) -> field.Errors:
    """SingleStack gives up the second address; nothing else may."""
    single = spec["ipFamilyPolicy"] == SINGLE
    problems = []
    for key, what in (("clusterIPs", "cluster IP"), ("ipFamilies", "IP family")):
        after, old = list(spec.get(key) or ()), list(before.get(key) or ())
        if single and after == old and len(after) > 1:
            spec[key] = after[:1]
        elif not single and after and len(after) < len(old):
            detail = f"must be 'SingleStack' to release the secondary {what}"
            problems.append(field.invalid(_POLICY, spec["ipFamilyPolicy"], detail))
    return problems


def _infer(spec: Spec) -> field.Errors:
    """The families of the addresses given."""
    problems = []
    for index, address in enumerate(ips(spec)):
        if address == NO_ADDRESS:
            break
        family = family_of(address)
        if index < len(families(spec)):
            continue
        if family != _FAMILY:
            detail = f"{family} is not configured on this cluster"
            problems.append(field.invalid(_IPS[index], list(ips(spec)), detail))
        else:
            spec["ipFamilies"] = [*families(spec), family]
    return problems


def _free_headless(spec: Spec) -> None:
    """Headless and without a selector: any families, whatever the cluster has."""
    found = list(families(spec)) or [_FAMILY]
    if len(found) < 2 and spec["ipFamilyPolicy"] != SINGLE:
        found.append("IPv6" if found[0] == "IPv4" else "IPv4")
    spec["ipFamilies"] = found


def _unavailable(spec: Spec) -> field.Errors:
    problems = []
    if spec["ipFamilyPolicy"] == REQUIRE:
        problems.append(field.invalid(_POLICY, REQUIRE, "this cluster is not configured for dual-stack services"))
    for index, family in enumerate(families(spec)):
        if family != _FAMILY:
            problems.append(field.invalid(_FAMILIES[index], family, "not configured on this cluster"))
    return problems


# ------------------------------------------------------------------------------------------------ addresses


def service_network(context: Context) -> IPv4Network:
    """--service-cluster-ip-range."""
    text = str(context.server.options.get("service-cluster-ip-range", "10.96.0.0/12"))
    return IPv4Network(text)


def _addresses(context: Context, new: Obj, spec: Spec, before: Spec | None) -> None:
    fresh = before is None or before.get("type") == "ExternalName"
    if not fresh or NO_ADDRESS in ips(spec)[:1]:
        return
    taken = {address for other in _others(context, new) for address in ips(other["spec"])}
    taken |= {found["metadata"]["name"] for found in _reserved(context)}
    given = next(iter(ips(spec)), "")
    if given:
        _check_address(context, new, spec, taken)
    else:
        given = _free_address(context, new, taken)
    spec["clusterIP"], spec["clusterIPs"] = given, [given, *ips(spec)[1:]]


def _others(context: Context, service: Obj) -> Iterator[Obj]:
    for found in context.server.storage.list(context.kind):
        if found["metadata"]["uid"] != service["metadata"].get("uid"):
            yield found


def _reserved(context: Context) -> Iterator[Obj]:
    """IPAddresses that somebody made by hand; the others follow from the services."""
    for found in context.server.storage.list(context.server.kinds.named("IPAddress")):
        if MANAGED_BY not in (found["metadata"].get("labels") or {}):
            yield found


def _check_address(context: Context, new: Obj, spec: Spec, taken: set[str]) -> None:
    given = ips(spec)[0]
    network, address = service_network(context), addresses.parse_ip(given)
    if address not in network:
        detail = "the provided network does not match the current range"
    elif address in (network.network_address, network.broadcast_address):
        detail = f"the provided IP ({given}) is not in the valid range. The range of valid IPs is {network}"
    elif given in taken:
        detail = "provided IP is already allocated"
    else:
        return
    problem = field.invalid(_IPS, shown(ips(spec)), f"failed to allocate IP {given}: {detail}")
    _refuse(new["metadata"].get("name", ""), [problem])


def _free_address(context: Context, new: Obj, taken: set[str]) -> str:
    """A free address, from the upper part of the range as the real allocator prefers."""
    network = service_network(context)
    size = network.num_addresses
    reserved = min(max(16, size // 16), 256)
    stream = context.server.world.seed.stream("cluster-ip", new["metadata"]["uid"])
    start = reserved + stream.below(max(size - reserved - 1, 1))
    for step in range(size):
        offset = reserved + (start - reserved + step) % (size - reserved - 1)
        address = str(network[offset])
        if address not in taken:
            return address
    name = new["metadata"].get("name", "")
    raise errors.internal_error(f'failed to allocate a serviceIP for Service "{name}": range is full')
