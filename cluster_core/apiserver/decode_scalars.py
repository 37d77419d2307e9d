"""Times and base64 as Go reads and writes them, with Go's error texts.

Models time.Parse for RFC 3339, metav1.Time and MicroTime, and encoding/base64's StdEncoding.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta, timezone

from cluster_core.machinery.gofmt import quote

RFC3339 = "2006-01-02T15:04:05Z07:00"
RFC3339_MICRO = "2006-01-02T15:04:05.000000Z07:00"
_PLAIN_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")
_ANY_TIME = re.compile(r"(\d{4}-\d\d-\d\dT)(\d\d?)(:\d\d:\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)\Z")
_ELEMENTS = (
    ("2006", r"\d{4}", "", 0, 9999),
    ("-", r"-", "", 0, 0),
    ("01", r"\d\d", "month", 1, 12),
    ("-", r"-", "", 0, 0),
    ("02", r"\d\d", "", 0, 99),
    ("T", r"T", "", 0, 0),
    ("15", r"\d\d?", "hour", 0, 23),
    (":", r":", "", 0, 0),
    ("04", r"\d\d", "minute", 0, 59),
    (":", r":", "", 0, 0),
    ("05", r"\d\d", "second", 0, 59),
)
"""Layout element, what it matches, what a number outside its range is called, and that range."""
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\Z")
_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")


class ScalarError(ValueError):
    """Text that is no time or no base64; str() is Go's message."""


def time(text: str) -> str | None:
    """metav1.Time: whole seconds in UTC; the zero time is null. Raises ScalarError."""
    moment = _moment(text, RFC3339)
    if moment is None:
        return None
    if _PLAIN_TIME.match(text):
        return text
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def microtime(text: str) -> str | None:
    """metav1.MicroTime: exactly six digits of fraction, UTC. Raises ScalarError."""
    moment = _moment(text, RFC3339_MICRO)
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def _moment(text: str, layout: str) -> datetime | None:
    match = _ANY_TIME.match(text)
    if match is None or (layout == RFC3339_MICRO and len(match[4] or "") != 6):
        raise ScalarError(_parse_error(text, layout))
    hour, fraction, zone = match[2].zfill(2), (match[4] or "0")[:6].ljust(6, "0"), match[5]
    try:
        moment = datetime.fromisoformat(f"{match[1]}{hour}{match[3]}.{fraction}").replace(tzinfo=_zone(zone))
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ScalarError(_parse_error(text, layout)) from None
    return None if moment == datetime(1, 1, 1, tzinfo=UTC) else moment


def _zone(text: str) -> timezone:
    if text == "Z":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
    return timezone(-offset if text[0] == "-" else offset)


def _parse_error(text: str, layout: str) -> str:
    rest = text
    for element, pattern, name, low, high in _ELEMENTS:
        match = re.match(pattern, rest)
        if match is None:
            return _cannot(text, layout, element, rest)
        if name and not low <= int(match[0]) <= high:
            return f"parsing time {quote(text)}: {name} out of range"
        rest = rest[match.end() :]
    return _tail_error(text, layout, rest)


def _tail_error(text: str, layout: str, rest: str) -> str:
    if layout == RFC3339_MICRO:
        fraction = re.match(r"[.,]\d{6}", rest)
        if fraction is None:
            return _cannot(text, layout, ".000000", rest)
        rest = rest[fraction.end() :]
    else:
        rest = re.sub(r"\A[.,]\d+", "", rest)
    zone = re.match(r"Z|[+-]\d\d:\d\d", rest)
    if zone is None:
        return _cannot(text, layout, "Z07:00", rest)
    if rest[zone.end() :]:
        return f"parsing time {quote(text)}: extra text: {quote(rest[zone.end() :])}"
    return f"parsing time {quote(text)}: day out of range"


def _cannot(text: str, layout: str, element: str, rest: str) -> str:
    return f"parsing time {quote(text)} as {quote(layout)}: cannot parse {quote(rest)} as {quote(element)}"


def base64_text(text: str) -> str:
    """The canonical base64 of what `text` encodes. Raises ScalarError."""
    if not _BASE64.match(text):
        position = _corrupt_at(text)
        if position is not None:
            raise ScalarError(f"illegal base64 data at input byte {position}")
        text = text.replace("\n", "").replace("\r", "")
    if not text.endswith("="):
        return text
    return base64.b64encode(binascii.a2b_base64(text)).decode()


def _corrupt_at(text: str) -> int | None:
    """Where Go's decoder gives up; None when only line breaks were in the way."""
    symbols = [(index, char) for index, char in enumerate(text) if char not in "\r\n"]
    padding = 0
    for count, (index, char) in enumerate(symbols):
        if padding:
            return _after_padding(symbols[count:], padding, index, char)
        if char == "=":
            if count % 4 < 2:
                return index
            padding = 4 - count % 4
            if padding == 2 and count + 1 == len(symbols):
                return len(text)
        elif char not in _ALPHABET:
            return index
    return None if padding or len(symbols) % 4 == 0 else len(text) - len(symbols) % 4


def _after_padding(rest: list[tuple[int, str]], padding: int, index: int, char: str) -> int | None:
    if padding == 1:
        return index
    if char != "=":
        return index
    return rest[1][0] if len(rest) > 1 else None
