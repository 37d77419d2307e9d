"""What endpoints and endpoint slices may say. Models pkg/apis/discovery/validation and ValidateEndpoints of core."""

from __future__ import annotations

from collections.abc import Sequence

from cluster_core.kinds.checks import NameCheck, choice, immutable, labels, name, port_number
from cluster_core.machinery import addresses, names
from cluster_core.machinery.field import Errors, Path, duplicate, internal, invalid, not_supported, required, too_many
from cluster_core.machinery.typed import Obj

_PROTOCOLS = ("SCTP", "TCP", "UDP")
_ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")
_MAX_ENDPOINTS, _MAX_ADDRESSES, _MAX_PORTS, _MAX_TOPOLOGY, _MAX_HINTS = 1000, 100, 20000, 16, 8
_ZONE = "topology.kubernetes.io/zone"


def endpoint_ip(errors: Errors, path: Path, text: str) -> None:
    """An address somebody can be reached at from another machine."""
    address = addresses.parse_ip(text)
    if address is None:
        errors.append(invalid(path, text, "must be a valid IP address"))
        return
    if address.is_unspecified:
        errors.append(invalid(path, text, f"may not be unspecified ({text})"))
    if address.is_loopback:
        errors.append(invalid(path, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)"))
    if address.is_link_local and not address.is_multicast:
        errors.append(invalid(path, text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"))
    if text.startswith("224.0.0.") or (address.version == 6 and text.lower().startswith("ff02:")):
        errors.append(invalid(path, text, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"))


# ------------------------------------------------------------------------------------------------ endpoints


def endpoints(found: Obj) -> Errors:
    errors: Errors = []
    for index, subset in enumerate(found.get("subsets") or ()):
        _subset(errors, Path("subsets")[index], subset)
    return errors


def endpoints_update(new: Obj, old: Obj) -> Errors:
    """What was wrong before may stay."""
    return [] if new.get("subsets") == old.get("subsets") else endpoints(new)


def _subset(errors: Errors, path: Path, subset: Obj) -> None:
    if not subset.get("addresses") and not subset.get("notReadyAddresses"):
        errors.append(required(path, "must specify `addresses` or `notReadyAddresses`"))
    for key in ("addresses", "notReadyAddresses"):
        for index, one in enumerate(subset.get(key) or ()):
            _address(errors, (path / key)[index], one)
    ports = subset.get("ports") or ()
    for index, port in enumerate(ports):
        _port(errors, (path / "ports")[index], port, len(ports) > 1)


def _address(errors: Errors, path: Path, one: Obj) -> None:
    text = one.get("ip", "")
    name(errors, path / "ip", text, addresses.ip_sloppy)
    if one.get("hostname"):
        name(errors, path / "hostname", one["hostname"], names.dns1123_label)
    if one.get("nodeName") is not None:
        name(errors, path / "nodeName", one["nodeName"], names.dns1123_subdomain)
    endpoint_ip(errors, path / "ip", text)


def _port(errors: Errors, path: Path, port: Obj, named: bool) -> None:
    if port.get("name"):
        name(errors, path / "name", port["name"], names.dns1123_label)
    elif named:
        errors.append(required(path / "name"))
    port_number(errors, path / "port", port.get("port", 0))
    choice(errors, path / "protocol", port.get("protocol"), _PROTOCOLS)
    if port.get("appProtocol") is not None:
        name(errors, path / "appProtocol", port["appProtocol"], names.qualified_name)


# ------------------------------------------------------------------------------------------------ slices


def endpoint_slice(found: Obj) -> Errors:
    return _slice_head(found) + _slice_endpoints(found)


def endpoint_slice_update(new: Obj, old: Obj) -> Errors:
    errors = _slice_head(new)
    if new.get("endpoints") != old.get("endpoints"):
        errors += _slice_endpoints(new)
    immutable(errors, Path("addressType"), new.get("addressType", ""), old.get("addressType", ""))
    return errors


def _slice_head(found: Obj) -> Errors:
    errors: Errors = []
    choice(errors, Path("addressType"), found.get("addressType"), _ADDRESS_TYPES)
    ports = found.get("ports") or ()
    if len(ports) > _MAX_PORTS:
        errors.append(too_many("ports", len(ports), _MAX_PORTS))
        return errors
    seen: set[str] = set()
    for index, port in enumerate(ports):
        _slice_port(errors, Path("ports")[index], port, seen)
    return errors


def _slice_port(errors: Errors, path: Path, port: Obj, seen: set[str]) -> None:
    wanted, protocol = port.get("name") or "", port.get("protocol")
    if wanted:
        name(errors, path / "name", wanted, names.dns1123_label)
    if wanted in seen:
        errors.append(duplicate(path / "name", wanted))
    seen.add(wanted)
    if protocol is None:
        errors.append(required(path / "protocol"))
    elif protocol not in _PROTOCOLS:
        errors.append(not_supported(path / "protocol", protocol, _PROTOCOLS))
    if port.get("appProtocol") is not None:
        name(errors, path / "appProtocol", port["appProtocol"], names.qualified_name)


def _slice_endpoints(found: Obj) -> Errors:
    every = found.get("endpoints") or ()
    if len(every) > _MAX_ENDPOINTS:
        return [too_many("endpoints", len(every), _MAX_ENDPOINTS)]
    errors: Errors = []
    for index, one in enumerate(every):
        _endpoint(errors, Path("endpoints")[index], one, found.get("addressType", ""))
    return errors


def _endpoint(errors: Errors, path: Path, one: Obj, kind: str) -> None:
    _slice_addresses(errors, path / "addresses", one.get("addresses") or (), kind)
    if one.get("nodeName") is not None:
        name(errors, path / "nodeName", one["nodeName"], names.dns1123_subdomain)
    topology = one.get("deprecatedTopology") or {}
    at = path / "deprecatedTopology"
    if len(topology) > _MAX_TOPOLOGY:
        errors.append(too_many(at, len(topology), _MAX_TOPOLOGY))
    labels(errors, at, topology)
    if _ZONE in topology:
        errors.append(internal(at[_ZONE], "reserved key was not removed in conversion"))
    if one.get("hostname") is not None:
        name(errors, path / "hostname", one["hostname"], names.dns1123_label)
    hints = one.get("hints") or {}
    if _hints(errors, path.child("hints", "forZones"), hints.get("forZones") or (), names.label_value):
        _hints(errors, path.child("hints", "forNodes"), hints.get("forNodes") or (), names.dns1123_subdomain)


def _hints(errors: Errors, path: Path, found: Sequence[Obj], check: NameCheck) -> bool:
    """False when there are too many even to look at."""
    if len(found) > _MAX_HINTS:
        errors.append(too_many(path, len(found), _MAX_HINTS))
        return False
    seen: set[str] = set()
    for index, hint in enumerate(found):
        wanted = hint.get("name", "")
        if wanted in seen:
            errors.append(duplicate(path[index] / "name", wanted))
        seen.add(wanted)
        name(errors, path[index] / "name", wanted, check)
    return True


def _slice_addresses(errors: Errors, path: Path, found: Sequence[str], kind: str) -> None:
    if not found:
        errors.append(required(path, "must contain at least 1 address"))
    elif len(found) > _MAX_ADDRESSES:
        errors.append(too_many(path, len(found), _MAX_ADDRESSES))
    for index, text in enumerate(found):
        if kind == "FQDN":
            _domain_name(errors, path[index], text)
        elif kind in ("IPv4", "IPv6"):
            _slice_ip(errors, path, index, (text, kind))


def _slice_ip(errors: Errors, path: Path, index: int, wanted: tuple[str, str]) -> None:
    text, kind = wanted
    problems = addresses.ip_sloppy(text) if kind == "IPv4" else addresses.ip(text)
    if problems:
        errors.extend(invalid(path[index], text, message) for message in problems)
        return
    if not (addresses.is_ipv4 if kind == "IPv4" else addresses.is_ipv6)(text):
        errors.append(invalid(path, text, f"must be an {kind} address"))
    endpoint_ip(errors, path[index], text)


def _domain_name(errors: Errors, path: Path, text: str) -> None:
    """IsFullyQualifiedDomainName."""
    if not text:
        errors.append(required(path))
        return
    text = text.removesuffix(".")
    problems = names.dns1123_subdomain(text)
    if problems:
        errors.append(invalid(path, text, ",".join(problems)))
    elif "." not in text:
        detail = "should be a domain with at least two segments separated by dots"
        errors.append(invalid(path, text, detail))
    else:
        wrong = ((part, names.dns1123_label(part)) for part in text.split("."))
        errors.extend([invalid(path, part, ",".join(found)) for part, found in wrong if found][:1])


# ------------------------------------------------------------------------------------------------ warnings


def endpoints_warnings(new: Obj, old: Obj | None) -> list[str]:
    found: list[str] = []
    for index, subset in enumerate(new.get("subsets") or ()):
        for key in ("addresses", "notReadyAddresses"):
            for number, one in enumerate(subset.get(key) or ()):
                path = (Path("subsets")[index] / key)[number] / "ip"
                found += addresses.ip_warnings(path, one.get("ip", ""))
    return found


def endpoint_slice_warnings(new: Obj, old: Obj | None) -> list[str]:
    fqdn = old is None and new.get("addressType") == "FQDN"
    found = ["spec.addressType: FQDN endpoints are deprecated"] if fqdn else []
    for index, one in enumerate(new.get("endpoints") or ()):
        for number, text in enumerate(one.get("addresses") or ()):
            found += addresses.ip_warnings((Path("endpoints")[index] / "addresses")[number], text)
    return found
