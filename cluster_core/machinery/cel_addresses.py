"""IP addresses and CIDRs in CEL. Models apiserver/pkg/cel/library/{ip,cidr}.go; see cel_functions for the marks."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

from cel_expr_python import cel

from cluster_core.machinery.addresses import Network, contains

_DYN, _BOOL, _INT, _STRING = cel.Type.DYN, cel.Type.BOOL, cel.Type.INT, cel.Type.STRING
_MAP = cel.Type.Map(_STRING, _DYN)
Mark = dict[str, Any]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_LINK_LOCAL_MULTICAST = {4: "224.0.0.0/24", 6: "ff02::/16"}


def _address(text: str) -> Address:
    if "%" in text:
        raise ValueError(
            f'IP Address "{text}" parse error during conversion from string: IP address with zone value is not allowed'
        )
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        message = (
            f'IP Address "{text}" parse error during conversion from string: ParseAddr("{text}"): unable to parse IP'
        )
        raise ValueError(message) from None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        raise ValueError(
            f'IP Address "{text}" parse error during conversion from string: IPv4-mapped IPv6 address is not allowed'
        )
    return found


def _valid(make: Callable[[str], Any]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            make(text)
        except ValueError:
            return False
        return True

    return check


def _interface(text: str) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface:
    address, slash, length = text.partition("/")
    if not slash or not length.isdigit():
        message = f"network address parse error during conversion from string: netip.ParsePrefix(\"{text}\"): no '/'"
        raise ValueError(message)
    _address(address)
    return ipaddress.ip_interface(text)


def ip(text: str) -> Mark:
    return {"$ip": str(_address(text))}


def cidr(text: str) -> Mark:
    return {"$cidr": str(_interface(text))}


def _of(mark: Mark | str) -> Address:
    return _address(mark["$ip"] if isinstance(mark, dict) else mark)


def _network(mark: Mark | str) -> Network:
    return _interface(mark["$cidr"] if isinstance(mark, dict) else mark).network


def _global_unicast(mark: Mark) -> bool:
    found = _of(mark)
    broadcast = found == ipaddress.ip_address("255.255.255.255")
    return not (broadcast or found.is_unspecified or found.is_loopback or found.is_multicast or found.is_link_local)


def _contains_network(mark: Mark, other: Mark | str) -> bool:
    return contains(_network(mark), _network(other))


def _family(mark: Mark) -> int:
    return _of(mark).version


def _masked(mark: Mark) -> Mark:
    return {"$cidr": str(_network(mark))}


def _text(mark: Mark) -> str:
    return str(mark.get("$ip") or mark["$cidr"])


FUNCTIONS: tuple[tuple[Any, ...], ...] = (
    ("ip", _DYN, (_STRING,), ip, False),
    ("isIP", _BOOL, (_STRING,), _valid(_address), False),
    ("ip.isCanonical", _BOOL, (_STRING,), lambda text: str(_address(text)) == text, False),
    ("cidr", _DYN, (_STRING,), cidr, False),
    ("isCIDR", _BOOL, (_STRING,), _valid(_interface), False),
    ("family", _INT, (_DYN,), _family),
    ("isUnspecified", _BOOL, (_DYN,), lambda mark: _of(mark).is_unspecified),
    ("isLoopback", _BOOL, (_DYN,), lambda mark: _of(mark).is_loopback),
    ("isLinkLocalMulticast", _BOOL, (_DYN,), lambda mark: _of(mark) in _network(_LINK_LOCAL_MULTICAST[_family(mark)])),
    ("isLinkLocalUnicast", _BOOL, (_DYN,), lambda mark: _of(mark).is_link_local),
    ("isGlobalUnicast", _BOOL, (_DYN,), _global_unicast),
    ("containsIP", _BOOL, (_DYN, _DYN), lambda mark, other: _of(other) in _network(mark)),
    ("containsCIDR", _BOOL, (_DYN, _DYN), _contains_network),
    ("prefixLength", _INT, (_DYN,), lambda mark: _network(mark).prefixlen),
    ("masked", _DYN, (_DYN,), _masked),
    ("string", _STRING, (_MAP,), _text, False),
)
