"""What is wrong with a cron schedule or a time zone, in the words of the parser the real server uses.

Models robfig/cron v3's standard parser with descriptors, as batch validation calls it, and Go's time.LoadLocation.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Mapping
from functools import lru_cache

from cluster_core.machinery.gofmt import quote
from cluster_core.machinery.timestamps import parse_duration

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_Names = Mapping[str, int]
_FIELDS: tuple[tuple[int, int, _Names], ...] = (
    (0, 59, {}),
    (0, 23, {}),
    (1, 31, {}),
    (1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    (0, 6, {name: number for number, name in enumerate(_DAYS)}),
)
"""Lowest, highest and names of minute, hour, day, month and weekday."""
_DESCRIPTORS = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})
_EVERY = "@every "
_MAX = 2**63


class _Wrong(ValueError):
    """str() is the parser's message."""


@lru_cache(1024)
def schedule_problem(schedule: str) -> str:
    """The parser's message, "" for a good schedule."""
    try:
        _parse(schedule)
    except _Wrong as error:
        return str(error)
    return ""


def _parse(spec: str) -> None:
    if not spec:
        raise _Wrong("empty spec string")
    if spec.startswith(("TZ=", "CRON_TZ=")):
        spec = _without_zone(spec)
    if spec.startswith("@"):
        _descriptor(spec)
        return
    fields = spec.split()
    if len(fields) != len(_FIELDS):
        raise _Wrong(f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]")
    for field, bounds in zip(fields, _FIELDS, strict=True):
        for expression in filter(None, field.split(",")):
            _range(expression, bounds)


def _without_zone(spec: str) -> str:
    head, space, rest = spec.partition(" ")
    if not space:
        start = head.index("=") + 1
        raise _Wrong(f"invalid schedule format: runtime error: slice bounds out of range [{start}:-1]")
    zone = head.partition("=")[2]
    if not is_zone(zone):
        raise _Wrong(f"provided bad location {zone}: unknown time zone {zone}")
    return rest.strip()


def _descriptor(text: str) -> None:
    if text in _DESCRIPTORS:
        return
    if not text.startswith(_EVERY):
        raise _Wrong(f"unrecognized descriptor: {text}")
    try:
        parse_duration(text.removeprefix(_EVERY))
    except ValueError as error:
        raise _Wrong(f"failed to parse duration {text}: {error}") from None


def _range(expression: str, bounds: tuple[int, int, _Names]) -> None:
    low, high, _ = bounds
    base, *steps = expression.split("/")
    start, end = _ends(base, expression, bounds)
    if len(steps) > 1:
        raise _Wrong(f"too many slashes: {expression}")
    step = _integer(steps[0]) if steps else 1
    if steps and "-" not in base:
        end = high
    if start < low:
        raise _Wrong(f"beginning of range ({start}) below minimum ({low}): {expression}")
    if end > high:
        raise _Wrong(f"end of range ({end}) above maximum ({high}): {expression}")
    if start > end:
        raise _Wrong(f"beginning of range ({start}) beyond end of range ({end}): {expression}")
    if step == 0:
        raise _Wrong(f"step of range should be a positive number: {expression}")


def _ends(base: str, expression: str, bounds: tuple[int, int, _Names]) -> tuple[int, int]:
    low, high, names = bounds
    parts = base.split("-")
    if parts[0] in ("*", "?"):
        return low, high
    start = _number(parts[0], names)
    if len(parts) == 1:
        return start, start
    if len(parts) > 2:
        raise _Wrong(f"too many hyphens: {expression}")
    return start, _number(parts[1], names)


def _number(text: str, names: _Names) -> int:
    found = names.get(text.lower())
    return _integer(text) if found is None else found


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise _Wrong(f"failed to parse int from {text}: strconv.Atoi: parsing {quote(text)}: invalid syntax")
    number = int(text)
    if not -_MAX <= number < _MAX:
        raise _Wrong(f"failed to parse int from {text}: strconv.Atoi: parsing {quote(text)}: value out of range")
    if number < 0:
        raise _Wrong(f"negative number ({number}) not allowed: {text}")
    return number


@lru_cache(1024)
def is_zone(name: str) -> bool:
    """Whether the time zone database knows it."""
    if name in ("", "UTC", "Local"):
        return True
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


_ZONE_PART = re.compile(r"[A-Za-z.\-_0-9+]{1,14}\Z")


def zone_problem(zone: str) -> str:
    """What batch validation says about spec.timeZone, "" for a good one."""
    if not zone:
        return "timeZone must be nil or non-empty string"
    for part in zone.split("/"):
        if part in (".", "..") or part.startswith("-") or not _ZONE_PART.match(part):
            return f"unknown time zone {zone}"
    if zone.lower() == "local":
        return "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
    return "" if is_zone(zone) else f"unknown time zone {zone}"
