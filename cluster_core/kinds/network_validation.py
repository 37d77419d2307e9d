"""What network policies, ingress classes, service CIDRs and IP addresses may say.

Models pkg/apis/networking/validation. Addresses are strict: StrictIPCIDRValidation is on since v1.36.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from cluster_core.apiserver.internal import internal
from cluster_core.kinds.checks import immutable, label_selector, name, port_number
from cluster_core.machinery import addresses, names
from cluster_core.machinery.field import Errors, Path, forbidden, invalid, not_supported, required, too_long
from cluster_core.machinery.typed import Obj

_SPEC = Path("spec")
PROTOCOLS = ("TCP", "UDP", "SCTP")
_POLICY_TYPES = ("Ingress", "Egress")
_DIRECTIONS = (("ingress", "from"), ("egress", "to"))
_IMMUTABLE = "field is immutable"
_CONTROLLER_LENGTH = 250


# ------------------------------------------------------------------------------------------------ network policies


def policy(found: Obj, known: Collection[str] = ()) -> Errors:
    """`known` are CIDRs the policy had already, which may stay however they are spelled."""
    errors: Errors = []
    spec = found.get("spec") or {}
    label_selector(errors, _SPEC / "podSelector", spec.get("podSelector"))
    for direction, peers in _DIRECTIONS:
        for index, rule in enumerate(spec.get(direction) or ()):
            at = (_SPEC / direction)[index]
            for number, port in enumerate(rule.get("ports") or ()):
                _policy_port(errors, (at / "ports")[number], port)
            for number, peer in enumerate(rule.get(peers) or ()):
                _peer(errors, (at / peers)[number], peer, known)
    types = spec.get("policyTypes") or ()
    if len(types) > len(_POLICY_TYPES):
        errors.append(invalid(_SPEC / "policyTypes", list(types), "may not specify more than two policyTypes"))
        return errors
    for index, one in enumerate(types):
        if one not in _POLICY_TYPES:
            errors.append(not_supported((_SPEC / "policyTypes")[index], one, _POLICY_TYPES))
    return errors


def policy_update(new: Obj, old: Obj) -> Errors:
    return policy(
        new, {cidr for _, block in _blocks(old) for cidr in (block.get("cidr"), *(block.get("except") or ()))}
    )


def _policy_port(errors: Errors, path: Path, found: Obj) -> None:
    protocol, port, end = found.get("protocol"), found.get("port"), found.get("endPort")
    if protocol is not None and protocol not in PROTOCOLS:
        errors.append(not_supported(path / "protocol", protocol, PROTOCOLS))
    if port is None:
        if end is not None:
            errors.append(invalid(path / "endPort", end, "may not be specified when `port` is not specified"))
    elif isinstance(port, str):
        if end is not None:
            errors.append(invalid(path / "endPort", end, "may not be specified when `port` is non-numeric"))
        name(errors, path / "port", port, names.port_name)
    else:
        port_number(errors, path / "port", port)
        if end is not None and end < port:
            errors.append(invalid(path / "endPort", port, "must be greater than or equal to `port`"))
        if end is not None:
            port_number(errors, path / "endPort", end)


def _peer(errors: Errors, path: Path, peer: Obj, known: Collection[str]) -> None:
    kinds = [key for key in ("podSelector", "namespaceSelector", "ipBlock") if peer.get(key) is not None]
    for key in kinds:
        if key == "ipBlock":
            _block(errors, path / key, peer[key], known)
        else:
            label_selector(errors, path / key, peer[key])
    if not kinds:
        errors.append(required(path, "must specify a peer"))
    elif len(kinds) > 1 and "ipBlock" in kinds:
        errors.append(forbidden(path, "may not specify both ipBlock and another peer"))


def _block(errors: Errors, path: Path, block: Obj, known: Collection[str]) -> None:
    if not block.get("cidr"):
        errors.append(required(path / "cidr"))
        return
    _cidr(errors, path / "cidr", block["cidr"], known)
    whole = addresses.parse_cidr(block["cidr"])
    if whole is None:
        return
    for index, text in enumerate(block.get("except") or ()):
        at = (path / "except")[index]
        _cidr(errors, at, text, known)
        part = addresses.parse_cidr(text)
        if part is not None and not _is_strictly_inside(part[1], whole[1]):
            errors.append(invalid(at, text, "must be a strict subset of `cidr`"))


def _cidr(errors: Errors, path: Path, text: str, known: Collection[str]) -> None:
    if text not in known:
        errors.extend(invalid(path, text, message) for message in addresses.cidr_sloppy(text))


Network = IPv4Network | IPv6Network


def _is_strictly_inside(part: Network, whole: Network) -> bool:
    if part.version != whole.version or part.prefixlen <= whole.prefixlen:
        return False
    return part.network_address in whole


def _blocks(found: Obj) -> list[tuple[Path, Obj]]:
    blocks = []
    for direction, peers in _DIRECTIONS:
        for index, rule in enumerate((found.get("spec") or {}).get(direction) or ()):
            for number, peer in enumerate(rule.get(peers) or ()):
                if peer.get("ipBlock") is not None:
                    at = ((_SPEC / direction)[index] / peers)[number] / "ipBlock"
                    blocks.append((at, peer["ipBlock"]))
    return blocks


def policy_warnings(new: Obj, old: Obj | None) -> list[str]:
    found: list[str] = []
    for path, block in _blocks(new):
        found += addresses.cidr_warnings(path / "cidr", block.get("cidr", ""))
        for index, text in enumerate(block.get("except") or ()):
            found += addresses.cidr_warnings((path / "except")[index], text)
    return found


# ------------------------------------------------------------------------------------------------ ingress classes


def ingress_class(found: Obj) -> Errors:
    errors: Errors = []
    spec = found.get("spec") or {}
    controller = spec.get("controller", "")
    if names.length(controller) > _CONTROLLER_LENGTH:
        errors.append(too_long(_SPEC / "controller", _CONTROLLER_LENGTH))
    domain_path(errors, _SPEC / "controller", controller)
    if spec.get("parameters") is not None:
        typed_reference(errors, _SPEC / "parameters", spec["parameters"])
        _parameters_scope(errors, _SPEC / "parameters", spec["parameters"])
    return errors


def ingress_class_update(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    controllers = [(one.get("spec") or {}).get("controller", "") for one in (new, old)]
    immutable(errors, _SPEC / "controller", *controllers)
    return errors + ingress_class(new)


def domain_path(errors: Errors, path: Path, text: str) -> None:
    """IsDomainPrefixedPath."""
    host, slash, rest = text.partition("/")
    if not text:
        errors.append(required(path))
    elif not slash or not host or not rest:
        errors.append(invalid(path, text, 'must be a domain-prefixed path (such as "acme.io/foo")'))
    else:
        name(errors, path, host, names.dns1123_subdomain)
        if not re.fullmatch(names.HTTP_PATH, rest):
            errors.append(invalid(path, rest, names.regex_error("Invalid path", names.HTTP_PATH)))


def typed_reference(errors: Errors, path: Path, reference: Obj) -> None:
    """A TypedLocalObjectReference: group, kind, name."""
    if reference.get("apiGroup") is not None:
        name(errors, path / "apiGroup", reference["apiGroup"], names.dns1123_subdomain)
    for key in ("kind", "name"):
        if reference.get(key):
            name(errors, path / key, reference[key], names.path_segment_name)
        else:
            errors.append(required(path / key))


def _parameters_scope(errors: Errors, path: Path, reference: Obj) -> None:
    scope, namespace = reference.get("scope"), reference.get("namespace")
    if scope is None:
        errors.append(required(path / "scope"))
    elif scope not in ("Cluster", "Namespace"):
        errors.append(not_supported(path / "scope", scope, ("Cluster", "Namespace")))
    elif scope == "Cluster" and namespace is not None:
        errors.append(forbidden(path / "namespace", "`parameters.scope` is set to 'Cluster'"))
    elif scope == "Namespace" and namespace is None:
        errors.append(required(path / "namespace", "`parameters.scope` is set to 'Namespace'"))
    elif scope == "Namespace":
        name(errors, path / "namespace", str(namespace), names.dns1123_label)


# ------------------------------------------------------------------------------------------------ addresses


def ip_address(found: Obj) -> Errors:
    errors: Errors = []
    parent = (found.get("spec") or {}).get("parentRef")
    path = _SPEC / "parentRef"
    if parent is None:
        return [required(path)]
    if parent.get("group"):
        name(errors, path / "group", parent["group"], names.dns1123_subdomain)
    for key in ("resource", "name"):
        if parent.get(key):
            name(errors, path / key, parent[key], names.path_segment_name)
        else:
            errors.append(required(path / key))
    if parent.get("namespace"):
        name(errors, path / "namespace", parent["namespace"], names.path_segment_name)
    return errors


def ip_address_update(new: Obj, old: Obj) -> Errors:
    errors = ip_address(new)
    after, before = ((one.get("spec") or {}).get("parentRef") for one in (new, old))
    if after != before:
        errors.append(invalid(_SPEC / "parentRef", internal("*networking.ParentReference", after), _IMMUTABLE))
    return errors


def service_cidr(found: Obj) -> Errors:
    errors: Errors = []
    _cidrs(errors, found.get("spec") or {})
    return errors


def _cidrs(errors: Errors, spec: Obj) -> None:
    path, cidrs = _SPEC / "cidrs", spec.get("cidrs") or ()
    if not cidrs:
        errors.append(required(path, "at least one CIDR required"))
        return
    if len(cidrs) > 2:
        errors.append(invalid(path, internal("networking.ServiceCIDRSpec", spec), "may only hold up to 2 values"))
        return
    for index, text in enumerate(cidrs):
        errors.extend(invalid(path[index], text, message) for message in addresses.cidr(text))
    families = [_family(text) for text in cidrs]
    if len(cidrs) == 2 and families[0] == families[1] and families[0]:
        detail = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"
        errors.append(invalid(path, list(cidrs), detail))


def _family(text: str) -> int:
    parsed = addresses.parse_cidr(text)
    return parsed[1].version if parsed else 0


def service_cidr_update(new: Obj, old: Obj) -> Errors:
    errors: Errors = []
    after: Sequence[Any] = (new.get("spec") or {}).get("cidrs") or ()
    before: Sequence[Any] = (old.get("spec") or {}).get("cidrs") or ()
    path = _SPEC / "cidrs"
    if len(after) == len(before):
        for index, text in enumerate(after):
            immutable(errors, path[index], text, before[index])
    elif (len(before), len(after)) == (1, 2):
        immutable(errors, path[0], after[0], before[0])
        _cidrs(errors, new["spec"])
    else:
        errors.append(invalid(path, list(after) or None, _IMMUTABLE))
    return errors
