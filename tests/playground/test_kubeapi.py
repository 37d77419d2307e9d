"""The way of an HTTP request to a cluster's API server and back."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playground.asgitypes import Application, Receive, Scope, Send
from playground.engine.port import Unavailable
from playground.guard import Guard, send_all
from playground.kubeapi import entering
from playground.kubeapi.app import KubeApi
from playground.worker.host import Host

from .asgi import Exchange, ask
from .builders import CONFIGMAPS, configmap, post

TOKEN = "unguessable"
PREFIX = f"/k/{TOKEN}"


async def pages(scope: Scope, receive: Receive, send: Send) -> None:
    await send_all(send, 200, [(b"content-type", b"text/html")], b"a page")


@pytest.fixture
async def application(host: Host, monkeypatch: pytest.MonkeyPatch) -> Application:
    async def name_of_token(token: str) -> str | None:
        return "demo" if token == TOKEN else None

    monkeypatch.setattr(entering, "name_of_token", name_of_token)
    await host.command("demo", "create", {"seed": 1, "nodes": 0})
    await host.command("demo", "clock", {"action": "settle"})
    return Guard(KubeApi(pages, lambda: host))


async def test_the_token_in_the_address_opens_the_cluster(application: Application) -> None:
    answer, body = await ask(application, "GET", f"{PREFIX}/api/v1/namespaces/default")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["content-length"] == str(len(body))
    assert orjson.loads(body)["metadata"]["name"] == "default"


async def test_a_wrong_token_is_unauthorized_in_kubernetes_words(application: Application) -> None:
    for path in ("/k/wrong/api/v1/pods", "/k/", "/k/wrong"):
        answer, body = await ask(application, "GET", path)
        assert answer.status == 401
        assert orjson.loads(body) | {"metadata": {}} == {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": "Unauthorized",
            "reason": "Unauthorized",
            "code": 401,
        }


async def test_everything_else_goes_to_the_pages(application: Application) -> None:
    for path in ("/", "/clusters/demo/", "/k8s", "/clusters/"):
        _, body = await ask(application, "GET", path)
        assert body == b"a page"


async def test_a_body_of_3_mib_is_taken_and_a_larger_one_refused_with_413(application: Application) -> None:
    large = orjson.dumps(configmap("large", k="x" * (3 * 1024 * 1024)))
    headers = {"content-type": "application/json"}
    for extra in ({}, {"content-length": str(len(large))}):
        answer, body = await ask(application, "POST", PREFIX + CONFIGMAPS, body=large, headers=headers | extra)
        assert (answer.status, orjson.loads(body)["reason"]) == (413, "RequestEntityTooLarge")
    fitting = orjson.dumps(configmap("fitting", k="x" * 1000_000))
    answer, _ = await ask(application, "POST", PREFIX + CONFIGMAPS, body=fitting, headers=headers)
    assert answer.status == 201


async def test_large_answers_are_compressed_for_who_asks(application: Application, host: Host) -> None:
    await host.request("demo", post(CONFIGMAPS, configmap("large", k="x" * 200_000)))
    plain, body = await ask(application, "GET", f"{PREFIX}{CONFIGMAPS}/large")
    assert "content-encoding" not in plain.headers
    answer, packed = await ask(application, "GET", f"{PREFIX}{CONFIGMAPS}/large", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed) == body
    small, _ = await ask(application, "GET", f"{PREFIX}/version", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in small.headers


async def test_a_watch_streams_until_the_client_hangs_up(application: Application, host: Host) -> None:
    watch = await Exchange(application, "GET", f"{PREFIX}{CONFIGMAPS}?watch=true&resourceVersion=0").start()
    assert (watch.status, watch.headers["content-type"]) == (200, "application/json")
    assert b'"ADDED"' in await watch.chunk()
    await host.request("demo", post(CONFIGMAPS, configmap("later")))
    assert b'"later"' in await watch.chunk()
    assert host.residents["demo"].users == 1
    await watch.hang_up()
    assert host.residents["demo"].users == 0


async def test_a_watch_ends_when_its_cluster_is_deleted(application: Application, host: Host) -> None:
    watch = await Exchange(application, "GET", f"{PREFIX}{CONFIGMAPS}?watch=true&resourceVersion=0").start()
    await watch.chunk()
    await host.command("demo", "delete", {})
    async with asyncio.timeout(5):
        assert await watch.chunk() == b""


async def test_pages_change_a_cluster_only_from_our_own_origin(application: Application) -> None:
    path, body = f"/clusters/demo/k8s{CONFIGMAPS}", orjson.dumps(configmap("a"))
    json = {"content-type": "application/json"}
    bare, _ = await ask(application, "POST", path, body=body, headers=json)
    assert bare.status == 403
    foreign, _ = await ask(application, "POST", path, body=body, headers=json | {"origin": "http://evil.example"})
    assert foreign.status == 403
    ours, _ = await ask(application, "POST", path, body=body, headers=json | {"origin": "http://127.0.0.1:8000"})
    assert ours.status == 201
    script, _ = await ask(application, "DELETE", f"{path}/a", headers={"x-csrftoken": "t"})
    assert script.status == 200
    reading, _ = await ask(application, "GET", path)
    assert reading.status == 200
    missing, text = await ask(application, "GET", "/clusters/nowhere/k8s/version")
    assert (missing.status, orjson.loads(text)["reason"]) == (404, "NotFound")


@pytest.mark.parametrize("host_name", ["evil.example", "127.0.0.1.evil.example", "", "[::2]:8000", "a b"])
async def test_foreign_hosts_are_refused(application: Application, host_name: str) -> None:
    answer, body = await ask(application, "GET", "/", headers={"host": host_name})
    assert (answer.status, orjson.loads(body)["kind"]) == (400, "Status")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9", "file://", "http://localhost"])
async def test_foreign_origins_are_refused(application: Application, origin: str) -> None:
    for path in ("/", f"{PREFIX}/version"):
        answer, _ = await ask(application, "GET", path, headers={"origin": origin})
        assert answer.status == 403


async def test_a_program_with_its_own_credentials_may_name_any_origin(application: Application) -> None:
    """As Go's websocket clients do. No page can make a browser send a bearer token."""
    strange = {"origin": "http://localhost"}
    known, _ = await ask(application, "GET", "/k8s/demo/version", headers=strange | {"authorization": "Bearer a.b.c"})
    assert known.status != 403
    for path, headers in (("/k8s/demo/version", strange), ("/k8s/demo/version", strange | {"authorization": "Basic YQ=="}), ("/", strange | {"authorization": "Bearer a.b.c"})):
        refused, _ = await ask(application, "GET", path, headers=headers)
        assert refused.status == 403


async def test_websockets_from_foreign_pages_are_refused(application: Application) -> None:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    headers = [(b"host", b"127.0.0.1:8000"), (b"origin", b"http://evil.example")]
    scope = {"type": "websocket", "path": "/ws/clusters/demo/", "headers": headers}
    await application(scope, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


@pytest.mark.parametrize("name", ["localhost:8000", "127.0.0.1", "[::1]:8000"])
async def test_the_names_of_this_machine_are_ours(application: Application, name: str) -> None:
    answer, _ = await ask(application, "GET", "/", headers={"host": name, "origin": f"http://{name}"})
    assert answer.status == 200


@pytest.mark.parametrize(
    ("maybe_done", "status", "reason"), [(False, 503, "ServiceUnavailable"), (True, 504, "Timeout")]
)
async def test_a_missing_worker_is_a_status_with_retry_after(
    monkeypatch: pytest.MonkeyPatch, maybe_done: bool, status: int, reason: str
) -> None:
    class Absent:
        async def request(self, *_: Any) -> Any:
            raise Unavailable("no worker answers", maybe_done)

    answer, body = await ask(KubeApi(pages, Absent), "GET", "/clusters/demo/k8s/version")  # type: ignore[arg-type]
    assert (answer.status, orjson.loads(body)["reason"]) == (status, reason)
    assert ("retry-after" in answer.headers) is not maybe_done


async def test_credentials_are_the_clusters_to_judge(application: Application) -> None:
    answer, body = await ask(application, "GET", f"{PREFIX}/api/v1/pods", headers={"authorization": "Bearer nonsense"})
    assert (answer.status, orjson.loads(body)["message"]) == (401, "Unauthorized")


segments = st.lists(
    st.sampled_from(["api", "apis", "v1", "apps", "pods", "namespaces", "default", "..", "%2f", "", "é", "log"]),
    max_size=7,
)
methods = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"])
queries = st.sampled_from(
    ["", "limit=-1", "limit=x", "continue=%%%", "labelSelector=(((", "fieldSelector=,,", "watch=1", "dryRun=no"]
)
bodies = st.one_of(
    st.binary(max_size=40), st.sampled_from([b"{", b"[]", b"null", b'{"kind":1}', b"\xff\xfe", b'{"metadata":[]}'])
)
types = st.sampled_from(
    ["", "application/json", "application/yaml", "application/merge-patch+json", "text/plain", "???"]
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=segments, method=methods, query=queries, body=bodies, content_type=types)
async def test_nothing_a_client_sends_is_answered_with_a_server_error(
    application: Application, parts: list[str], method: str, query: str, body: bytes, content_type: str
) -> None:
    path = f"{PREFIX}/{'/'.join(parts)}?{query}"
    exchange = Exchange(application, method, path, body=body, headers={"content-type": content_type})
    await exchange.start()
    await exchange.hang_up()
    assert exchange.status < 500, f"{method} {path} {body!r}"
