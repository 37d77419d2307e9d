"""CronJobs start Jobs by their time-table."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_core.controllers.cronschedule import ScheduleError, missed, parse, seconds_to_next
from cluster_core.machinery.timestamps import parse_time, timestamp
from tests.controllers.stage import Stage


def with_cronjob(schedule: str = "* * * * *", *, played: bool = True, **spec: Any) -> Stage:
    stage = Stage(played=played)
    pod = {"containers": [{"name": "c", "image": "busybox"}], "restartPolicy": "Never"}
    body = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "web"},
        "spec": {"schedule": schedule, "jobTemplate": {"spec": {"template": {"spec": pod}}}, **spec},
    }
    answer = stage.call("POST", "/apis/batch/v1/namespaces/default/cronjobs", body)
    assert answer.status == 201, answer.json()
    return stage


def test_a_job_is_started_every_minute_and_named_after_it() -> None:
    stage = with_cronjob()
    stage.pass_time(125)
    jobs = stage.api.list("Job", "default")
    assert len(jobs) == 2
    minute = parse_time(stage.status("CronJob")["lastScheduleTime"]) // 60_000_000
    assert jobs[-1]["metadata"]["name"] == f"web-{minute}"


def test_a_cluster_with_a_cronjob_is_stable_between_two_runs() -> None:
    stage = with_cronjob("0 0 1 1 *")
    assert stage.settle(5)


def test_a_run_that_is_still_going_forbids_the_next() -> None:
    stage = with_cronjob(played=False, concurrencyPolicy="Forbid")
    stage.pass_time(185)
    assert len(stage.names("Job")) == 1
    assert stage.events("JobAlreadyActive") != []


def test_replace_deletes_the_run_that_is_still_going() -> None:
    stage = with_cronjob(played=False, concurrencyPolicy="Replace")
    stage.pass_time(125)
    assert len(stage.status("CronJob")["active"]) == 1
    assert len(stage.messages("SuccessfulDelete")) == 1


def test_a_suspended_cronjob_starts_nothing() -> None:
    stage = with_cronjob(suspend=True)
    stage.pass_time(200)
    assert stage.names("Job") == []


def test_only_so_many_finished_jobs_are_kept() -> None:
    stage = with_cronjob(successfulJobsHistoryLimit=2)
    stage.pass_time(60 * 5 + 5)
    assert len(stage.names("Job")) == 2


def test_after_a_long_pause_only_the_latest_run_is_made_up_for() -> None:
    stage = with_cronjob(suspend=True)
    stage.pass_time(600)
    stage.change("CronJob", suspend=False)
    stage.pass_time(1)
    assert len(stage.names("Job")) == 1


def test_a_run_missed_by_more_than_the_deadline_is_left_out() -> None:
    stage = with_cronjob("0 * * * *", suspend=True, startingDeadlineSeconds=60)
    stage.pass_time(3600 + 300)
    stage.change("CronJob", suspend=False)
    stage.pass_time(5)
    assert stage.names("Job") == []


# ------------------------------------------------------------------------------------------------ time-tables


def next_of(schedule: str, after: str, zone: str = "") -> str:
    return timestamp(parse(schedule, zone).next(parse_time(after)))


@pytest.mark.parametrize(
    ("schedule", "zone", "expected"),
    [
        ("*/15 * * * *", "", "2026-03-01T10:15:00Z"),
        ("@hourly", "", "2026-03-01T11:00:00Z"),
        ("@every 1h30m", "", "2026-03-01T11:37:10Z"),
        ("0 12 * * *", "Europe/Berlin", "2026-03-01T11:00:00Z"),
        ("TZ=Asia/Tokyo 0 9 * * *", "", "2026-03-02T00:00:00Z"),
        ("0 0 * * MON", "", "2026-03-02T00:00:00Z"),
    ],
)
def test_the_next_time(schedule: str, zone: str, expected: str) -> None:
    assert next_of(schedule, "2026-03-01T10:07:10Z", zone) == expected


@pytest.mark.parametrize("schedule", ["", "* * *", "99 * * * *", "@sometimes", "@every soon"])
def test_what_is_no_schedule_is_refused(schedule: str) -> None:
    with pytest.raises(ScheduleError):
        parse(schedule)


def test_an_unknown_time_zone_is_refused_in_the_real_words() -> None:
    with pytest.raises(ScheduleError, match="unknown time zone Mars/Olympus"):
        parse("* * * * *", "Mars/Olympus")


def test_missed_runs_are_counted_and_the_latest_found() -> None:
    schedule = parse("* * * * *")
    since, now = parse_time("2026-01-01T00:00:00Z"), parse_time("2026-01-01T03:00:30Z")
    found = missed(schedule, since, now)
    assert (found.count, timestamp(found.recent or 0)) == (180, "2026-01-01T03:00:00Z")
    assert seconds_to_next(schedule, since, now) == pytest.approx(30.1)
