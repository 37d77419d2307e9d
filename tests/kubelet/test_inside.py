"""Logs of containers and commands in them."""

from __future__ import annotations

import pytest

from cluster_core.kubelet.inside import LogOptions
from tests.builders import Engine, pod


@pytest.fixture(scope="module")
def engine() -> Engine:
    engine = Engine(nodes=1)
    for name, script in (("loop", "while true; do date; sleep 5; done"), ("crash", 'echo "try $HOSTNAME"; exit 2')):
        container = {"name": "c", "image": "busybox", "command": ["sh", "-c", script]}
        engine.api.create("Pod", {"metadata": {"name": name, "namespace": "default"}, "spec": {"containers": [container]}})
    engine.api.create("Pod", pod("web"))
    engine.cluster.advance(60)
    return engine


def log(engine: Engine, name: str, **query: str) -> tuple[int, str]:
    answer = engine.call("GET", f"/api/v1/namespaces/default/pods/{name}/log", query=list(query.items()))
    return answer.status, answer.body.decode()


def test_a_loop_logs_as_time_goes_by(engine):
    status, text = log(engine, "loop")
    before = len(text.splitlines())
    assert status == 200
    engine.cluster.advance(50)
    assert len(log(engine, "loop")[1].splitlines()) == before + 10


def test_lines_come_with_timestamps_and_from_the_end(engine):
    _, text = log(engine, "loop", tailLines="1", timestamps="true")
    [line] = text.splitlines()
    assert line.startswith("2026-01-01T00:") and "000Z Thu Jan  1 00:" in line


def test_following_goes_on_after_the_last_line(engine):
    inside = engine.cluster.parts["kubelet"].inside
    target = engine.api.get("Pod", "default", "loop")
    _, position = inside.logs(target, LogOptions())
    assert inside.logs(target, LogOptions(after=position)) == ("", position)
    engine.cluster.advance(5)
    assert len(inside.logs(target, LogOptions(after=position))[0].splitlines()) == 1


def test_a_crashed_container_still_has_its_log(engine):
    assert log(engine, "crash") == (200, "try crash\n")
    assert log(engine, "crash", previous="true") == (200, "try crash\n")


def test_what_was_never_restarted_has_no_previous_log(engine):
    status, text = log(engine, "web", previous="true")
    assert status == 400
    assert 'previous terminated container \\"c\\" in pod \\"web\\" not found' in text


def test_a_container_that_was_never_there_has_no_log(engine):
    engine.api.create("Pod", pod("late", "nginx"))
    found = engine.api.get("Pod", "default", "late")
    ended = {"exitCode": 137, "reason": "ContainerStatusUnknown", "message": "m", "startedAt": None, "finishedAt": None}
    status = {"name": "c", "image": "nginx", "imageID": "", "ready": False, "restartCount": 0, "state": {"terminated": ended}}
    engine.cluster.advance(0)
    found = engine.api.get("Pod", "default", "late")
    engine.api.update_status("Pod", {**found, "status": {**found["status"], "containerStatuses": [status]}})
    assert log(engine, "late") == (400, log(engine, "late")[1]) and 'container \\"c\\" in pod \\"late\\" is terminated' in log(engine, "late")[1]


def test_an_unknown_container_has_no_log(engine):
    status, text = log(engine, "web", container="nope")
    assert (status, "container nope is not valid for pod web" in text) == (400, True)


def test_commands_run_in_containers(engine):
    inside = engine.cluster.parts["kubelet"].inside
    target = engine.api.get("Pod", "default", "web")
    assert inside.execute(target, "", ["sh", "-c", "echo $HOSTNAME; exit 4"]) == (4, "web\n", "")


def test_a_dead_node_cannot_be_looked_into(engine):
    engine.cluster.command("kill-node", {"node": "node-1"})
    status, text = log(engine, "web")
    assert status == 500
    assert "connect: no route to host" in text


def test_containers_use_what_their_programs_use_within_their_limits():
    engine = Engine(nodes=1)
    limited = {"name": "c", "image": "redis", "resources": {"limits": {"memory": "3Mi"}}}
    engine.api.create("Pod", {"metadata": {"name": "small", "namespace": "default"}, "spec": {"containers": [limited]}})
    engine.settle()
    [(name, cpu, memory)] = engine.cluster.parts["kubelet"].inside.usage(engine.api.get("Pod", "default", "small"))
    assert (name, memory) == ("c", 3 << 20)
    assert 0 < cpu < 100
