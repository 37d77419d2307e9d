"""What every adapter of the Engine port promises: in process and over framed streams."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import orjson
import pytest

from cluster_core.apiserver.request import ApiResponse
from cluster_core.persistence.memory import MemoryLog
from playground.engine.port import Engine, EngineError, NameTaken, NoSuchCluster, Stream
from playground.worker.host import Host

from .builders import CONFIGMAPS, configmap, delete, first, get, post


async def make(engine: Engine, name: str = "demo", **args: Any) -> dict[str, Any]:
    """A cluster in which nothing more happens by itself."""
    made = await engine.command(name, "create", {"seed": 1, "nodes": 0} | args)
    await engine.command(name, "clock", {"action": "settle"})
    return made


async def opened(engine: Engine, path: str, **query: str) -> Stream:
    stream = await engine.watch("demo", get(path, watch="true", **query))
    assert isinstance(stream, Stream)
    return stream


async def test_a_request_is_answered_by_the_clusters_api_server(engine: Engine) -> None:
    await make(engine)
    made = await engine.request("demo", post(CONFIGMAPS, configmap("a", k="v")))
    assert (made.status, made.json()["data"]) == (201, {"k": "v"})
    found = await engine.request("demo", get(f"{CONFIGMAPS}/a"))
    assert (found.status, found.json()["metadata"]["uid"]) == (200, made.json()["metadata"]["uid"])
    assert found.content_type == "application/json"


async def test_what_is_acknowledged_is_in_the_log(engine: Engine, log: MemoryLog) -> None:
    await make(engine)
    answer = await engine.request("demo", post(CONFIGMAPS, configmap("a")))
    stored = {row.key: row.revision for row in log.load("demo").rows}
    assert stored["/registry/configmaps/default/a"] == int(answer.json()["metadata"]["resourceVersion"])


async def test_a_refusal_is_an_answer_not_an_exception(engine: Engine) -> None:
    await make(engine)
    answer = await engine.request("demo", get(f"{CONFIGMAPS}/nowhere"))
    assert (answer.status, answer.json()["reason"]) == (404, "NotFound")


async def test_an_unknown_cluster_is_said_to_be_unknown(engine: Engine) -> None:
    with pytest.raises(NoSuchCluster, match="nowhere"):
        await engine.request("nowhere", get("/version"))
    with pytest.raises(NoSuchCluster):
        await engine.watch("nowhere", get(CONFIGMAPS, watch="true"))
    with pytest.raises(NoSuchCluster):
        await engine.command("nowhere", "state", {})
    with pytest.raises(NoSuchCluster):
        await first(engine.live("nowhere"))


async def test_a_watch_carries_changes_from_its_revision_on(engine: Engine) -> None:
    await make(engine)
    before = (await engine.request("demo", get(CONFIGMAPS))).json()["metadata"]["resourceVersion"]
    await engine.request("demo", post(CONFIGMAPS, configmap("a")))
    stream = await opened(engine, CONFIGMAPS, resourceVersion=before)
    async with aclosing(stream.chunks) as chunks:
        assert orjson.loads(await first(chunks))["object"]["metadata"]["name"] == "a"
        await engine.request("demo", delete(f"{CONFIGMAPS}/a"))
        event = orjson.loads(await first(chunks))
        assert (event["type"], event["object"]["metadata"]["name"]) == ("DELETED", "a")


async def test_a_watch_ends_after_its_timeout(engine: Engine) -> None:
    await make(engine)
    stream = await opened(engine, CONFIGMAPS, timeoutSeconds="1", resourceVersion="0")
    async with asyncio.timeout(5):
        assert all([b"kube-root-ca.crt" in chunk async for chunk in stream.chunks])


async def test_a_refused_watch_is_an_answer(engine: Engine) -> None:
    await make(engine)
    answer = await engine.watch("demo", get("/api/v1/nonsense", watch="true"))
    assert isinstance(answer, ApiResponse) and answer.status == 404


async def test_a_watch_that_is_let_go_keeps_nobody_busy(engine: Engine, host: Host) -> None:
    await make(engine)
    stream = await opened(engine, CONFIGMAPS, resourceVersion="0")
    await first(stream.chunks)
    assert host.residents["demo"].users == 1
    await stream.chunks.aclose()
    async with asyncio.timeout(2):
        while host.residents["demo"].users:
            await asyncio.sleep(0.01)


async def test_commands_reach_the_owner(engine: Engine) -> None:
    made = await make(engine, seed=7)
    assert (made["name"], made["seed"]) == ("demo", 7)
    state = await engine.command("demo", "state", {})
    assert state["counts"]["namespaces"] == 4
    assert state["revision"] >= made["revision"]


async def test_bad_commands_are_refused_with_a_reason(engine: Engine) -> None:
    await make(engine)
    with pytest.raises(NameTaken):
        await make(engine)
    for args in ({"nodes": -1}, {"cpu": "fast"}, {"memory": "0"}, {"colour": "red"}, {"seed": -1}):
        with pytest.raises(EngineError) as refused:
            await make(engine, "other", **args)
        assert refused.value.code == 400
    for name in ("UPPER", "", "-a", "a" * 64, "../etc"):
        with pytest.raises(EngineError, match="name"):
            await make(engine, name)
    with pytest.raises(EngineError) as unknown:
        await engine.command("demo", "make-coffee", {})
    assert unknown.value.code == 404


async def test_a_deleted_cluster_is_gone_and_its_name_free(engine: Engine) -> None:
    await make(engine)
    await engine.command("demo", "delete", {})
    with pytest.raises(NoSuchCluster):
        await engine.request("demo", get("/version"))
    await make(engine)


async def test_live_begins_with_a_snapshot_and_goes_on_with_deltas(engine: Engine) -> None:
    await make(engine)
    async with aclosing(engine.live("demo")) as updates:
        snapshot = await first(updates)
        assert snapshot["type"] == "snapshot"
        assert {o["name"] for o in snapshot["objects"] if o["k"] == "Namespace"} >= {"default", "kube-system"}
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}
        await engine.request("demo", post("/api/v1/namespaces", namespace))
        delta = await delta_with(updates, "shop")
        assert delta["from"] >= snapshot["revision"]


async def delta_with(updates: Any, name: str) -> dict[str, Any]:
    async with asyncio.timeout(5):
        async for update in updates:
            if any(change[0] == "put" and change[1]["name"] == name for change in update.get("changes", ())):
                return dict(update)
    raise AssertionError(f"no delta with {name}")


async def test_many_calls_at_once_are_all_answered(engine: Engine) -> None:
    await make(engine)
    names = [f"c{number}" for number in range(40)]
    answers = await asyncio.gather(*(engine.request("demo", post(CONFIGMAPS, configmap(name))) for name in names))
    assert {answer.status for answer in answers} == {201}
    revisions = {answer.json()["metadata"]["resourceVersion"] for answer in answers}
    assert len(revisions) == len(names)


async def test_a_conversation_goes_both_ways(engine: Engine) -> None:
    await make(engine)
    talk = await engine.stream("demo", "etcd-watch", {})
    await talk.send({"create": {"id": 1, "key": "x", "end": ""}})
    assert (await asyncio.wait_for(talk.receive(), 30))["created"] == 1  # type: ignore[index]
    await engine.command("demo", "etcd", {"op": "put", "key": "x", "value": b"\x00\xff"})
    told = await asyncio.wait_for(talk.receive(), 30)
    assert told is not None and told["events"][0][2][:2] == ["x", b"\x00\xff"]
    await talk.aclose()


async def test_a_conversation_that_is_closed_keeps_nobody_busy(engine: Engine, host: Host) -> None:
    await make(engine)
    talk = await engine.stream("demo", "etcd-watch", {})
    await talk.send({"progress": True})
    await asyncio.wait_for(talk.receive(), 30)
    assert host.residents["demo"].users == 1
    await talk.aclose()
    async with asyncio.timeout(2):
        while host.residents["demo"].users:
            await asyncio.sleep(0.01)


async def test_a_conversation_ends_with_its_cluster(engine: Engine) -> None:
    await make(engine)
    talk = await engine.stream("demo", "etcd-watch", {})
    await talk.send({"progress": True})
    await asyncio.wait_for(talk.receive(), 30)
    await engine.command("demo", "delete", {})
    assert await asyncio.wait_for(talk.receive(), 30) is None


async def test_unknown_conversations_are_refused(engine: Engine) -> None:
    with pytest.raises(NoSuchCluster):
        await engine.stream("nowhere", "etcd-watch", {})
    await make(engine)
    with pytest.raises(EngineError) as refused:
        await engine.stream("demo", "small-talk", {})
    assert refused.value.code == 404
