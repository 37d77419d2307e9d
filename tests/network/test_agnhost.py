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


def log_of(engine: Engine, name: str) -> str:
    return engine.call("GET", f"/api/v1/namespaces/default/pods/{name}/log").body.decode()


def test_servers_note_requests_in_their_logs_each_in_its_own_way(engine):
    container = {"name": "c", "image": "nginx:1.27"}
    engine.api.create("Pod", {"metadata": {"name": "web", "namespace": "default"}, "spec": {"containers": [container]}})
    engine.cluster.advance(30)
    ask(engine, "one", "/echo?msg=noted")
    ask(engine, "web", "/nothing", 80, headers={"User-Agent": "curl/8"})
    assert log_of(engine, "one").splitlines()[-1].endswith("] GET /echo?msg=noted")
    last = log_of(engine, "web").splitlines()[-1]
    assert last.startswith(f"{ip(engine, 'two')} - - [") and '"GET /nothing HTTP/1.1" 404 ' in last and '"curl/8"' in last
    engine.cluster = type(engine.cluster).load(engine.cluster.save())
    engine.api = engine.cluster.world.client("tester")
    assert log_of(engine, "web").splitlines()[-1] == last


@pytest.mark.parametrize("hook", ["postStart", "preStop"])
def test_a_hook_asks_the_server_it_names(engine, hook):
    get = {"httpGet": {"host": ip(engine, "one"), "port": 8083, "path": f"/echo?msg={hook}"}}
    container = {"name": "c", "image": "registry.k8s.io/pause:3.10", "lifecycle": {hook: get}}
    name = f"hook-{hook.lower()}"
    engine.api.create("Pod", {"metadata": {"name": name, "namespace": "default"}, "spec": {"containers": [container]}})
    engine.cluster.advance(30)
    engine.api.delete("Pod", "default", name)
    engine.cluster.advance(30)
    assert f"GET /echo?msg={hook}" in log_of(engine, "one")


def test_a_port_of_the_host_is_that_of_one_address_where_one_is_named():
    engine = Engine(nodes=1)
    node = engine.api.list("Node")[-1]
    address = next(each["address"] for each in node["status"]["addresses"] if each["type"] == "InternalIP")
    for name, host in (("near", "127.0.0.1"), ("far", address)):
        port = {"containerPort": 8080, "hostPort": 54321, "hostIP": host}
        container = {"name": "c", "image": AGNHOST, "args": ["netexec"], "ports": [port]}
        spec = {"containers": [container], "nodeName": node["metadata"]["name"]}
        engine.api.create("Pod", {"metadata": {"name": name, "namespace": "default"}, "spec": spec})
    engine.cluster.advance(30)
    for name, host in (("near", "127.0.0.1"), ("far", address)):
        asked = network_of(engine.cluster).request(Source("node", node["metadata"]["name"]), f"http://{host}:54321/hostname", Call())
        assert asked.response.body == name


@pytest.mark.parametrize("method", ["OPTIONS", "PATCH", "PUT", "DELETE", "POST", "GET"])
def test_every_method_passes_through_the_proxy(engine, method):
    assert engine.call(method, "/api/v1/namespaces/default/pods/porter/proxy/a/path").body == b"foo"


def test_a_page_that_was_taken_away_is_not_found_and_fails_its_probe():
    engine = Engine(nodes=1)
    servers = (("nginx", "nginx:1.27", "/usr/share/nginx/html", "index.html"), ("apache", "httpd:2.4", "/usr/local/apache2/htdocs", "index.html"),
               ("files", AGNHOST, "", "localhost.crt"))  # fmt: skip
    for name, image, root, page in servers:
        probe = {"httpGet": {"path": f"/{page}", "port": 80}, "periodSeconds": 1, "failureThreshold": 1}
        container = {"name": "c", "image": image, "readinessProbe": probe, **({"args": ["test-webserver"]} if name == "files" else {})}
        engine.api.create("Pod", {"metadata": {"name": name, "namespace": "default"}, "spec": {"containers": [container]}})
        engine.cluster.advance(30)

        def state(name: str = name, page: str = page) -> tuple[int, bool]:
            asked = network_of(engine.cluster).request(Source("pod", name, "default"), f"http://{ip(engine, name)}/{page}", Call())
            return asked.response.status, engine.api.get("Pod", "default", name)["status"]["containerStatuses"][0]["ready"]

        inside = engine.cluster.parts["kubelet"].inside
        assert state() == (200, True)
        for command, expected in ((f"mv -v {root}/{page} /tmp/", (404, False)), (f"mv -v /tmp/{page} {root}/", (200, True))):
            pod = engine.api.get("Pod", "default", name)
            assert inside.execute(pod, "c", ["sh", "-c", command]).exit_code == 0
            engine.cluster.parts["kubelet"].disturb(pod, "c")
            engine.cluster.advance(10)
            assert state() == expected


TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"
ROLE = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "view", "namespace": "default"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": "default"}]}  # fmt: skip


def test_a_pod_talks_to_the_api_server_as_its_service_account():
    engine = Engine(nodes=1)
    container = {"name": "c", "image": AGNHOST, "command": ["sleep", "36000"]}
    engine.api.create("Pod", {"metadata": {"name": "client", "namespace": "default"}, "spec": {"containers": [container]}})
    engine.cluster.advance(30)

    def curl(path: str, more: str = "") -> dict[str, Any]:
        command = f'curl -sk -H "Authorization: Bearer $(cat {TOKEN})" {more} "https://kubernetes.default.svc{path}"'
        pod = engine.api.get("Pod", "default", "client")
        return dict(json.loads(engine.cluster.parts["kubelet"].inside.execute(pod, "c", ["sh", "-c", command]).stdout))

    refused = curl("/api/v1/namespaces/default/pods?labelSelector=a%3Db")
    assert refused["code"] == 403 and '"system:serviceaccount:default:default" cannot list' in refused["message"]
    assert engine.call("POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings", ROLE).status == 201
    assert [each["metadata"]["name"] for each in curl("/api/v1/namespaces/default/pods")["items"]] == ["client"]
    body = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"made"}}'
    made = curl("/api/v1/namespaces/default/configmaps", f"-X POST -H 'Content-Type: application/json' -d '{body}'")
    assert made["metadata"]["name"] == "made" and engine.api.get("ConfigMap", "default", "made")


def test_a_guestbook_keeps_what_it_is_told_and_its_replicas_have_it_too():
    engine = Engine(nodes=1)
    parts = (("agnhost-primary", ["--http-port", "6379"], 6379), ("agnhost-replica", ["--replicaof", "agnhost-primary", "--http-port", "6379"], 6379),
             ("frontend", ["--backend-port", "6379"], 80))  # fmt: skip
    for name, words, port in parts:
        container = {"name": "c", "image": AGNHOST, "args": ["guestbook", *words]}
        engine.api.create("Pod", {"metadata": {"name": name, "namespace": "default", "labels": {"app": name}}, "spec": {"containers": [container]}})
        engine.call("POST", "/api/v1/namespaces/default/services", {"metadata": {"name": name}, "spec": {"selector": {"app": name}, "ports": [{"port": port}]}})
    engine.cluster.advance(60)

    def told(path: str) -> Any:
        source = Source("pod", "frontend", "default")
        return json.loads(network_of(engine.cluster).request(source, f"http://frontend/guestbook?{path}", Call()).response.body)

    assert told("cmd=get&key=messages") == {"data": ""}
    assert told("cmd=set&key=messages&value=hello") == {"message": "Updated"}
    engine.cluster = type(engine.cluster).load(engine.cluster.save())
    assert told("cmd=get&key=messages") == {"data": "hello"}


def test_nettest_counts_who_has_written_to_it():
    engine = Engine(nodes=1)
    container = {"name": "c", "image": AGNHOST, "args": ["nettest"]}
    engine.api.create("Pod", {"metadata": {"name": "two", "namespace": "default"}, "spec": {"containers": [container]}})
    engine.cluster.advance(30)
    for body in ('{"Source": "prestop"}', '{"Source": "prestop"}', "junk", "[]"):
        assert ask(engine, "two", "/write", 8080, method="POST", body=body).response.status == 200
    assert json.loads(ask(engine, "two", "/read", 8080).response.body)["Received"] == {"prestop": 2}
