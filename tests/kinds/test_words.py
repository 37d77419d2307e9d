"""The small languages of the kinds: schedules of cron jobs, and structures as the real server's messages show them."""

from __future__ import annotations

import pytest

from cluster_core.apiserver.internal import difference, internal
from cluster_core.kinds.cron_schedule import schedule_problem, zone_problem


@pytest.mark.parametrize("schedule", ["* * * * *", "*/5 0-4,8 1 jan-mar mon", "@daily", "@every 1h30m", "0 0 ? * 0"])
def test_schedules_of_five_fields_or_well_known_words_are_right(schedule: str) -> None:
    assert not schedule_problem(schedule)


@pytest.mark.parametrize(
    ("schedule", "problem"),
    [
        ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("@often", "unrecognized descriptor: @often"),
        ("x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
    ],
)
def test_wrong_schedules_are_told_in_the_parser_s_words(schedule: str, problem: str) -> None:
    assert schedule_problem(schedule) == problem


def test_time_zones_are_of_the_database() -> None:
    assert not zone_problem("Europe/Vienna")
    assert zone_problem("Nowhere/Land") == "unknown time zone Nowhere/Land"


def test_structures_show_every_field_under_its_go_name() -> None:
    assert internal("core.Taint", {"key": "a", "effect": "NoSchedule"}) == {
        "Key": "a",
        "Value": "",
        "Effect": "NoSchedule",
        "TimeAdded": None,
    }


def test_the_host_s_namespaces_are_in_the_security_context_inside() -> None:
    found = internal("core.PodSpec", {"containers": [], "hostNetwork": True, "securityContext": {}})
    assert "hostNetwork" not in found
    assert found["SecurityContext"]["HostNetwork"] is True


def test_differences_show_three_lines_around() -> None:
    shown = difference("core.Toleration", {"key": "a"}, {"key": "b"})
    assert '-  "Key": "a",' in shown or '- "Key": "a",' in shown
    assert shown.startswith("@@")
