"""`manage.py runplayground`: first start, second start, REST, kubeconfig, foreign hosts, stopping."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from .processes import Playground, running


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def playground(data: Path) -> Iterator[Playground]:
    with running(data) as playground:
        yield playground


@pytest.fixture
def client(playground: Playground) -> Iterator[httpx.Client]:
    with playground.client() as client:
        yield client


def server_of(playground: Playground, name: str = "demo") -> str:
    printed = playground.manage("kubeconfig", name)
    assert printed.returncode == 0, printed.stderr
    return next(line.split()[1] for line in printed.stdout.splitlines() if "server:" in line)


def test_the_first_start_makes_the_cluster_demo(client: httpx.Client) -> None:
    clusters = client.get("/api/v1/clusters/").json()
    assert [(cluster["name"], cluster["nodes"]) for cluster in clusters] == [("demo", 3)]


def test_the_kubeconfig_leads_to_the_cluster(playground: Playground, client: httpx.Client) -> None:
    server = server_of(playground)
    assert server.startswith(f"{playground.url}/k/")
    assert httpx.get(f"{server}/version").json()["minor"] == "36"
    downloaded = client.get("/api/v1/clusters/demo/kubeconfig/")
    assert server in downloaded.text
    assert "attachment" in downloaded.headers["content-disposition"]


def test_rest_makes_lists_and_deletes_clusters(client: httpx.Client) -> None:
    made = client.post("/api/v1/clusters/", json={"name": "second", "nodes": 1, "seed": 5})
    assert (made.status_code, made.json()["seed"]) == (201, 5)
    assert client.post("/api/v1/clusters/", json={"name": "second"}).status_code == 409
    assert client.get("/api/v1/clusters/second/").json()["counts"]["namespaces"] == 4
    assert client.delete("/api/v1/clusters/second/").status_code == 204
    assert client.get("/api/v1/clusters/second/").status_code == 404


def test_equal_seeds_and_commands_give_equal_hashes(client: httpx.Client) -> None:
    def digest(name: str, seed: int) -> str:
        wanted = {"name": name, "seed": seed, "nodes": 2, "paused": True, "start": "2026-01-01T08:00:00Z"}
        assert client.post("/api/v1/clusters/", json=wanted).status_code == 201
        for step in ({"action": "advance", "seconds": 30}, {"action": "settle"}):
            applied = client.post(f"/api/v1/clusters/{name}/apply/", content=DEPLOYMENT).json()
            assert applied["results"][0]["status"] != "error", applied
            client.post(f"/api/v1/clusters/{name}/clock/", json=step)
        answer = client.get(f"/api/v1/clusters/{name}/state-hash/").json()
        client.delete(f"/api/v1/clusters/{name}/")
        return str(answer["hash"])

    assert digest("graded", 9) == digest("graded", 9) != digest("graded", 10)


DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
"""
MANIFEST = """\
# a comment
apiVersion: v1
kind: ConfigMap
metadata:
  name: applied
data: {a: "1"}
---
apiVersion: v1
kind: Nonsense
metadata: {name: x}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: strict}
dota: {}
---
---
apiVersion: v1
kind: [unclosed
"""


def test_apply_answers_document_by_document(client: httpx.Client) -> None:
    def apply(text: str, query: str = "") -> list[dict[str, object]]:
        answer = client.post(f"/api/v1/clusters/demo/apply/{query}", content=text)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["results"])

    assert [result["status"] for result in apply(MANIFEST, "?dryRun=1")] == ["created", "error", "error", "error"]
    results = apply(MANIFEST)
    assert [(result["status"], result["line"]) for result in results][:3] == [
        ("created", 2),
        ("error", 8),
        ("error", 12),
    ]
    assert "no matches for kind" in str(results[1]["message"])
    assert 'unknown field "dota"' in str(results[2]["message"])
    assert results[3]["status"] == "error"
    first = MANIFEST.split("---")[0]
    assert [result["status"] for result in apply(first)] == ["unchanged"]
    changed = apply(first.replace('"1"', '"2"'))
    assert [result["status"] for result in changed] == ["configured"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "clusters/", b"{"),
        ("POST", "clusters/", b"[]"),
        ("POST", "clusters/", b'{"name": "UPPER"}'),
        ("POST", "clusters/", b'{"name": "x", "nodes": 1000000}'),
        ("POST", "clusters/", b'{"name": "x", "cpu": "quick"}'),
        ("POST", "clusters/demo/clock/", b'{"action": "rewind"}'),
        ("POST", "clusters/demo/clock/", b'{"action": "advance"}'),
        ("POST", "clusters/demo/clock/", b'{"action": "run", "speed": -1}'),
        ("POST", "clusters/demo/clock/", b'{"action": "advance", "seconds": 1e300}'),
        ("POST", "clusters/nowhere/clock/", b'{"action": "pause"}'),
        ("POST", "clusters/demo/nodes/nowhere/kill/", b""),
        ("POST", "clusters/demo/components/nowhere/stop/", b""),
        ("POST", "clusters/nowhere/apply/", b"a: b"),
        ("GET", "clusters/nowhere/", b""),
        ("GET", "clusters/demo/scheduling/nowhere/", b""),
        ("DELETE", "clusters/nowhere/", b""),
        ("DELETE", "clusters/demo/nodes/nowhere/", b""),
        ("PUT", "clusters/demo/", b""),
    ],
)
def test_rest_refuses_nonsense_with_a_clear_4xx(client: httpx.Client, method: str, path: str, body: bytes) -> None:
    answer = client.request(method, f"/api/v1/{path}", content=body, headers={"content-type": "application/json"})
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["message"]


def test_a_bomb_of_aliases_is_refused(client: httpx.Client) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{b}: &{b} [{', '.join(['*' + a] * 9)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    answer = client.post("/api/v1/clusters/demo/apply/", content="\n".join(lines))
    assert answer.json()["results"][0]["status"] == "error"
    assert "aliasing" in answer.json()["results"][0]["message"]


def test_a_body_that_is_too_large_is_refused(client: httpx.Client) -> None:
    assert client.post("/api/v1/clusters/demo/apply/", content=b"#" * (4 * 1024 * 1024)).status_code == 413


def test_the_schema_and_its_page_are_served_from_here(client: httpx.Client) -> None:
    schema = client.get("/api/schema/", headers={"accept": "application/json"}).json()
    assert schema["openapi"].startswith("3.")
    assert "/api/v1/clusters/{cluster}/apply/" in schema["paths"]
    page = client.get("/api/docs/")
    assert page.status_code == 200
    assert "https://" not in page.text.replace("https://swagger.io", "")
    script = next(part.split('"')[0] for part in page.text.split('src="') if part.startswith("/static/"))
    assert client.get(script).status_code == 200


def test_foreign_hosts_and_origins_are_refused(client: httpx.Client) -> None:
    assert client.get("/api/v1/clusters/", headers={"host": "evil.example"}).status_code == 400
    assert client.get("/api/v1/clusters/", headers={"origin": "http://evil.example"}).status_code == 403
    assert "content-security-policy" in client.get("/api/v1/clusters/").headers


def test_nodes_are_added_killed_revived_drained_and_deleted(client: httpx.Client) -> None:
    def node(name: str, action: str = "") -> httpx.Response:
        return client.post(f"/api/v1/clusters/demo/nodes/{name}/{action}/")

    added = client.post("/api/v1/clusters/demo/nodes/", json={"name": "big", "cpu": "16", "memory": "64Gi"})
    assert (added.status_code, added.json()["name"]) == (201, "big")
    assert client.post("/api/v1/clusters/demo/nodes/", json={"name": "big"}).status_code == 409
    for action in ("cordon", "uncordon", "drain", "kill", "revive", "poweroff", "revive"):
        assert node("big", action).status_code == 200, action
    assert client.delete("/api/v1/clusters/demo/nodes/big/").status_code == 200
    assert client.delete("/api/v1/clusters/demo/nodes/big/").status_code == 404


def test_a_paused_cluster_stands_still_until_its_clock_is_moved(client: httpx.Client) -> None:
    client.post("/api/v1/clusters/", json={"name": "still", "nodes": 1, "paused": True})

    def now() -> int:
        return int(client.get("/api/v1/clusters/still/").json()["clock"]["now"])

    begin = now()
    time.sleep(0.2)
    assert now() == begin
    client.post("/api/v1/clusters/still/clock/", json={"action": "advance", "seconds": 90})
    assert now() == begin + 90_000_000
    client.delete("/api/v1/clusters/still/")


def test_a_second_playground_on_the_same_port_says_so(playground: Playground, tmp_path: Path) -> None:
    other = playground.manage("runplayground", "--port", str(playground.port))
    assert other.returncode != 0
    assert "is taken" in other.stderr


def test_a_client_that_does_not_read_does_not_grow_the_server(playground: Playground, client: httpx.Client) -> None:
    """A watcher that never reads is held up at its own socket."""
    server = httpx.URL(server_of(playground))
    with socket.create_connection((server.host, server.port)) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        path = f"{server.path}/api/v1/configmaps?watch=true&resourceVersion=0"
        slow.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        big = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "big"}, "data": {"x": "y" * 500_000}}
        address = f"{server}/api/v1/namespaces/default/configmaps"
        httpx.post(address, json=big)
        before = memory(playground.child("web"))
        for number in range(60):
            httpx.patch(
                f"{address}/big",
                content=json.dumps({"data": {"n": str(number)}}),
                headers={"content-type": "application/merge-patch+json"},
            )
        assert memory(playground.child("web")) - before < 20_000_000
    httpx.delete(f"{address}/big")


def memory(pid: int | None) -> int:
    """Resident bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


def test_stopping_is_clean_and_the_next_start_finds_everything(data: Path, tmp_path: Path) -> None:
    with running(tmp_path) as first:
        server = server_of(first)
        answer = httpx.post(
            f"{server}/api/v1/namespaces/default/configmaps",
            json={"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept"}},
        )
        assert answer.status_code == 201
        watching = threading.Thread(target=_watch_to_the_end, args=(server,))
        watching.start()
        time.sleep(0.3)
        assert first.stop() == 0
        watching.join(10)
        assert not watching.is_alive()
        assert "Traceback" not in first.output(), first.output()
    with running(tmp_path) as second:
        path = httpx.URL(server).path
        kept = httpx.get(f"{second.url}{path}/api/v1/namespaces/default/configmaps/kept")
        assert kept.json()["metadata"]["uid"] == answer.json()["metadata"]["uid"]


def _watch_to_the_end(server: str) -> None:
    try:
        with httpx.stream("GET", f"{server}/api/v1/configmaps?watch=true&resourceVersion=0", timeout=20) as answer:
            for _ in answer.iter_bytes():
                pass
    except httpx.HTTPError:
        return
