"""The real etcdctl speaks v3 to a cluster."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Collection, Sequence
from pathlib import Path

import grpc
import orjson
import pytest
from aetcd.rpc import rpc_pb2, rpc_pb2_grpc
from hypothesis import assume, given
from hypothesis import strategies as st

from cluster_core.persistence.log import Write
from playground.engine.port import Stream
from playground.etcdapi.keys import bound
from playground.etcdapi.server import EtcdServer
from playground.worker.host import Host
from tests.playground.builders import CONFIGMAPS, configmap, first, get, post

from .conftest import ETCDCTL, Ctl


async def test_values_are_put_read_and_deleted(v3: Ctl) -> None:
    assert (await v3("put", "greeting", "hello")).out == "OK\n"
    assert (await v3("get", "greeting")).lines == ["greeting", "hello"]
    assert (await v3("get", "gree", "--prefix", "--keys-only")).lines[0] == "greeting"
    assert (await v3("del", "greeting", "--prev-kv")).lines == ["1", "greeting", "hello"]
    assert (await v3("get", "greeting")).out == ""


async def test_old_revisions_stay_readable_until_compacted(v3: Ctl) -> None:
    await v3("put", "k", "1")
    revision = json.loads((await v3("get", "k", "-w", "json")).out)["header"]["revision"]
    await v3("put", "k", "2")
    assert (await v3("get", "k", f"--rev={revision}")).lines == ["k", "1"]
    assert (await v3("compaction", str(revision + 1))).out == f"compacted revision {revision + 1}\n"
    refused = await v3("get", "k", f"--rev={revision}")
    assert refused.code and "required revision has been compacted" in refused.err
    assert (await v3("get", "k")).lines == ["k", "2"]


async def test_compacting_loses_nothing_that_was_not_saved(v3: Ctl, host: Host) -> None:
    await v3("put", "k", "1")
    revision = host.residents["demo"].engine.revision
    host.residents["demo"].engine.command("etcd", {"op": "put", "key": "k", "value": b"2"})
    assert (await v3("compaction", str(revision + 1))).code == 0
    assert "demo" in host.residents
    assert (await v3("get", "k")).lines == ["k", "2"]


async def test_a_transaction_compares_and_chooses(v3: Ctl) -> None:
    await v3("put", "k", "1")
    ran = await v3("txn", "--interactive=false", stdin=b'value("k") = "1"\n\nput k 2\nget k\n\nput k 3\n\n')
    assert ran.lines[0] == "SUCCESS" and ran.lines[-2:] == ["k", "2"]
    ran = await v3("txn", stdin=b'mod("k") < "2"\n\nput k 9\n\nget k\n\n')
    assert ran.lines[0] == "FAILURE"


async def test_leases_are_granted_renewed_listed_and_revoked(v3: Ctl) -> None:
    granted = await v3("lease", "grant", "60")
    lease = granted.out.split()[1]
    assert "granted with TTL(60s)" in granted.out
    await v3("put", "k", "v", f"--lease={lease}")
    left = await v3("lease", "timetolive", lease, "--keys")
    assert "granted with TTL(60s)" in left.out and "attached keys([k])" in left.out
    assert lease in (await v3("lease", "list")).out
    assert "keepalived" in (await v3("lease", "keep-alive", "--once", lease)).out
    assert "revoked" in (await v3("lease", "revoke", lease)).out
    assert (await v3("get", "k")).out == ""
    assert "requested lease not found" in (await v3("put", "k", "v", f"--lease={lease}")).err


async def test_health_status_and_members_are_told(v3: Ctl, server: EtcdServer) -> None:
    healthy = await v3("endpoint", "health")
    assert f"{server.url} is healthy" in healthy.out + healthy.err
    status = json.loads((await v3("endpoint", "status", "-w", "json")).out)[0]["Status"]
    assert status["leader"] == status["header"]["member_id"] and status["version"].startswith("3.")
    assert "started, control-plane" in (await v3("member", "list")).out
    assert (await v3("endpoint", "hashkv")).code == 0
    assert (await v3("alarm", "list")).code == 0
    assert "Finished defragmenting" in (await v3("defrag")).out


async def test_a_snapshot_is_saved_and_restores_what_was_lost(v3: Ctl, host: Host, tmp_path: Path) -> None:
    await host.request("demo", post(CONFIGMAPS, configmap("precious", k="v")))
    saved = await v3("snapshot", "save", "backup.db")
    assert saved.code == 0, saved.err
    await v3("del", "/registry/", "--prefix")
    assert (await host.request("demo", get(f"{CONFIGMAPS}/precious"))).status != 200
    data = (tmp_path / "backup.db").read_bytes()
    await host.command("demo", "etcd", {"op": "restore", "data": data})
    found = await host.request("demo", get(f"{CONFIGMAPS}/precious"))
    assert found.json()["data"] == {"k": "v"}


async def test_a_write_under_registry_reaches_api_watchers_once_it_is_durable(v3: Ctl, host: Host) -> None:
    stream = await host.watch("demo", get(CONFIGMAPS, watch="true"))
    assert isinstance(stream, Stream)
    body = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "new", "namespace": "default"}, "data": {"k": "v"}}
    await v3("put", "/registry/configmaps/default/new", json.dumps(body))
    while True:
        event = orjson.loads((await first(stream.chunks)).splitlines()[-1])
        if event["object"]["metadata"]["name"] == "new":
            break
    assert event["type"] == "ADDED" and event["object"]["data"] == {"k": "v"}
    assert int(event["object"]["metadata"]["resourceVersion"]) <= host.residents["demo"].committed
    await stream.chunks.aclose()


async def watching(server: EtcdServer, *words: str) -> asyncio.subprocess.Process:
    assert ETCDCTL
    environment = {"PATH": os.environ["PATH"], "ETCDCTL_API": "3"}
    return await asyncio.create_subprocess_exec(
        ETCDCTL, f"--endpoints={server.url}", "watch", *words, env=environment, stdout=asyncio.subprocess.PIPE
    )


async def test_a_watch_tells_what_kubectl_changes(server: EtcdServer, host: Host) -> None:
    revision = host.residents["demo"].engine.revision
    process = await watching(server, "/registry/configmaps/", "--prefix", f"--rev={revision + 1}")
    assert process.stdout
    await host.request("demo", post(CONFIGMAPS, configmap("a")))
    lines = [(await asyncio.wait_for(process.stdout.readline(), 10)).decode().strip() for _ in range(3)]
    assert lines[:2] == ["PUT", "/registry/configmaps/default/a"] and json.loads(lines[2])["metadata"]["name"] == "a"
    process.kill()
    await process.wait()


async def test_a_watch_from_compacted_history_is_told_so(server: EtcdServer, v3: Ctl) -> None:
    process = await watching(server, "k", "--rev=1")
    await asyncio.wait_for(process.wait(), 10)
    assert process.returncode


async def test_nobody_hears_of_what_is_not_durable(server: EtcdServer, host: Host) -> None:
    disk, append = threading.Event(), host.log.append_all

    def slowly(writes: Sequence[Write]) -> Collection[str]:
        disk.wait(10)
        return append(writes)

    host.log.append_all = slowly  # type: ignore[method-assign]
    talk = await server.gateway.watch()
    await talk.send({"create": {"id": 0, "key": "k", "end": ""}})
    await talk.receive()
    putting = asyncio.ensure_future(server.gateway.ask("put", key="k", value=b"v"))
    waiting = asyncio.ensure_future(talk.receive())
    await asyncio.sleep(0.1)
    assert not waiting.done() and not putting.done()
    disk.set()
    told = await asyncio.wait_for(waiting, 30)
    assert told and told["events"][0][0] == (await putting)["revision"]
    await talk.aclose()


async def test_keys_that_are_no_text_are_refused(server: EtcdServer) -> None:
    async with grpc.aio.insecure_channel(server.url.removeprefix("http://")) as channel:
        stub = rpc_pb2_grpc.KVStub(channel)
        for key in (b"\xff", b"a\x00b", b""):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.Put(rpc_pb2.PutRequest(key=key, value=b"v"))
            assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        await stub.Put(rpc_pb2.PutRequest(key="é".encode(), value=b"v"))
        found = await stub.Range(rpc_pb2.RangeRequest(key=b"\xc3", range_end=b"\xc4"))
        assert [each.key for each in found.kvs] == ["é".encode()]


@given(st.binary(min_size=1, max_size=4), st.text(min_size=1, max_size=3))
def test_bounds_that_are_no_text_divide_texts_as_their_bytes_do(edge: bytes, text: str) -> None:
    assume("\0" not in text)
    limit = bound(edge)
    assert limit == "\0" or (text.encode() >= edge) == (text >= limit)


async def test_a_stopped_etcd_does_not_answer(v3: Ctl, host: Host) -> None:
    await host.command("demo", "stop-component", {"component": "etcd"})
    refused = await v3("--command-timeout=1s", "put", "k", "v")
    assert refused.code and ("timed out" in refused.err or "deadline" in refused.err)
