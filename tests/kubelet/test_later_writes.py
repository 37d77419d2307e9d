"""Running scripts find what was written after they began: by exec, by other containers, by objects that are mounted."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_core.kubelet.inside import LogOptions
from cluster_core.simulation.cluster import Cluster
from cluster_core.simulation.nodes import fleet_of
from tests.builders import Engine

SHOW = "while true; do cat /data/x; sleep 5; done"
SHARED = [{"name": "v", "emptyDir": {}}]


def container(name: str, script: str, image: str = "busybox", mount: str = "/data", **more: Any) -> dict[str, Any]:
    command = {"command": ["sh", "-c", script]} if script else {}
    return {"name": name, "image": image, **command, "volumeMounts": [{"name": "v", "mountPath": mount}], **more}


def make(engine: Engine, *containers: dict[str, Any], volumes: Any = SHARED, seconds: float = 20, **spec: Any) -> None:
    body = {"containers": list(containers), "volumes": volumes, "restartPolicy": "Never", "terminationGracePeriodSeconds": 1, **spec}
    if not volumes:
        body.pop("volumes")
        body["containers"] = [{key: value for key, value in each.items() if key != "volumeMounts"} for each in containers]
    engine.api.create("Pod", {"metadata": {"name": "p", "namespace": "default"}, "spec": body})
    engine.cluster.advance(seconds)


def run(engine: Engine, script: str, name: str = "") -> str:
    pod = engine.api.get("Pod", "default", "p")
    return fleet_of(engine.cluster).inside.execute(pod, name, ["sh", "-c", script]).stdout


def log(engine: Engine, name: str = "") -> list[str]:
    pod = engine.api.get("Pod", "default", "p")
    return fleet_of(engine.cluster).inside.logs(pod, LogOptions(container=name, stream="Stdout"))[0].splitlines()


def ended(engine: Engine, name: str) -> dict[str, Any]:
    statuses = engine.api.get("Pod", "default", "p")["status"]["containerStatuses"]
    return dict(next(each["state"] for each in statuses if each["name"] == name).get("terminated") or {})


@pytest.fixture
def engine() -> Engine:
    return Engine(nodes=1)


@pytest.mark.parametrize("volumes", [SHARED, []], ids=["in a volume", "in the container"])
def test_a_loop_shows_what_exec_has_written(engine: Engine, volumes: Any):
    make(engine, container("c", SHOW), volumes=volumes)
    assert log(engine) == []
    run(engine, "mkdir -p /data; echo hi > /data/x")
    engine.cluster.advance(20)
    assert set(log(engine)) == {"hi"} and 3 <= len(log(engine)) <= 5
    run(engine, "echo ho > /data/x")
    before = len(log(engine))
    engine.cluster.advance(20)
    assert log(engine)[: before] == ["hi"] * before and set(log(engine)[before:]) <= {"hi", "ho"} and log(engine)[-1] == "ho"
    run(engine, "rm /data/x")
    engine.cluster.advance(10)
    silent = len(log(engine))
    engine.cluster.advance(30)
    assert len(log(engine)) == silent


def test_what_was_written_lasts_when_the_cluster_is_put_away(engine: Engine):
    make(engine, container("c", SHOW))
    run(engine, "echo hi > /data/x")
    engine.cluster = Cluster.load(engine.cluster.save())
    engine.api = engine.cluster.world.client("tester")
    engine.cluster.advance(20)
    assert set(log(engine)) == {"hi"}


def test_the_later_writer_wins_between_script_and_exec(engine: Engine):
    make(engine, container("c", "sleep 60; echo script > /tmp/x; sleep 36000"), volumes=[])
    run(engine, "echo exec > /tmp/x")
    assert run(engine, "cat /tmp/x") == "exec\n"
    engine.cluster.advance(60)
    assert run(engine, "cat /tmp/x") == "script\n"
    run(engine, "echo again > /tmp/x")
    assert run(engine, "cat /tmp/x") == "again\n"


@pytest.mark.parametrize("volumes", [SHARED, []], ids=["in a volume", "in the container"])
def test_a_script_that_waits_for_a_file_ends_when_exec_makes_it(engine: Engine, volumes: Any):
    make(engine, container("c", "mkdir -p /data; while [ ! -f /data/go ]; do sleep 1; done; echo went; exit 3"), volumes=volumes)
    engine.cluster.advance(600)
    assert ended(engine, "c") == {}
    run(engine, "touch /data/go")
    engine.cluster.advance(5)
    assert ended(engine, "c")["exitCode"] == 3
    assert log(engine) == ["went"]


def test_a_container_sees_what_one_that_was_started_after_it_writes(engine: Engine):
    writer = "n=0; while true; do n=$((n+1)); echo $n > /data/x; sleep 10; done"
    make(engine, container("reader", SHOW), container("writer", writer), seconds=60)
    seen = [int(line) for line in log(engine, "reader")]
    assert seen == sorted(seen) and seen[-1] >= 5
    engine.cluster.advance(3 * 3600)
    assert int(log(engine, "reader")[-1]) >= 1080


def test_two_containers_answer_each_other(engine: Engine):
    first = "echo ping > /data/a; until [ -f /data/b ]; do sleep 1; done; cat /data/b"
    second = "until [ -f /data/a ]; do sleep 1; done; sleep 10; echo pong > /data/b; sleep 2; cat /data/a"
    make(engine, container("first", first), container("second", second), seconds=60)
    assert (log(engine, "first"), log(engine, "second")) == (["pong"], ["ping"])
    assert ended(engine, "first")["exitCode"] == ended(engine, "second")["exitCode"] == 0


def test_two_counters_that_never_agree_do_not_hold_up_the_cluster(engine: Engine):
    count = "while true; do n=$(cat /data/n 2>/dev/null || echo 0); echo $((n+1)) > /data/n; sleep 1; done"
    make(engine, container("a", count), container("b", count))
    before = engine.cluster.outside.steps
    engine.cluster.advance(300)
    assert engine.cluster.outside.steps - before < 1000
    assert int(run(engine, "cat /data/n", "a")) > 100


def test_a_file_served_by_nginx_follows_the_sidecar_for_hours(engine: Engine):
    writer = "while true; do date > /data/index.html; sleep 30; done"
    make(engine, container("web", "", "nginx", "/usr/share/nginx/html"), container("clock", writer), seconds=60)

    def page() -> str:
        return engine.call("GET", "/api/v1/namespaces/default/pods/p/proxy/").body.decode()

    assert "00:00:" in page() or "00:01:" in page()
    engine.cluster.advance(5 * 3600)
    assert "05:0" in page()
    run(engine, "echo mine > /usr/share/nginx/html/index.html", "web")
    assert page() == "mine\n"
    engine.cluster.advance(60)
    assert "05:0" in page()


def test_busybox_serves_what_exec_wrote_over_what_its_script_did(engine: Engine):
    make(engine, container("c", "mkdir /www; echo first > /www/index.html; httpd -f -p 80 -h /www"), volumes=[])

    def page() -> str:
        return engine.call("GET", "/api/v1/namespaces/default/pods/p/proxy/").body.decode()

    assert page() == "first\n"
    run(engine, "echo second > /www/index.html; echo more > /www/more.html")
    assert page() == "second\n"
    assert engine.call("GET", "/api/v1/namespaces/default/pods/p/proxy/more.html").body == b"more\n"


def test_a_log_goes_on_for_as_long_as_somebody_looks(engine: Engine):
    make(engine, container("c", 'i=0; while true; do echo "$i: $(date)"; i=$((i+1)); sleep 1; done'), volumes=[], seconds=3600)
    first = int(log(engine)[-1].partition(":")[0])
    assert 3580 < first <= 3600
    engine.cluster.advance(10)
    assert int(log(engine)[-1].partition(":")[0]) == first + 10


def test_a_changed_config_map_is_seen_by_the_loop(engine: Engine):
    made = {"metadata": {"name": "c", "namespace": "default"}, "data": {"x": "one\n"}}
    engine.api.create("ConfigMap", made)
    make(engine, container("c", SHOW), volumes=[{"name": "v", "configMap": {"name": "c"}}])
    engine.api.patch("ConfigMap", "default", "c", {"data": {"x": "two\n"}})
    engine.cluster.advance(90)
    assert log(engine)[0] == "one" and log(engine)[-1] == "two"
