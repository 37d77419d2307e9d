"""Where webhooks may go: http and https, and no address inside the network this installation stands in.

Names are resolved here once and the connection goes to the very address that was checked, so that a name cannot mean a
public address when it is checked and a private one when it is used. WEBHOOK_ALLOW names hosts and networks that may be
reached all the same; in local mode loopback may.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

MAX_URL = 2000
_NAT64 = ip_network("64:ff9b::/96")
Address = IPv4Address | IPv6Address


class WebhookRefused(ValueError):
    """This address may not be a webhook's."""


class Destination(NamedTuple):
    """A URL taken apart, and the address its host has."""

    host: str
    port: int
    target: str
    is_secure: bool
    address: str


def check(url: str) -> None:
    """What can be said against a URL without looking its host up. Raises WebhookRefused."""
    host, _ = _place(_parts(url))
    address = _literal(host)
    if address is not None:
        _check_address(host, address)


def resolve(url: str) -> Destination:
    """Raises WebhookRefused, and OSError when the host's name has no address."""
    parts = _parts(url)
    host, port = _place(parts)
    found = [entry[4][0] for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for each in found:
        _check_address(host, ip_address(str(each).partition("%")[0]))
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Destination(host, port, target, parts.scheme == "https", str(found[0]))


def _parts(url: str) -> SplitResult:
    if len(url) > MAX_URL or any(ord(sign) <= 32 or ord(sign) > 126 for sign in url):
        raise WebhookRefused(f"a webhook is a URL of at most {MAX_URL} ASCII characters without spaces")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise WebhookRefused(f"not a URL: {error}") from error
    if parts.scheme not in ("http", "https"):
        raise WebhookRefused("a webhook is an http or https URL")
    if parts.username is not None or parts.password is not None:
        raise WebhookRefused("a webhook's URL holds no user and no password")
    return parts


def _place(parts: SplitResult) -> tuple[str, int]:
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise WebhookRefused(str(error)) from error
    if not parts.hostname:
        raise WebhookRefused("a webhook's URL names a host")
    return parts.hostname, port


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _check_address(host: str, address: Address) -> None:
    inner = _inner(address)
    if _is_allowed(host, inner) or (settings.LOCAL_MODE and inner.is_loopback):
        return
    if not inner.is_global or inner.is_multicast:
        raise WebhookRefused(f"{host} is not a public address; WEBHOOK_ALLOW can name it")


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1] or address


def _is_allowed(host: str, address: Address) -> bool:
    return any(entry == host or _within(address, entry) for entry in settings.WEBHOOK_ALLOW)


def _within(address: Address, entry: str) -> bool:
    try:
        return address in ip_network(entry, strict=False)
    except ValueError:
        return False
