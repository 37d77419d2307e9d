"""agnhost's servers over the cluster's network: who they are, what they send back, whom they dial."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cluster_core.network.trace import Call, Source, Trace
from cluster_core.simulation.networking import network_of
from tests.builders import Engine

AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.53"


@pytest.fixture(scope="module")
def engine() -> Engine:
    engine = Engine(nodes=2)
    for name, words in (("one", ["netexec", "--http-port=8083", "--udp-port=8084"]), ("two", ["netexec"]), ("porter", ["porter"])):
        env = [{"name": "SERVE_PORT_80", "value": "foo"}, {"name": "SERVE_UDP_PORT_81", "value": "bar"}]
        container = {"name": "c", "image": AGNHOST, "args": words, "env": env}
        engine.api.create("Pod", {"metadata": {"name": name, "namespace": "default"}, "spec": {"containers": [container]}})
    engine.cluster.advance(30)
    return engine


def ip(engine: Engine, name: str) -> str:
    return str(engine.api.get("Pod", "default", name)["status"]["podIP"])


def ask(engine: Engine, name: str, path: str, port: int = 8083, **call: Any) -> Trace:
    return network_of(engine.cluster).request(Source("pod", "two", "default"), f"http://{ip(engine, name)}:{port}{path}", Call(**call))


def test_netexec_tells_who_it_is_and_whom_it_sees(engine):
    assert ask(engine, "one", "/hostname").response.body == "one"
    assert ask(engine, "one", "/clientip").response.body.startswith(ip(engine, "two") + ":")
    assert ask(engine, "one", "/echo?msg=hello&code=418").response[:2] == (418, "hello")
    assert ask(engine, "one", "/header?key=X-Own", headers={"x-own": "1"}).response.body == "1"
    assert ask(engine, "one", "/nonsense").response.status == 404


def test_netexec_runs_commands_in_its_container(engine):
    assert json.loads(ask(engine, "one", "/shell?cmd=hostname").response.body) == {"output": "one\n"}
    assert json.loads(ask(engine, "one", "/shell?cmd=exit+3").response.body) == {"error": "exit status 3"}


@pytest.mark.parametrize(("protocol", "port"), [("http", 8083), ("udp", 8084)])
def test_netexec_dials_others(engine, protocol, port):
    told = ask(engine, "two", f"/dial?request=hostname&protocol={protocol}&host={ip(engine, 'one')}&port={port}&tries=2", 8080)
    assert json.loads(told.response.body) == {"responses": ["one", "one"]}


def test_netexec_tells_of_those_it_cannot_reach(engine):
    told = ask(engine, "two", f"/dial?request=hostname&protocol=udp&host={ip(engine, 'one')}&port=9&tries=1", 8080)
    assert list(json.loads(told.response.body)) == ["errors"]
    assert ask(engine, "two", "/dial?host=1.2.3.4&port=1", 8080).response.status == 400


def test_porter_serves_what_its_variables_say(engine):
    assert ask(engine, "porter", "/", 80).response[:3] == (200, "foo", "text/plain; charset=utf-8")
    assert ask(engine, "porter", "/", 82).outcome == "refused"
    where = f"{ip(engine, 'porter')}:81"
    assert network_of(engine.cluster).request(Source("pod", "two", "default"), where, Call(scheme="udp", protocol="UDP", body="x")).response.body == "bar"
