"""The real etcdctl speaks v2 to a cluster."""

from __future__ import annotations

import json

import httpx

from playground.etcdapi.server import EtcdServer
from playground.worker.host import Host
from tests.playground.builders import CONFIGMAPS, configmap, post

from .conftest import Ctl


async def test_values_are_set_read_and_removed(v2: Ctl) -> None:
    assert (await v2("set", "/greeting", "hello")).out == "hello\n"
    assert (await v2("get", "/greeting")).out == "hello\n"
    assert (await v2("update", "/greeting", "hallo")).out == "hallo\n"
    assert "PrevNode.Value: hallo" in (await v2("rm", "/greeting")).out
    gone = await v2("get", "/greeting")
    assert gone.code and "100: Key not found (/greeting)" in gone.err


async def test_mk_makes_only_what_is_not_there(v2: Ctl) -> None:
    assert (await v2("mk", "/a", "1")).out == "1\n"
    again = await v2("mk", "/a", "2")
    assert again.code and "105: Key already exists (/a)" in again.err
    assert (await v2("get", "/a")).out == "1\n"


async def test_directories_are_made_listed_and_removed(v2: Ctl) -> None:
    assert (await v2("mkdir", "/d")).code == 0
    await v2("set", "/d/x", "1")
    await v2("set", "/d/e/y", "2")
    assert (await v2("ls", "/d")).lines == ["/d/e", "/d/x"]
    assert (await v2("ls", "--recursive", "/d")).lines == ["/d/e", "/d/e/y", "/d/x"]
    assert "/d" in (await v2("ls")).lines
    assert "108: Directory not empty" in (await v2("rmdir", "/d")).err
    assert (await v2("rm", "--recursive", "/d")).code == 0
    assert "Key not found" in (await v2("ls", "/d")).err


async def test_swaps_compare(v2: Ctl) -> None:
    await v2("set", "/k", "1")
    assert (await v2("set", "/k", "2", "--swap-with-value", "1")).out == "2\n"
    refused = await v2("set", "/k", "3", "--swap-with-value", "1")
    assert refused.code and "101: Compare failed" in refused.err


async def test_the_cluster_is_healthy_until_etcd_stops(v2: Ctl, host: Host) -> None:
    assert "cluster is healthy" in (await v2("cluster-health")).out
    assert "name=control-plane" in (await v2("member", "list")).out
    await host.command("demo", "stop-component", {"component": "etcd"})
    assert "healthy" not in (await v2("cluster-health")).out.replace("unhealthy", "")


async def test_the_clusters_objects_are_seen(v2: Ctl, host: Host) -> None:
    await host.request("demo", post(CONFIGMAPS, configmap("a", k="v")))
    assert "/registry/configmaps" in (await v2("ls", "/registry")).lines
    assert json.loads((await v2("get", "/registry/configmaps/default/a")).out)["data"] == {"k": "v"}


async def test_a_value_with_a_ttl_goes(v2: Ctl, host: Host) -> None:
    await v2("set", "/k", "v", "--ttl", "30")
    await host.command("demo", "clock", {"action": "advance", "seconds": 31})
    assert (await v2("get", "/k")).code


async def test_bad_requests_are_answered_not_crashed_on(server: EtcdServer) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        assert (await client.get("/v2/keys/none")).json()["errorCode"] == 100
        assert (await client.put("/v2/keys/", data={"value": "x"})).json()["errorCode"] == 107
        assert (await client.put("/v2/keys/k", data={"value": "x", "ttl": "soon"})).json()["errorCode"] == 209
        assert (await client.get("/v2/keys/k", params={"wait": "true", "waitIndex": "x"})).json()["errorCode"] == 203
        assert (await client.patch("/v2/keys/k")).status_code == 405
        assert (await client.get("/nowhere")).status_code == 404
        assert (await client.put("/v2/keys/k", content=b"x" * (3 << 20))).status_code == 413
    async with httpx.AsyncClient(base_url=server.url) as client:
        assert (await client.get("/health")).json() == {"health": "true"}
        assert "etcdserver" in (await client.get("/version")).json()


async def test_what_is_watched_for_is_told(server: EtcdServer, host: Host) -> None:
    revision = host.residents["demo"].engine.revision
    async with httpx.AsyncClient(base_url=server.url) as client:
        await client.put("/v2/keys/k", data={"value": "x"})
        found = await client.get("/v2/keys/k", params={"wait": "true", "waitIndex": revision + 1})
        assert found.json()["node"]["value"] == "x" and found.headers["x-etcd-cluster-id"]
