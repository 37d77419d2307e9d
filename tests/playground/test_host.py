"""The owner of clusters: commit before publish, the fence, virtual time, hibernation, fairness."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Sequence
from contextlib import aclosing
from typing import Any

import orjson
import pytest

from cluster_core.persistence.log import Span, Write
from cluster_core.persistence.memory import MemoryLog
from playground.engine.port import EngineError, Stream, Unavailable
from playground.worker.binding import Builder
from playground.worker.host import Host, Limits

from .builders import CONFIGMAPS, configmap, first, get, post


class SlowLog(MemoryLog):
    """A disk that can be held up, and that can fail."""

    def __init__(self) -> None:
        super().__init__()
        self.hold = False
        self.fail = False
        self.commits = 0

    def append_all(self, writes: Sequence[Write]) -> Collection[str]:
        while self.hold:
            time.sleep(0.005)
        if self.fail:
            raise OSError("disk full")
        self.commits += 1
        return super().append_all(writes)


@pytest.fixture
def log() -> SlowLog:
    return SlowLog()


async def make(host: Host, name: str = "demo", **args: Any) -> None:
    await host.command(name, "create", {"seed": 1, "nodes": 1, "paused": True} | args)
    await host.command(name, "clock", {"action": "settle"})


async def test_nothing_is_acknowledged_or_seen_before_it_is_committed(host: Host, log: SlowLog) -> None:
    await make(host)
    revision = str(host.residents["demo"].engine.revision)
    stream = await host.watch("demo", get(CONFIGMAPS, watch="true", resourceVersion=revision))
    assert isinstance(stream, Stream)
    async with aclosing(stream.chunks) as chunks:
        log.hold = True
        writing = asyncio.create_task(host.request("demo", post(CONFIGMAPS, configmap("a"))))
        reading = asyncio.create_task(host.request("demo", get(f"{CONFIGMAPS}/a")))
        refusing = asyncio.create_task(host.request("demo", post(CONFIGMAPS, configmap("a"))))
        watching = asyncio.create_task(first(chunks))
        _, pending = await asyncio.wait({writing, reading, refusing, watching}, timeout=0.2)
        assert pending == {writing, reading, refusing, watching}
        log.hold = False
        assert (await writing).status == 201
        assert (await reading).status == 200
        assert (await refusing).status == 409
        assert b'"a"' in await watching


async def test_while_one_commit_is_under_way_others_pile_up_into_one(host: Host, log: SlowLog) -> None:
    await make(host)
    await make(host, "other")
    before = log.commits
    log.hold = True
    work = [
        host.request(cluster, post(CONFIGMAPS, configmap(f"c{n}"))) for n in range(20) for cluster in ("demo", "other")
    ]
    tasks = [asyncio.create_task(one) for one in work]
    await asyncio.sleep(0.1)
    log.hold = False
    assert {answer.status for answer in await asyncio.gather(*tasks)} == {201}
    assert log.commits - before <= 4


async def test_a_failed_commit_takes_back_what_nobody_was_told(host: Host, log: SlowLog) -> None:
    await make(host)
    await host.request("demo", post(CONFIGMAPS, configmap("kept")))
    log.fail = True
    with pytest.raises(Unavailable):
        await host.request("demo", post(CONFIGMAPS, configmap("lost")))
    log.fail = False
    assert (await host.request("demo", get(f"{CONFIGMAPS}/kept"))).status == 200
    assert (await host.request("demo", get(f"{CONFIGMAPS}/lost"))).status == 404


async def test_a_part_that_fails_neither_stops_the_worker_nor_other_clusters(
    host: Host, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await make(host, "ill")
    await make(host, "well")
    await host.command("ill", "clock", {"action": "run", "speed": 1})

    def fail(*_: object) -> bool:
        raise RuntimeError("a bug in a controller")

    monkeypatch.setattr(host.residents["ill"].engine, "take_uncommitted", fail)
    with pytest.raises(Unavailable):
        await host.request("ill", post(CONFIGMAPS, configmap("a")))
    assert (await host.request("well", post(CONFIGMAPS, configmap("a")))).status == 201
    assert (await host.request("ill", get(CONFIGMAPS))).status == 200
    assert "cannot be saved" in caplog.text
    assert not host.broken.is_set()


async def test_a_worker_that_lost_its_lease_drops_the_cluster(host: Host, log: SlowLog) -> None:
    await make(host)
    log.acquire("demo", "worker-b", time.time() + 100, 10, "unix:/b")
    with pytest.raises(Unavailable, match="another worker"):
        await host.request("demo", post(CONFIGMAPS, configmap("late")))
    assert "demo" not in host.residents
    keys = [row.key for row in log.load("demo").rows]
    assert not [key for key in keys if key.endswith("/late")]


async def test_an_owner_elsewhere_is_respected_until_its_lease_runs_out(log: SlowLog) -> None:
    first_host, second = (Host(log, Builder(), owner, limits=Limits(lease_seconds=30)) for owner in "ab")
    await first_host.start()
    await make(first_host)
    await second.start()
    with pytest.raises(Unavailable):
        await second.request("demo", get("/version"))
    await first_host.stop()
    assert (await second.request("demo", get(CONFIGMAPS))).status == 200
    await second.stop()


async def test_leases_are_renewed_while_the_worker_lives(log: SlowLog) -> None:
    host = Host(log, Builder(), "a", limits=Limits(lease_seconds=0.6))
    await host.start()
    await make(host)
    first = log.owner("demo")
    assert first is not None
    async with asyncio.timeout(30):
        while (lease := log.owner("demo")) is None or lease.expires <= first.expires:
            await asyncio.sleep(0.02)
    await host.stop()


async def test_an_unused_cluster_leaves_memory_and_comes_back_as_it_was(log: SlowLog) -> None:
    host = Host(log, Builder(), "a", limits=Limits(lease_seconds=0.3, hibernate_seconds=0.2))
    await host.start()
    await make(host)
    await host.request("demo", post(CONFIGMAPS, configmap("a")))
    before = await host.command("demo", "state-hash", {})
    async with asyncio.timeout(5):
        while host.residents:
            await asyncio.sleep(0.02)
    assert await host.command("demo", "state-hash", {}) == before
    assert (await host.command("demo", "state", {}))["clock"]["paused"]
    await host.stop()


async def test_who_watches_keeps_a_cluster_awake(log: SlowLog) -> None:
    host = Host(log, Builder(), "a", limits=Limits(lease_seconds=0.2, hibernate_seconds=0.1))
    await host.start()
    await make(host)
    async with aclosing(host.live("demo")) as updates:
        await first(updates)
        await asyncio.sleep(0.5)
        assert "demo" in host.residents
    await host.stop()


async def test_stopping_a_worker_saves_the_clock(log: SlowLog) -> None:
    host = Host(log, Builder(), "a")
    await host.start()
    await make(host)
    await host.command("demo", "clock", {"action": "advance", "seconds": 1000})
    before = (await host.command("demo", "state", {}))["clock"]["now"]
    await host.stop()
    again = Host(log, Builder(), "a")
    await again.start()
    assert (await again.command("demo", "state", {}))["clock"]["now"] == before
    await again.stop()


async def test_an_idle_clusters_clock_does_not_go_back_when_its_worker_dies(log: SlowLog) -> None:
    host = Host(log, Builder(), "a")
    await host.start()
    await make(host, paused=False)
    await host.command("demo", "clock", {"action": "run", "speed": 1000})
    await asyncio.sleep(0.2)
    seen = (await host.command("demo", "state", {}))["clock"]["now"]
    saved = orjson.loads(log.load("demo").record.settings)
    assert seen > saved["now"] + 100_000_000
    host.residents.clear()  # as kill -9 does
    await host.stop()
    again = Host(log, Builder(), "a")
    await again.start()
    assert (await again.command("demo", "state", {}))["clock"]["now"] >= seen
    await again.stop()


async def test_time_runs_at_the_speed_that_is_set(host: Host) -> None:
    await make(host)

    async def now() -> float:
        return float((await host.command("demo", "state", {}))["clock"]["now"]) / 1e6

    for speed in (1, 100):
        await host.command("demo", "clock", {"action": "run", "speed": speed})
        before = time.monotonic()
        begin = await now()
        surely = time.monotonic()
        await asyncio.sleep(0.3)
        least = time.monotonic() - surely
        passed = await now() - begin
        most = time.monotonic() - before
        assert speed * least * 0.9 < passed < speed * most * 1.1
    await host.command("demo", "clock", {"action": "pause"})
    begin = await now()
    await asyncio.sleep(0.1)
    assert await now() == begin


async def test_a_paused_or_idle_cluster_is_not_woken_by_the_pump(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    await make(host)
    resident = host.residents["demo"]
    await asyncio.sleep(0.05)
    slices: list[int] = []
    original = type(resident.engine).command
    run = resident.engine.run
    monkeypatch.setattr(resident.engine, "run", lambda *args: (slices.append(1), run(*args))[1])
    await asyncio.sleep(0.3)
    assert original and slices == []


async def test_settle_advance_step_and_next(host: Host) -> None:
    await make(host)
    state = await host.command("demo", "state", {})
    advanced = await host.command("demo", "clock", {"action": "advance", "seconds": 12.5})
    assert advanced["now"] == state["clock"]["now"] + 12_500_000
    await host.request("demo", post("/api/v1/namespaces/default/pods", pod("web")))
    changed = await host.command("demo", "clock", {"action": "next"})
    assert changed["changed"]
    settled = await host.command("demo", "clock", {"action": "settle"})
    assert settled["settled"] and settled["stable"]
    stepped = await host.command("demo", "clock", {"action": "step"})
    assert stepped["now"] >= settled["now"]
    for bad in ({"action": "advance"}, {"action": "advance", "seconds": "9"}, {"action": "run", "speed": 0}, {}):
        with pytest.raises(EngineError):
            await host.command("demo", "clock", bad)


def pod(name: str) -> dict[str, Any]:
    spec = {"containers": [{"name": "web", "image": "nginx"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


async def test_a_busy_cluster_does_not_starve_another(host: Host) -> None:
    await make(host, "busy")
    await make(host, "calm")
    job = {"template": {"spec": {**pod("web")["spec"], "restartPolicy": "Never"}}}
    every_minute = {"metadata": {"name": "tick"}, "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": job}}}
    assert (await host.request("busy", post("/apis/batch/v1/namespaces/default/cronjobs", every_minute))).status == 201
    running = asyncio.create_task(host.command("busy", "clock", {"action": "advance", "seconds": 3_000_000}))
    await asyncio.sleep(0.01)
    assert (await host.request("calm", get("/version"))).status == 200
    assert (await host.request("calm", post(CONFIGMAPS, configmap("a")))).status == 201
    assert not running.done()
    running.cancel()


async def test_a_watch_from_forgotten_history_is_told_so(host: Host) -> None:
    await make(host)
    old = str(host.residents["demo"].engine.revision)
    for number in range(3):
        await host.request("demo", post(CONFIGMAPS, configmap(f"c{number}")))
    resident = host.residents["demo"]
    resident.forget_old(0.0)
    resident.forget_old(301.0)
    answer = await host.watch("demo", get(CONFIGMAPS, watch="true", resourceVersion=old))
    body = b"".join([chunk async for chunk in answer.chunks]) if isinstance(answer, Stream) else answer.body
    assert b"too old resource version" in body


async def test_stored_history_does_not_grow_without_bound(log: SlowLog) -> None:
    host = Host(log, Builder(), "a", limits=Limits(history_revisions=50))
    await host.start()
    await make(host)
    await host.request("demo", post(CONFIGMAPS, configmap("a")))
    for number in range(200):
        body = orjson.dumps({"data": {"n": str(number)}})
        request = post(f"{CONFIGMAPS}/a", {})
        patch = type(request)(
            "PATCH", request.path, (), {"content-type": "application/merge-patch+json"}, body, request.user
        )
        assert (await host.request("demo", patch)).status == 200
    living = len(log.load("demo").rows)
    assert len(log.newest("demo", Span(), 10**6)) < living + 200
    await host.stop()


async def test_what_is_under_way_can_be_called_off_where_it_has_got_to(host: Host) -> None:
    """A cluster that is never at rest is sent a year ahead, and called back."""
    await make(host, "restless")
    await host.request("restless", post("/api/v1/namespaces/default/pods", restless_pod()))
    before = (await host.command("restless", "state", {}))["clock"]["now"]
    year = 366 * 86400
    underway = asyncio.create_task(host.command("restless", "clock", {"action": "advance", "seconds": year}))
    while (goal := (await host.command("restless", "state", {}))["clock"].get("goal")) is None:
        await asyncio.sleep(0)
    assert goal == {"action": "advance", "begun": goal["begun"], "until": goal["begun"] + year * 1_000_000}
    cancelled = await host.command("restless", "clock", {"action": "cancel"})
    assert cancelled["cancelled"] and "goal" not in cancelled
    answer = await underway
    assert answer["cancelled"] and before <= answer["now"] < goal["until"]
    assert not (await host.command("restless", "clock", {"action": "cancel"}))["cancelled"]


def restless_pod() -> dict[str, Any]:
    command = ["sh", "-c", "exit 1"]
    spec = {"containers": [{"name": "c", "image": "busybox", "command": command}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "restless"}, "spec": spec}


async def test_what_a_command_changes_beside_the_store_is_committed_too(log: SlowLog) -> None:
    first_owner = Host(log, Builder(), "one", limits=Limits(lease_seconds=0.2))
    await first_owner.start()
    await make(first_owner)
    await first_owner.command("demo", "demo-record", {"action": "start"})
    await first_owner.command("demo", "kill-node", {"node": "node-1"})
    while first_owner.residents["demo"].dirty:
        await asyncio.sleep(0.01)
    await first_owner.committer.call(lambda: None)  # after whatever is being written
    for task in first_owner._tasks:  # it dies: nothing is saved any more
        task.cancel()
    heir = Host(log, Builder(), "two")
    await heir.start()
    try:
        while True:
            try:
                state = await heir.command("demo", "demo-state", {})
                break
            except Unavailable:
                await asyncio.sleep(0.05)
        assert (state["recording"]["on"], state["recording"]["entries"]) == (True, 1)
        machines = {fact["name"]: fact["machine"] for fact in heir.residents["demo"].engine.facts() if fact["k"] == "Machine"}
        assert machines["node-1"] == "killed"
    finally:
        await heir.stop()


async def test_changed_limits_reach_who_is_awake_and_slow_its_clock_down(host: Host, log: SlowLog) -> None:
    await make(host, "awake", limits={"nodes": 5})
    await host.command("awake", "clock", {"action": "run", "speed": 100})
    told = await host.command("awake", "limits", {"clusters": {"awake": {"nodes": 2, "speed": 3}, "asleep": {}}})
    assert (told, (await host.command("awake", "state", {}))["clock"]["speed"]) == ({"told": ["awake"]}, 3)
    with pytest.raises(EngineError, match="at most 2 nodes"):
        await host.command("awake", "add-node", {})
    with pytest.raises(EngineError, match="×3 at most"):
        await host.command("awake", "clock", {"action": "run", "speed": 4})
