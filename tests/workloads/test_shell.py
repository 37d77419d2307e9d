"""Scripts really run, in virtual time."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster_core.workloads.shell import Job, Run, Trace


def run(script: str, **more: object) -> Trace:
    return Run(Job(script, {"A": "b"}, {"/etc/file": "text\n"}, "host", 1_767_225_600_000_000, **more)).run()  # type: ignore[arg-type]


def test_sleeping_takes_virtual_time_only():
    trace = run("echo a; sleep 90; echo b; sleep 2m; exit 3")
    assert (trace.ends, trace.exit_code) == (210.0, 3)
    assert trace.output == [(0.0, False, "a\n"), (90.0, False, "b\n")]


def test_the_date_is_the_clusters():
    assert run("sleep 60; date +%H:%M:%S").text == "00:01:00\n"


def test_a_loop_without_end_has_no_end():
    assert run("while true; do echo x; sleep 1; done").ends is None
    assert run("while :; do :; done").ends is None


def test_environment_and_files_are_there():
    assert run("echo $A; cat /etc/file; hostname").text == "b\ntext\nhost\n"


def test_chance_repeats():
    assert run("echo $RANDOM").text == run("echo $RANDOM").text
    assert run("echo $RANDOM", seed=3).text != run("echo $RANDOM", seed=5).text


def test_unknown_commands_are_not_found():
    trace = run("nonsense")
    assert trace.exit_code == 127
    assert "nonsense: command not found" in trace.text


def test_a_server_started_by_a_script_runs_for_ever():
    trace = run("echo prepared; exec nginx -g 'daemon off;'")
    assert (trace.ends, trace.serves) == (None, "nginx")


def test_pi_has_the_right_digits():
    trace = run("perl -Mbignum=bpi -wle 'print bpi(20)'")
    assert trace.text == "3.1415926535897932384\n"


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are counted as Linux tells them")
def test_scripts_that_have_ended_hold_no_files_open() -> None:
    """A crash loop fast-forwarded for days runs thousands of them."""

    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = open_files()
    for _ in range(20):
        Run(Job("exit 1", {}, {}, "h", 0)).run()
    assert open_files() - before < 20
