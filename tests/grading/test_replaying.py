"""Whoever grades, in whatever order and company: the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import call_command

from playground.grading import catalogue, pool, replaying
from playground.grading.replaying import Round

from .making import READY_POD, answer, exercise, pod


def test_jobs_are_all_answers_and_then_other_seeds() -> None:
    one = exercise(READY_POD, reference={"manifests": "{}"}, wrong=[{"name": "w", "manifests": "{}"}])
    jobs = replaying.jobs_of([one], 7)
    assert [job.seed for job in jobs] == [None, None, None, 1000, 1000, 1000, 1001]


def test_a_verdict_that_was_another_once_is_found() -> None:
    rounds = [Round(1, ["a", "b"]), Round(2, ["a", "c"]), Round(4, ["a", "b"])]
    assert replaying.differences(rounds) == [1]
    assert replaying.differences(rounds[:1]) == []


def test_the_order_of_gradings_changes_nothing() -> None:
    jobs = replaying.jobs_of(catalogue.exercises()[:2], 6)
    assert replaying.differences(list(replaying.replay(jobs, [1, 1]))) == []


@pytest.mark.slow
def test_other_numbers_of_processes_give_the_same_verdicts() -> None:
    jobs = replaying.jobs_of(catalogue.exercises(), 24)
    assert replaying.differences(list(replaying.replay(jobs, [1, 2, 4]))) == []


@pytest.mark.slow
def test_the_command_grades_with_several_processes(tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.yaml" for name in ("ada", "bob", "eve")]
    for path in paths:
        path.write_text(catalogue.find("first-pod").reference.files["manifests.yaml"])
    call_command("grade", "first-pod", *map(str, paths), "--workers", "2", "--json", str(tmp_path / "two.json"))
    call_command("grade", "first-pod", *map(str, paths), "--json", str(tmp_path / "one.json"))
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


@pytest.mark.slow
def test_a_grader_that_is_killed_is_replaced(monkeypatch: pytest.MonkeyPatch, settings: object) -> None:
    import os
    import signal

    from playground.grading import services

    settings.GRADERS = 1
    services._graders.cache_clear()
    try:
        with pytest.raises(Exception, match="abruptly"):
            services.compute(os.kill, services.compute(os.getpid), signal.SIGKILL)
        job = pool.Job(exercise(READY_POD), answer(pod()))
        assert services.compute(pool.do, job).passed
    finally:
        services._graders().shutdown()
        services._graders.cache_clear()
