"""The formats of strings that schemas may ask for. Models kube-openapi's strfmt, as far as the API server knows them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from cluster_core.apiserver.customresources import patterns
from cluster_core.machinery import timestamps

_UUID = r"[0-9a-f]{8}-?[0-9a-f]{4}-?%s-?%s-?[0-9a-f]{12}"
_DURATION = re.compile(r"[+-]?(\d+(\.\d+)?\s*(ns|us|µs|ms|s|m|h|d|w|nanosecond|microsecond|milli|millisecond|second|sec|"
                       r"minute|min|hour|hr|day|week|wk)s?\s*)+\Z|0\Z")  # fmt: skip
_PATTERNS: dict[str, str] = {
    "bsonobjectid": r"[0-9a-fA-F]{24}",
    "email": r"[^@\s<>]+@[^@\s<>]+|.*<[^@\s]+@[^@\s]+>",
    "hostname": r"([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*\.?",
    "mac": r"([0-9A-Fa-f]{2}[:-]){5}([0-9A-Fa-f]{2})|([0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}",
    "uuid": _UUID % ("[0-9a-f]{4}", "[0-9a-f]{4}"),
    "uuid3": _UUID % ("3[0-9a-f]{3}", "[0-9a-f]{4}"),
    "uuid4": _UUID % ("4[0-9a-f]{3}", "[89ab][0-9a-f]{3}"),
    "uuid5": _UUID % ("5[0-9a-f]{3}", "[89ab][0-9a-f]{3}"),
    "byte": r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?",
    "isbn10": r"(?:\d[- ]?){9}[\dX]",
    "isbn13": r"(?:\d[- ]?){12}\d",
    "creditcard": r"\d{13,19}",
    "ssn": r"\d{3}[- ]?\d{2}[- ]?\d{4}",
    "hexcolor": r"#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})",
    "rgbcolor": r"rgb\(\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*\)",
    "date": r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])",
}


def fits(format: str, value: str) -> bool:
    """Whether the text is of that format; unknown formats fit everything."""
    plain = format.replace("-", "")
    if plain in _PATTERNS:
        flags = re.IGNORECASE if plain.startswith("uuid") else 0
        return re.fullmatch(_PATTERNS[plain], value, flags) is not None
    check = _CHECKS.get(plain)
    return check is None or check(value)


def _succeeds(parse: Callable[[str], object]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return check


def _uri(text: str) -> bool:
    return bool(text) and bool(urlsplit(text).scheme or text.startswith("/"))


_CHECKS: dict[str, Callable[[str], bool]] = {
    "datetime": _succeeds(timestamps.any_time),
    "duration": lambda text: _DURATION.match(text) is not None,
    "ipv4": _succeeds(ipaddress.IPv4Address),
    "ipv6": _succeeds(ipaddress.IPv6Address),
    "cidr": _succeeds(lambda text: ipaddress.ip_network(text, strict=False) if "/" in text else ipaddress.ip_network("")),
    "uri": _uri,
    "regexp": lambda text: not patterns.complaint(text),
}


_RECOGNIZED = frozenset((
    "bsonobjectid", "uri", "email", "hostname", "ipv4", "ipv6", "cidr", "mac", "uuid", "uuid3", "uuid4", "uuid5", "isbn", "isbn10",
    "isbn13", "creditcard", "ssn", "hexcolor", "rgbcolor", "byte", "password", "date", "duration", "datetime", "k8sshortname",
    "k8slongname",
))  # fmt: skip
_NUMBERS = {"integer": ("int32", "int64"), "number": ("float", "double")}


def is_known(type: str, format: str) -> bool:
    """Whether a schema of the type may ask for the format without a warning."""
    return format.replace("-", "") in _RECOGNIZED if type in ("", "string") else format in _NUMBERS.get(type, ())
