"""Time-tables of CronJobs: cron fields, @hourly and its like, @every, time zones. croniter does the reckoning.

Models what the controller uses of robfig/cron: the next time strictly after a given one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter

from cluster_core.machinery.timestamps import SECOND, TimeError, parse_duration

MISSED_MANY = 100
DELTA = 100_000
"""Microseconds after its time at which a schedule is looked at."""


class ScheduleError(ValueError):
    """The schedule or its time zone cannot be read."""


def zone(name: str) -> tzinfo:
    """The time zone of that name; "" is UTC. Raises ScheduleError."""
    if name in ("", "UTC", "Local"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ScheduleError(f"unknown time zone {name}") from None


@dataclass(frozen=True, slots=True)
class Schedule:
    """Either cron fields in a time zone or an interval."""

    fields: str
    zone: tzinfo
    interval: int = 0
    """Microseconds, of @every."""

    def next(self, after: int) -> int:
        """The first time later than `after`, in microseconds."""
        if self.interval:
            return after - after % SECOND + self.interval
        start = datetime.fromtimestamp(after // SECOND, self.zone)
        found: datetime = croniter(self.fields, start).get_next(datetime)
        return round(found.timestamp()) * SECOND


def parse(text: str, time_zone: str = "") -> Schedule:
    """The schedule of a CronJob; a TZ= in the text goes before `time_zone`. Raises ScheduleError."""
    rest = text.strip()
    for prefix in ("CRON_TZ=", "TZ="):
        if rest.startswith(prefix):
            time_zone, _, rest = rest.removeprefix(prefix).partition(" ")
    where, rest = zone(time_zone), rest.strip()
    if rest.startswith("@every "):
        return Schedule("", where, _interval(rest.removeprefix("@every ")))
    if not rest.startswith("@") and len(rest.split()) != 5:
        raise ScheduleError(f"expected exactly 5 fields, found {len(rest.split())}: [{rest}]")
    if not croniter.is_valid(rest):
        raise ScheduleError(f"failed to parse {rest}")
    return Schedule(rest, where)


def _interval(text: str) -> int:
    try:
        found = parse_duration(text)
    except TimeError as error:
        raise ScheduleError(f"failed to parse duration @every {text}: {error}") from None
    return max(SECOND, found - found % SECOND)


@dataclass(frozen=True, slots=True)
class Missed:
    """The most recent time that has passed without a run, and how many have."""

    since: int
    recent: int | None = None
    count: int = 0


def missed(schedule: Schedule, since: int, now: int) -> Missed:
    """What has become due in (since, now]. Raises ScheduleError for times less than a second apart."""
    first = schedule.next(since)
    if now < first:
        return Missed(since)
    second = schedule.next(first)
    if now < second:
        return Missed(since, first, 1)
    between = round((second - first) / SECOND)
    if between < 1:
        raise ScheduleError("time difference between two schedules is less than 1 second")
    count = (now - first) // SECOND // between + 1
    recent, time = None, schedule.next(first + (count - 2) * between * SECOND)
    while time <= now:
        recent, time = time, schedule.next(time)
    return Missed(since, recent, count)


def seconds_to_next(schedule: Schedule, since: int, now: int) -> float:
    """Seconds until the schedule is to be looked at again; never too early."""
    try:
        found = missed(schedule, since, now)
    except ScheduleError:
        found = Missed(now, now)
    from_ = found.recent if found.recent is not None else (now if found.count else found.since)
    return max(0, schedule.next(from_) + DELTA - now) / SECOND
