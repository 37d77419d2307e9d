"""Times and durations as text: RFC 3339 as Go reads and writes it, kubectl's ages, Go durations.

Models metav1.Time and MicroTime (Go's time.Parse with its error texts), apimachinery/pkg/util/duration and
time.ParseDuration. A time is an int of microseconds since the Unix epoch.
"""

from __future__ import annotations

import re
from calendar import monthrange, timegm
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import lru_cache

from cluster_core.machinery import gofmt

SECOND = 1_000_000
LAYOUT = "2006-01-02T15:04:05Z07:00"
MICRO_LAYOUT = "2006-01-02T15:04:05.000000Z07:00"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TimeError(ValueError):
    """The text is no time or duration; str() is Go's message."""


@lru_cache(4096)
def _whole(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")


def timestamp(us: int) -> str:
    """metav1.Time: whole seconds."""
    return _whole(us // SECOND) + "Z"


def microtime(us: int) -> str:
    """metav1.MicroTime: six digits."""
    return f"{_whole(us // SECOND)}.{us % SECOND:06d}Z"


@lru_cache(4096)
def parse_time(text: str) -> int:
    """A metav1.Time's microseconds. Raises TimeError."""
    return _Reader(text, LAYOUT).read()


@lru_cache(4096)
def parse_microtime(text: str) -> int:
    """A metav1.MicroTime's microseconds: exactly six fraction digits. Raises TimeError."""
    return _Reader(text, MICRO_LAYOUT).read()


def any_time(text: str) -> int:
    """Microseconds of either form: a fraction of any length is kept."""
    return parse_microtime(text) if "." in text and len(text.partition(".")[2]) == 7 else parse_time(text)


class _Reader:
    """Go's time.Parse for one layout, element by element, so that a failure names the same element."""

    def __init__(self, text: str, layout: str) -> None:
        self._text = text
        self._layout = layout
        self._rest = text

    def read(self) -> int:
        year = self._number("2006", r"[0-9][+\-0-9]?[0-9]{2}")
        self._literal("-")
        month = self._number("01", "[0-9]{2}", (1, 12, "month"))
        self._literal("-")
        day = self._number("02", "[0-9]{2}")
        self._literal("T")
        hour = self._number("15", "[0-9]{1,2}", (0, 23, "hour"))
        self._literal(":")
        minute = self._number("04", "[0-9]{2}", (0, 59, "minute"))
        self._literal(":")
        second = self._number("05", "[0-9]{2}", (0, 59, "second"))
        micro = self._fraction()
        offset = self._offset()
        if self._rest:
            raise self._error(f": extra text: {gofmt.quote(self._rest)}")
        if not 1 <= day <= monthrange(year or 4, month)[1]:
            raise self._error(": day out of range")
        return (timegm((year, month, day, hour, minute, second)) - offset) * SECOND + micro

    def _error(self, message: str) -> TimeError:
        return TimeError(f"parsing time {gofmt.quote(self._text)}{message}")

    def _bad(self, element: str) -> TimeError:
        rest, layout = gofmt.quote(self._rest), gofmt.quote(self._layout)
        return self._error(f" as {layout}: cannot parse {rest} as {gofmt.quote(element)}")

    def _literal(self, wanted: str) -> None:
        if not self._rest.startswith(wanted):
            raise self._bad(wanted)
        self._rest = self._rest[1:]

    def _number(self, element: str, pattern: str, limits: tuple[int, int, str] | None = None) -> int:
        match = re.match(pattern, self._rest)
        if match is None or not match[0].isdigit():
            raise self._bad(element)
        number = int(match[0])
        if limits and not limits[0] <= number <= limits[1]:
            self._rest = self._rest[match.end() :]
            raise self._error(f": {limits[2]} out of range")
        self._rest = self._rest[match.end() :]
        return number

    def _fraction(self) -> int:
        exact = self._layout == MICRO_LAYOUT
        match = re.match(r"[.,]([0-9]{6})" if exact else r"[.,]([0-9]+)", self._rest)
        if match is None:
            if exact:
                raise self._bad(".000000")
            return 0
        self._rest = self._rest[match.end() :]
        return int(match[1][:6].ljust(6, "0"))

    def _offset(self) -> int:
        if self._rest.startswith("Z"):
            self._rest = self._rest[1:]
            return 0
        match = re.match(r"([+-])([0-9]{2}):([0-9]{2})", self._rest)
        if match is None:
            raise self._bad("Z07:00")
        hours, minutes = int(match[2]), int(match[3])
        for number, limit, what in ((hours, 24, "hour"), (minutes, 60, "minute")):
            if number > limit:
                raise self._error(f": time zone offset {what} out of range")
        self._rest = self._rest[6:]
        return (hours * 3600 + minutes * 60) * (-1 if match[1] == "-" else 1)


def short_human_duration(seconds: float) -> str:
    """kubectl's coarse ages: 5s, 3m, 2h, 4d, 1y."""
    total = int(seconds)
    if total < 0:
        return "<invalid>" if total < -1 else "0s"
    for unit, size, limit in (("s", 1, 60), ("m", 60, 60), ("h", 3600, 24), ("d", 86400, 365)):
        if total // size < limit:
            return f"{total // size}{unit}"
    return f"{total // (86400 * 365)}y"


_AGES = (
    (2 * 60, "s", 1, None),
    (10 * 60, "m", 60, "s"),
    (3 * 3600, "m", 60, None),
    (8 * 3600, "h", 3600, "m"),
    (48 * 3600, "h", 3600, None),
    (8 * 86400, "d", 86400, "h"),
    (2 * 365 * 86400, "d", 86400, None),
    (8 * 365 * 86400, "y", 365 * 86400, "d"),
)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def human_duration(seconds: float) -> str:
    """kubectl's ages with two figures: 2m5s, 3h20m, 2d4h, 2y30d."""
    total = int(seconds)
    if total < 0:
        return "<invalid>" if total < -1 else "0s"
    for limit, unit, size, minor in _AGES:
        if total < limit:
            rest = total % size // _UNITS[minor] if minor else 0
            return f"{total // size}{unit}" + (f"{rest}{minor}" if rest else "")
    return f"{total // (365 * 86400)}y"


_DURATION_UNITS = {
    "ns": Fraction(1, 1000),
    "us": Fraction(1),
    "µs": Fraction(1),
    "μs": Fraction(1),
    "ms": Fraction(1000),
    "s": Fraction(SECOND),
    "m": Fraction(60 * SECOND),
    "h": Fraction(3600 * SECOND),
}
_DURATION_PART = re.compile(r"([0-9]*)(\.[0-9]*)?([^0-9.]*)")


@lru_cache(1024)
def parse_duration(text: str) -> int:
    """time.ParseDuration in microseconds, finer parts cut off. Raises TimeError."""
    rest = text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return 0
    invalid = TimeError(f"time: invalid duration {gofmt.quote(text)}")
    if not rest:
        raise invalid
    total = Fraction(0)
    while rest:
        match = _DURATION_PART.match(rest)
        if match is None or not (match[1] or (match[2] or "").strip(".")):
            raise invalid
        total += Fraction(f"{match[1] or '0'}{match[2] or ''}".rstrip(".")) * _duration_unit(match[3], text)
        rest = rest[match.end() :]
    if total * 1000 >= 2**63:
        raise invalid
    return -int(total) if text.startswith("-") else int(total)


def _duration_unit(unit: str, text: str) -> Fraction:
    if not unit:
        raise TimeError(f"time: missing unit in duration {gofmt.quote(text)}")
    if unit not in _DURATION_UNITS:
        raise TimeError(f"time: unknown unit {gofmt.quote(unit)} in duration {gofmt.quote(text)}")
    return _DURATION_UNITS[unit]


def duration_text(us: int) -> str:
    """time.Duration.String(): 1h0m0s, 1.5s, 20ms, 0s."""
    sign, us = ("-", -us) if us < 0 else ("", us)
    if us < SECOND:
        return f"{sign}{_small_duration(us)}"
    whole, micro = divmod(us, SECOND)
    fraction = f".{micro:06d}".rstrip("0") if micro else ""
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    text = f"{second}{fraction}s"
    if minutes:
        text = f"{minute}m{text}"
    return sign + (f"{hours}h{text}" if hours else text)


def _small_duration(us: int) -> str:
    if us == 0:
        return "0s"
    if us < 1000:
        return f"{us}µs"
    milli, micro = divmod(us, 1000)
    return f"{milli}" + (f".{micro:03d}".rstrip("0") if micro else "") + "ms"
