"""What commands leave in a container, for the next ones and over a save."""

from __future__ import annotations

import orjson

from cluster_core.machinery.containers import Launch
from cluster_core.workloads.runtime import Containers

POD = {"metadata": {"name": "p", "namespace": "default", "uid": "u-1"}, "spec": {"containers": [{"name": "c", "image": "busybox"}]}}


def launch(attempt: int = 0) -> Launch:
    container = {"name": "c", "image": "busybox", "args": ["sh", "-c", "echo first > /tmp/own; sleep 3600"]}
    return Launch(POD, container, attempt, "node-1", {}, {}, 60_000_000)


def test_a_file_written_by_one_command_is_read_by_the_next() -> None:
    containers = Containers({})
    containers.execute(launch(), ["sh", "-c", "echo x > /tmp/f; rm /tmp/own"], 0)
    assert containers.execute(launch(), ["cat", "/tmp/f"], 0) == (0, "x\n", "")
    assert containers.execute(launch(), ["cat", "/tmp/own"], 0)[0] == 1


def test_a_restarted_container_begins_anew() -> None:
    containers = Containers({})
    containers.execute(launch(), ["touch", "/tmp/f"], 0)
    assert containers.execute(launch(1), ["test", "-e", "/tmp/f"], 0)[0] == 1


def test_what_was_written_is_saved_and_loaded() -> None:
    before, after = Containers({}), Containers({})
    before.enter(launch(), 0).execute(["tee", "/tmp/f"], b"kept\n")
    after.load(orjson.loads(orjson.dumps(before.dump())))
    assert after.execute(launch(), ["cat", "/tmp/f"], 0)[1] == "kept\n"


def test_directories_and_variables_stay_within_a_session() -> None:
    inner = Containers({}).enter(launch(), 0)
    inner.script("cd /tmp; X=7")
    assert inner.script("pwd; echo $X") == (0, "/tmp\n7\n", "")
    assert inner.cwd() == "/tmp"


def test_a_command_that_would_never_end_gives_the_shell_back() -> None:
    inner = Containers({}).enter(launch(), 0)
    inner.script("while true; do sleep 1; done")
    assert inner.script("echo again")[1] == "again\n"


def test_leaving_the_shell_in_the_middle_of_a_line_is_noticed() -> None:
    inner = Containers({}).enter(launch(), 0)
    assert inner.typed("false") == ((1, "", ""), False)
    assert inner.typed("echo $?; (exit 3)") == ((3, "1\n", ""), False)
    assert inner.typed("pwd; exit 2") == ((2, "/\n", ""), True)
