"""Several workers on one log: calls find the owner, a dead one's clusters move, nothing is done twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cluster_core.apiserver.request import ADMIN, ApiRequest
from cluster_core.persistence.memory import MemoryLog
from playground.engine.port import NoSuchCluster, Unavailable
from playground.engine.routed import RoutedEngine
from playground.engine.server import EngineServer, serve
from playground.worker.binding import Builder
from playground.worker.host import Host, Limits
from playground.workers import Worker, chosen

from .builders import CONFIGMAPS, configmap

LEASE = 0.6


class Site:
    """Two workers at Unix sockets, and a directory that knows what the log and the living say."""

    def __init__(self, log: MemoryLog, directory: Path) -> None:
        self.log, self._directory = log, directory
        self.hosts: dict[str, Host] = {}
        self.servers: dict[str, EngineServer] = {}
        self.asked: list[str] = []
        self.wrong: list[str] = []
        self._remembered: dict[str, str] = {}

    async def start(self, name: str) -> None:
        url = f"unix:{self._directory}/{name}.sock"
        host = Host(self.log, Builder(), name, address=url, limits=Limits(lease_seconds=LEASE))
        await host.start()
        self.hosts[name], self.servers[name] = host, await serve(host, url)

    async def kill(self, name: str) -> None:
        """As kill -9: the leases stay."""
        host = self.hosts.pop(name)
        await self.servers.pop(name).close()
        for task in host._tasks:
            task.cancel()

    async def find(self, cluster: str) -> str:
        if cluster not in self._remembered:
            self.asked.append(cluster)
            self._remembered[cluster] = self._look(cluster)
        return self._remembered[cluster]

    def _look(self, cluster: str) -> str:
        import time

        if cluster in {record.name for record in self.log.records()}:
            owner = self.log.owner(cluster)
            if owner is not None and owner.expires > time.time():
                return owner.address
        if not self.hosts:
            raise Unavailable("no worker is there")
        return chosen(cluster, [Worker(name, host.address) for name, host in self.hosts.items()]).address

    def mistaken(self, cluster: str, address: str, unreachable: bool) -> None:
        self.wrong.append(cluster)
        self._remembered.pop(cluster, None)

    def owner(self, cluster: str) -> str:
        lease = self.log.owner(cluster)
        assert lease is not None
        return lease.owner

    def point_at(self, cluster: str, name: str) -> None:
        self._remembered[cluster] = self.hosts[name].address


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    site = Site(MemoryLog(), tmp_path)
    for name in ("worker-a", "worker-b"):
        await site.start(name)
    yield site
    for name in list(site.hosts):
        await site.servers[name].close()
        await site.hosts[name].stop()


@pytest.fixture
async def engine(site: Site) -> AsyncIterator[RoutedEngine]:
    engine = RoutedEngine(site, wait=5.0)
    yield engine
    await engine.close()


def creating(name: str) -> ApiRequest:
    import orjson

    return ApiRequest("POST", CONFIGMAPS, headers={"content-type": "application/json"}, body=orjson.dumps(configmap(name)), user=ADMIN)


async def names(engine: RoutedEngine, cluster: str) -> set[str]:
    answer = await engine.request(cluster, ApiRequest("GET", CONFIGMAPS, user=ADMIN))
    return {item["metadata"]["name"] for item in answer.json()["items"]}


async def test_clusters_spread_over_the_workers_and_each_is_asked_at_its_owner(site: Site, engine: RoutedEngine) -> None:
    for number in range(8):
        await engine.command(f"c{number}", "create", {"bare": True})
        assert (await engine.request(f"c{number}", creating("one"))).status == 201
    assert {site.owner(f"c{number}") for number in range(8)} == {"worker-a", "worker-b"}
    assert site.asked == [f"c{number}" for number in range(8)], "each was looked up once"
    assert site.wrong == []


async def test_who_asks_the_wrong_worker_is_sent_on(site: Site, engine: RoutedEngine) -> None:
    await engine.command("c", "create", {"bare": True})
    other = next(name for name in site.hosts if name != site.owner("c"))
    site.point_at("c", other)
    assert (await engine.request("c", creating("one"))).status == 201
    assert site.wrong == ["c"]


async def test_the_clusters_of_a_dead_worker_move_and_nothing_acknowledged_is_lost(site: Site, engine: RoutedEngine) -> None:
    await engine.command("c", "create", {"bare": True})
    for number in range(5):
        assert (await engine.request("c", creating(f"n{number}"))).status == 201
    before = site.owner("c")
    await site.kill(before)
    assert {f"n{number}" for number in range(5)} <= await names(engine, "c")
    assert site.owner("c") != before
    assert (await engine.request("c", creating("after"))).status == 201


async def test_without_any_worker_it_is_unavailable_after_a_while(site: Site) -> None:
    engine = RoutedEngine(site, wait=0.3)
    await engine.command("c", "create", {"bare": True})
    for name in list(site.hosts):
        await site.kill(name)
    with pytest.raises(Unavailable) as refused:
        await names(engine, "c")
    assert not refused.value.maybe_done
    await engine.close()


async def test_a_write_that_may_have_been_done_is_not_repeated(site: Site, engine: RoutedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    await engine.command("c", "create", {"bare": True})
    host = site.hosts[site.owner("c")]
    seen = []

    async def lose(cluster: str, request: ApiRequest) -> None:
        seen.append(request.method)
        raise Unavailable("the worker is stopping", maybe_done=True)

    monkeypatch.setattr(host, "request", lose)
    with pytest.raises(Unavailable) as lost:
        await engine.request("c", creating("one"))
    assert lost.value.maybe_done
    assert seen == ["POST"]


async def test_live_updates_and_watches_come_from_the_owner(site: Site, engine: RoutedEngine) -> None:
    await engine.command("c", "create", {"bare": True})
    updates = engine.live("c")
    assert (await anext(updates))["type"] == "snapshot"
    await engine.request("c", creating("one"))
    watch = await engine.watch("c", ApiRequest("GET", CONFIGMAPS, (("watch", "1"),), user=ADMIN))
    assert b'"one"' in await asyncio.wait_for(anext(watch.chunks), 10)
    await watch.chunks.aclose()
    await updates.aclose()


async def test_a_live_stream_ends_when_its_worker_dies_and_begins_again_elsewhere(site: Site, engine: RoutedEngine) -> None:
    await engine.command("c", "create", {"bare": True})
    updates = engine.live("c")
    await anext(updates)
    await site.kill(site.owner("c"))
    with pytest.raises((Unavailable, StopAsyncIteration)):
        while True:
            await anext(updates)
    again = engine.live("c")
    assert (await anext(again))["type"] == "snapshot"
    await again.aclose()


async def test_a_cluster_nobody_has_heard_of_is_not_found(engine: RoutedEngine) -> None:
    with pytest.raises(NoSuchCluster):
        await names(engine, "absent")


def test_a_worker_that_comes_or_goes_moves_only_its_share() -> None:
    three = [Worker(f"w{number}", "") for number in range(3)]
    clusters = [f"cluster-{number}" for number in range(600)]
    before = {cluster: chosen(cluster, three) for cluster in clusters}
    after = {cluster: chosen(cluster, three[:2]) for cluster in clusters}
    assert all(after[cluster] == worker for cluster, worker in before.items() if worker != three[2])
    for worker in three:
        assert 140 < sum(found == worker for found in before.values()) < 260
