"""The websocket protocol: hello, snapshot, deltas, resume, resync, gone."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator

from playground.live import consumer, thinpod
from playground.live.frame import Frame, difference
from playground.live.hub import Hub, Socket
from playground.live.routing import websocket_urlpatterns
from playground.worker.feed import INTERVAL_SECONDS, newest_events
from playground.worker.host import Host

from .builders import CONFIGMAPS, configmap, delete, post

NAMESPACES = "/api/v1/namespaces"


def namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


@pytest.fixture
async def hub(host: Host, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hub]:
    hub = Hub(host)
    monkeypatch.setattr(consumer, "hub", lambda: hub)
    await host.command("demo", "create", {"seed": 1, "nodes": 0})
    await host.command("demo", "clock", {"action": "settle"})
    yield hub
    hub.close()


class Browser:
    """One socket, as the page drives it."""

    def __init__(self, cluster: str = "demo") -> None:
        self.wire = WebsocketCommunicator(URLRouter(websocket_urlpatterns), f"/ws/clusters/{cluster}/")

    async def hello(self, resume: int | None = None, session: str | None = None) -> Browser:
        connected, _ = await self.wire.connect()
        assert connected
        await self.say(type="hello", resume=resume, session=session)
        return self

    async def say(self, **message: Any) -> None:
        await self.wire.send_json_to(message)

    async def hear(self, kind: str = "") -> dict[str, Any]:
        """The next frame (of a type)."""
        async with asyncio.timeout(5):
            while True:
                frame = await self.wire.receive_json_from(timeout=60)
                if not kind or frame["type"] == kind:
                    return dict(frame)

    async def hear_of(self, name: str) -> dict[str, Any]:
        """The delta that puts an object of this name."""
        while True:
            frame = await self.hear("delta")
            if any(change[0] == "put" and change[1]["name"] == name for change in frame["changes"]):
                return frame

    async def bye(self) -> None:
        await self.wire.disconnect()


async def test_a_browser_gets_a_snapshot_and_then_every_change_in_order(hub: Hub, host: Host) -> None:
    browser = await Browser().hello()
    snapshot = await browser.hear()
    assert snapshot["type"] == "snapshot"
    assert set(snapshot["clock"]) == {"now", "speed", "paused", "stable"}
    revision = snapshot["revision"]
    for name in ("one", "two", "three"):
        await host.request("demo", post(NAMESPACES, namespace(name)))
        delta = await browser.hear_of(name)
        assert delta["from"] >= revision
        revision = delta["revision"]
    await browser.bye()


async def test_deletions_name_kind_and_uid(hub: Hub, host: Host) -> None:
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "noise"},
        "involvedObject": {"kind": "Pod", "name": "web", "namespace": "default"},
        "reason": "Noise",
        "type": "Normal",
    }
    made = await host.request("demo", post("/api/v1/namespaces/default/events", event))
    browser = await Browser().hello()
    await browser.hear("snapshot")
    await host.request("demo", delete("/api/v1/namespaces/default/events/noise"))
    delta = await browser.hear("delta")
    assert ["del", "Event", made.json()["metadata"]["uid"]] in delta["changes"]
    await browser.bye()


async def test_who_comes_back_gets_only_what_was_missed(hub: Hub, host: Host) -> None:
    browser = await Browser().hello()
    snapshot = await browser.hear("snapshot")
    other = await Browser().hello()
    await browser.bye()
    await host.request("demo", post(NAMESPACES, namespace("missed")))
    await other.hear_of("missed")
    back = await Browser().hello(snapshot["revision"], snapshot["session"])
    first = await back.hear("delta")
    assert first["from"] == snapshot["revision"]
    assert any(change[1]["name"] == "missed" for change in first["changes"])
    await back.bye()
    await other.bye()


@pytest.mark.parametrize(("resume", "session"), [(1, None), (10**9, None), ("x", None), (3, "another")])
async def test_who_comes_with_something_else_gets_a_snapshot(hub: Hub, resume: Any, session: str | None) -> None:
    browser = await Browser().hello()
    known = (await browser.hear("snapshot"))["session"]
    odd = await Browser().hello(resume, session or known)
    assert (await odd.hear())["type"] == "snapshot"
    await browser.bye()
    await odd.bye()


async def test_resync_gives_a_snapshot(hub: Hub) -> None:
    browser = await Browser().hello()
    await browser.hear("snapshot")
    await browser.say(type="resync")
    assert (await browser.hear("snapshot"))["objects"]
    await browser.bye()


async def test_nonsense_is_answered_with_an_error_and_harms_nobody(hub: Hub) -> None:
    browser = await Browser().hello()
    await browser.hear("snapshot")
    for text in (" ", "{", "[]", '"hello"', '{"type":"hello"}', '{"type":{}}'):
        await browser.wire.send_to(text_data=text)
        assert (await browser.hear("error"))["message"]
    await browser.say(type="resync")
    await browser.hear("snapshot")
    await browser.bye()


async def test_the_clock_tells_when_it_is_set(hub: Hub, host: Host) -> None:
    browser = await Browser().hello()
    await browser.hear("snapshot")
    await host.command("demo", "clock", {"action": "pause"})
    while not (await browser.hear())["clock"]["paused"]:
        pass
    await browser.bye()


async def test_a_deleted_cluster_is_gone(hub: Hub, host: Host) -> None:
    browser = await Browser().hello()
    await browser.hear("snapshot")
    await host.command("demo", "delete", {})
    assert "demo" in (await browser.hear("gone"))["reason"]
    await browser.bye()


async def test_an_unknown_cluster_is_gone_at_once(hub: Hub) -> None:
    browser = await Browser("nowhere").hello()
    assert (await browser.hear())["type"] == "gone"
    await browser.bye()


async def test_after_a_break_sockets_get_the_difference(hub: Hub, host: Host) -> None:
    """The worker let go of the cluster (restart, hibernation) and took it up again."""
    browser = await Browser().hello()
    snapshot = await browser.hear("snapshot")
    host.drop(host.residents["demo"], "test")
    await host.request("demo", post(NAMESPACES, namespace("meanwhile")))
    delta = await browser.hear_of("meanwhile")
    assert delta["from"] == snapshot["revision"]
    await browser.bye()


async def test_many_sockets_share_one_subscription(hub: Hub, host: Host) -> None:
    browsers = await asyncio.gather(*(Browser().hello() for _ in range(20)))
    await asyncio.gather(*(browser.hear("snapshot") for browser in browsers))
    assert host.residents["demo"].users == 1
    await host.request("demo", post(NAMESPACES, namespace("shared")))
    await asyncio.gather(*(browser.hear_of("shared") for browser in browsers))
    await asyncio.gather(*(browser.bye() for browser in browsers))


async def test_many_changes_at_once_come_in_few_frames(hub: Hub, host: Host) -> None:
    browser = await Browser().hello()
    await browser.hear("snapshot")
    begun = time.monotonic()
    await asyncio.gather(*(host.request("demo", post(NAMESPACES, namespace(f"n{number}"))) for number in range(50)))
    seen: set[str] = set()
    frames = 0
    while len({name for name in seen if name.startswith("n") and name[1:].isdigit()}) < 50:
        delta = await browser.hear("delta")
        frames += 1
        seen |= {change[1]["name"] for change in delta["changes"] if change[0] == "put"}
    assert frames <= 1 + 20 * (time.monotonic() - begun) and frames < 50
    await browser.bye()


def test_a_socket_that_does_not_keep_up_is_given_a_fresh_start_not_a_queue() -> None:
    socket = Socket()
    for number in range(1000):
        socket.put(Frame({"number": number}))
    assert socket.behind
    assert len(socket.queue) <= 64


async def test_what_browsers_do_not_draw_is_not_sent(hub: Hub, host: Host) -> None:
    browser = await Browser().hello()
    await browser.hear("snapshot")
    await host.request("demo", post(CONFIGMAPS, configmap("quiet")))
    await host.request("demo", post(NAMESPACES, namespace("loud")))
    delta = await browser.hear_of("loud")
    assert "ConfigMap" not in {change[1]["k"] for change in delta["changes"] if change[0] == "put"}
    await browser.bye()


async def test_a_browser_that_asks_for_small_frames_gets_differences_deflated(hub: Hub, host: Host) -> None:
    await host.request("demo", post(NAMESPACES, {**namespace("big"), "metadata": {"name": "big", "labels": {"note": "x" * 60}}}))
    browser = Browser()
    await browser.wire.connect()
    await browser.say(type="hello", resume=None, session=None, small=True)
    first = await browser.wire.receive_output(timeout=5)
    snapshot = orjson.loads(zlib.decompress(first["bytes"]))
    assert snapshot["type"] == "snapshot" and len(first["bytes"]) < len(orjson.dumps(snapshot))
    await host.request("demo", delete(f"{NAMESPACES}/big"))
    changes: list[list[Any]] = []
    while not any(change[0] in ("mod", "del") for change in changes):
        output = await browser.wire.receive_output(timeout=5)
        data = output.get("bytes") or output["text"].encode()
        changes = orjson.loads(data if data.startswith(b"{") else zlib.decompress(data)).get("changes", [])
    change = next(change for change in changes if change[0] in ("mod", "del"))
    assert change[1] == "Namespace"
    await browser.bye()


def test_a_difference_holds_what_changed_and_what_is_gone() -> None:
    old = {"k": "Pod", "uid": "u", "phase": "Pending", "msg": "no node", "ip": ""}
    new = {"k": "Pod", "uid": "u", "phase": "Running", "ip": "", "node": "n"}
    assert difference(old, new) == ["mod", "Pod", "u", {"phase": "Running", "node": "n", "msg": None}]
    assert difference(None, new) == ["put", new]
    assert difference({"k": "Event", "uid": "e"}, {"k": "Event", "uid": "e", "count": 2}) == ["put", {"k": "Event", "uid": "e", "count": 2}]


def a_pod(ready: str, state: Any) -> Any:
    statuses = [{"name": "c", "ready": "running" in state, "restartCount": 0, "state": state}]
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}], "containerStatuses": statuses}
    return {"metadata": {"name": "p"}, "spec": {"nodeName": "n", "containers": [{"name": "c"}]}, "status": status}


def test_a_pod_whose_container_cannot_start_carries_the_reason_in_words() -> None:
    told = thinpod.pod(a_pod("False", {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}))
    assert (told["reason"], told["msg"], told["unready"]) == ("ImagePullBackOff", "Back-off pulling image", False)


def test_a_pod_on_a_lost_node_is_not_ready_though_its_containers_were() -> None:
    lost, well = thinpod.pod(a_pod("False", {"running": {}})), thinpod.pod(a_pod("True", {"running": {}}))
    assert (lost["reason"], lost["ready"], lost["unready"]) == ("Running", [1, 1], True)
    assert not well["unready"]


def test_of_a_flood_of_normal_events_the_newest_are_told_and_every_warning() -> None:
    def event(number: int, type_: str) -> Any:
        return {"type": type_, "metadata": {"uid": f"{type_}{number}", "resourceVersion": str(number)}}

    flood = {("Event", f"Normal{number}"): event(number, "Normal") for number in (3, 1, 2, 9, 10)}
    others = {("Event", "Warning0"): event(0, "Warning"), ("Event", "gone"): None, ("Pod", "p"): event(0, "Pod")}
    kept = newest_events(flood | others, 2)
    assert set(kept) == {("Event", "Normal9"), ("Event", "Normal10"), *others}
    assert newest_events(flood | others, 5) == flood | others


async def test_however_fast_things_change_frames_are_few(hub: Hub, host: Host) -> None:
    """At most one each INTERVAL_SECONDS, whatever the machine's speed."""
    browser = await Browser().hello()
    await browser.hear("snapshot")
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for number in range(60):
        await host.request("demo", post(NAMESPACES, namespace(f"fast-{number}")))
    frames, last = 0, ""
    while last != "fast-59":
        frame = await browser.hear("delta")
        frames, last = frames + 1, frame["changes"][-1][1]["name"]
    assert frames <= (loop.time() - begun) / INTERVAL_SECONDS + 2
    await browser.bye()
