"""IP addresses and CIDRs as the API checks them.

Models apimachinery/pkg/util/validation/ip.go on Go's net (sloppy: leading zeros pass) and net/netip (strict) parsers.
Checks return the list of what is wrong, as in `names`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from cluster_core.machinery import gofmt

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

NOT_IP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
NOT_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
NOT_INTERFACE = "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)"

_DOTTED = re.compile(r"[0-9]+(\.[0-9]+){3}\Z")
_ZEROS = re.compile(r"(?<![0-9a-fA-F])0+(?=[0-9a-fA-F])")


@lru_cache(4096)
def parse_ip(text: str) -> Address | None:
    """net.ParseIP, leading zeros allowed; an IPv4-mapped IPv6 address stays IPv6. None when it is no address."""
    if not text.isascii() or "%" in text or "_" in text:
        return None
    try:
        return ip_address(_ZEROS.sub("", text))
    except ValueError:
        return None


def _is_strict(text: str) -> bool:
    """netip.ParseAddr takes it: no leading zeros in IPv4 parts, at most four digits in IPv6 groups."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _unmapped(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def ip_text(address: Address) -> str:
    """net.IP.String(): IPv4-mapped addresses print as IPv4."""
    return str(_unmapped(address))


def is_ipv4(text: str) -> bool:
    address = parse_ip(text)
    return address is not None and _unmapped(address).version == 4


def is_ipv6(text: str) -> bool:
    address = parse_ip(text)
    return address is not None and _unmapped(address).version == 6


def ip_sloppy(text: str, strict: bool = True) -> list[str]:
    """Fields older than strict validation: any spelling; `strict` refuses leading zeros and IPv4-mapped IPv6."""
    address = parse_ip(text)
    if address is None:
        return [NOT_IP]
    if not strict:
        return []
    problems = [] if _is_strict(text) else ["must not have leading 0s"]
    if not problems and isinstance(address, IPv6Address) and address.ipv4_mapped:
        problems.append("must not be an IPv4-mapped IPv6 address")
    return problems


def ip(text: str) -> list[str]:
    """New fields: strict and canonical."""
    problems = ip_sloppy(text)
    address = parse_ip(text)
    if problems or address is None:
        return problems
    return [] if text == ip_text(address) else [_canonical(ip_text(address))]


def _canonical(text: str) -> str:
    return f"must be in canonical form ({gofmt.quote(text)})"


@lru_cache(4096)
def parse_cidr(text: str) -> tuple[Address, Network] | None:
    """net.ParseCIDR, leading zeros allowed: the address and the network it is in."""
    host, slash, bits = text.partition("/")
    address = parse_ip(host)
    if not slash or address is None or not re.fullmatch("[0-9]+", bits):
        return None
    if int(bits) > address.max_prefixlen:
        return None
    return address, ip_network((address, int(bits)), strict=False)


def cidr_sloppy(text: str, strict: bool = True) -> list[str]:
    parsed = parse_cidr(text)
    if parsed is None:
        return [NOT_CIDR]
    return _strict_cidr_problems(text, *parsed) if strict else []


def _strict_cidr_problems(text: str, address: Address, network: Network) -> list[str]:
    host, _, bits = text.partition("/")
    if not _is_strict(host) or (len(bits) > 1 and bits.startswith("0")):
        return ["must not have leading 0s in IP or prefix length"]
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return ["must not have an IPv4-mapped IPv6 address"]
    if address != network.network_address:
        return ["must not have bits set beyond the prefix length"]
    return []


def cidr(text: str) -> list[str]:
    """New fields: strict and canonical."""
    problems = cidr_sloppy(text)
    parsed = parse_cidr(text)
    if problems or parsed is None:
        return problems
    return [] if text == str(parsed[1]) else [_canonical(str(parsed[1]))]


def interface_address(text: str) -> list[str]:
    """An address with its prefix length, such as 192.168.1.5/24."""
    parsed = parse_cidr(text)
    if parsed is None:
        return [NOT_INTERFACE]
    address, network = parsed
    bits = network.prefixlen
    if _unmapped(address) is not address and bits > 32:
        bits -= 96
    canonical = f"{ip_text(address)}/{bits}"
    return [] if text == canonical else [_canonical(canonical)]


def ip_warnings(path: object, text: str) -> list[str]:
    """Warnings for an address that a sloppy field accepted."""
    address = parse_ip(text)
    if address is None:
        return []
    if not _is_strict(text) or _unmapped(address) is not address:
        return [f"{path}: non-standard IP address {gofmt.quote(text)} is invalid: use {gofmt.quote(ip_text(address))}"]
    if address.version == 6 and str(address) != text:
        form = f"should be in RFC 5952 canonical format ({gofmt.quote(str(address))})"
        return [f"{path}: IPv6 address {gofmt.quote(text)} {form}"]
    return []


def cidr_warnings(path: object, text: str) -> list[str]:
    """Warnings for a CIDR that a sloppy field accepted."""
    parsed = parse_cidr(text)
    if parsed is None:
        return []
    address, network = parsed
    quoted, wanted = gofmt.quote(text), gofmt.quote(str(network))
    warnings = []
    if address != network.network_address:
        single = gofmt.quote(f"{ip_text(address)}/{address.max_prefixlen}")
        choice = f"(should be {wanted} or {single}?)"
        warnings.append(f"{path}: CIDR value {quoted} is ambiguous in this context {choice}")
    problems = _strict_cidr_problems(text, network.network_address, network)
    if problems:
        warnings.append(f"{path}: non-standard CIDR value {quoted} is invalid: use {wanted}")
    if not warnings and address.version == 6 and str(network) != text:
        warnings.append(f"{path}: IPv6 CIDR value {quoted} should be in RFC 5952 canonical format ({wanted})")
    return warnings


def contains(outer: Network, inner: Network) -> bool:
    """Whether every address of `inner` lies in `outer`; networks of different families contain nothing of each other."""
    return outer.version == inner.version and inner.subnet_of(outer)  # type: ignore[arg-type]
