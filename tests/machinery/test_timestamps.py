"""Times and durations read and print as Go's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster_core.machinery import timestamps

LAYOUT = "2006-01-02T15:04:05Z07:00"


@given(st.integers(0, 253402300799 * 10**6))
def test_times_survive_being_written(us: int) -> None:
    assert timestamps.parse_microtime(timestamps.microtime(us)) == us
    assert timestamps.parse_time(timestamps.timestamp(us)) == us // 10**6 * 10**6


def test_offsets_and_fractions_are_understood() -> None:
    assert timestamps.parse_time("1970-01-01T02:00:01.5+02:00") == 1_500_000
    assert timestamps.parse_time("1970-01-01T0:00:01Z") == 1_000_000


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("abc", f' as "{LAYOUT}": cannot parse "abc" as "2006"'),
        ("2026-11-23", f' as "{LAYOUT}": cannot parse "" as "T"'),
        ("2026-1-2T", f' as "{LAYOUT}": cannot parse "1-2T" as "01"'),
        ("2026-11-23T05:13:26", f' as "{LAYOUT}": cannot parse "" as "Z07:00"'),
        ("2026-13-01T00:00:00Z", ": month out of range"),
        ("2026-02-30T00:00:00Z", ": day out of range"),
        ("2026-02-03T24:00:00Z", ": hour out of range"),
        ("2026-02-03T23:00:00Zx", ': extra text: "x"'),
    ],
)
def test_a_bad_time_is_refused_in_gos_words(text: str, why: str) -> None:
    with pytest.raises(timestamps.TimeError) as error:
        timestamps.parse_time(text)
    assert str(error.value) == f'parsing time "{text}"{why}'


def test_a_microtime_needs_its_six_digits() -> None:
    with pytest.raises(timestamps.TimeError, match=r'cannot parse "Z" as ".000000"'):
        timestamps.parse_microtime("2026-11-23T05:13:26Z")


@pytest.mark.parametrize(
    ("seconds", "age"),
    [
        (-5, "<invalid>"),
        (-1, "0s"),
        (119, "119s"),
        (120, "2m"),
        (125, "2m5s"),
        (660, "11m"),
        (10800, "3h"),
        (10860, "3h1m"),
        (28800, "8h"),
        (180000, "2d2h"),
        (777600, "9d"),
        (69120000, "2y70d"),
        (259200000, "8y"),
    ],
)
def test_ages(seconds: int, age: str) -> None:
    assert timestamps.human_duration(seconds) == age


def test_short_ages() -> None:
    shown = [timestamps.short_human_duration(seconds) for seconds in (-9, 0, 59, 61, 7200, 90000, 40000000)]
    assert shown == ["<invalid>", "0s", "59s", "1m", "2h", "1d", "1y"]


@pytest.mark.parametrize(
    ("text", "us", "printed"),
    [
        ("1m30s", 90_000_000, "1m30s"),
        ("1.5h", 5_400_000_000, "1h30m0s"),
        ("-2ms", -2000, "-2ms"),
        ("0", 0, "0s"),
        ("1500us", 1500, "1.5ms"),
        ("100h", 360_000_000_000, "100h0m0s"),
    ],
)
def test_durations(text: str, us: int, printed: str) -> None:
    assert timestamps.parse_duration(text) == us
    assert timestamps.duration_text(us) == printed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5", 'time: missing unit in duration "5"'),
        ("5y", 'time: unknown unit "y" in duration "5y"'),
        ("x", 'time: invalid duration "x"'),
        ("", 'time: invalid duration ""'),
        (".s", 'time: invalid duration ".s"'),
    ],
)
def test_a_bad_duration_is_refused_in_gos_words(text: str, message: str) -> None:
    with pytest.raises(timestamps.TimeError) as error:
        timestamps.parse_duration(text)
    assert str(error.value) == message


@given(st.integers(-(10**15), 10**15))
def test_durations_survive_being_printed(us: int) -> None:
    assert timestamps.parse_duration(timestamps.duration_text(us)) == us
