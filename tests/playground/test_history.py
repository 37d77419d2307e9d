"""The past of a cluster: pictures of earlier revisions, and clusters begun from them."""

from __future__ import annotations

import pytest

from playground.engine.port import EngineError, NameTaken
from playground.worker.host import Host

from .builders import CONFIGMAPS, configmap, delete, post

DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "c", "image": "nginx"}]},
        },
    },
}
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


async def make(host: Host) -> int:
    """A settled cluster with a deployment; the revision before the deployment."""
    await host.command("demo", "create", {"seed": 1, "nodes": 2, "paused": True})
    await host.command("demo", "clock", {"action": "settle"})
    before = host.residents["demo"].committed
    await host.request("demo", post(DEPLOYMENTS, DEPLOYMENT))
    await host.command("demo", "clock", {"action": "settle"})
    return before


async def test_a_picture_of_the_past_shows_what_was_there(host: Host) -> None:
    before = await make(host)
    past = await host.command("demo", "history", {"revision": before})
    now = await host.command("demo", "history", {"revision": host.residents["demo"].committed})
    assert [entry for entry in past["objects"] if entry.get("root") == "Deployment/web"] == []
    pods = [entry for entry in now["objects"] if entry["k"] == "Pod" and entry.get("root") == "Deployment/web"]
    assert [pod["phase"] for pod in pods] == ["Running", "Running"]
    assert {entry["k"] for entry in past["objects"]} >= {"Node", "Pod", "Component", "Namespace"}


async def test_the_overview_tells_what_changed_when(host: Host) -> None:
    before = await make(host)
    overview = await host.command("demo", "history", {})
    assert overview["last"] == host.residents["demo"].committed
    later = [change for change in overview["changes"] if change[0] > before]
    assert later[0][1:5] == ["created", "Deployment", "default", "web"]
    assert [change[0] for change in later] == sorted(change[0] for change in later)
    assert sum(change[1:3] == ["created", "Pod"] for change in later) == 2


async def test_a_long_history_is_told_in_pages_that_fit_together(host: Host) -> None:
    await make(host)
    await host.request("demo", post(CONFIGMAPS, configmap("a")))
    await host.request("demo", delete(f"{CONFIGMAPS}/a"))
    whole = (await host.command("demo", "history", {"limit": 2000}))["changes"]
    assert whole[-1][1:5] == ["deleted", "ConfigMap", "default", "a"]
    pages: list[list[object]] = []
    more: int | None = None
    for _ in range(1000):
        answer = await host.command("demo", "history", {"limit": 7, "continue": more})
        pages = [*answer["changes"], *pages]
        if (more := answer.get("continue")) is None:
            break
    assert pages == whole
    marks = await host.command("demo", "history", {"revisions": True})
    assert marks["revisions"] == sorted({change[0] for change in whole})


async def test_a_picture_tells_what_changed_at_its_revision(host: Host) -> None:
    await make(host)
    created = next(c for c in (await host.command("demo", "history", {}))["changes"] if c[1:3] == ["created", "Deployment"])
    past = await host.command("demo", "history", {"revision": created[0]})
    assert past["changes"] == [created]


async def test_an_objects_origin_is_the_revision_that_created_it(host: Host) -> None:
    await make(host)
    created = {"/".join(c[2:5]): c[0] for c in (await host.command("demo", "history", {"limit": 2000}))["changes"] if c[1] == "created"}
    wanted = ["Deployment/default/web", "Node//node-1", "Pod/default/none", "Nonsense//x"]
    answer = await host.command("demo", "history", {"objects": wanted})
    assert answer == {"origins": {name: created[name] for name in wanted[:2]}}


@pytest.mark.parametrize("revision", [0, 10**9])
async def test_revisions_that_are_not_remembered_are_refused(host: Host, revision: int) -> None:
    await make(host)
    with pytest.raises(EngineError, match="revision: from"):
        await host.command("demo", "history", {"revision": revision})


async def test_a_fork_begins_in_the_past_and_goes_its_own_way(host: Host) -> None:
    before = await make(host)
    await host.command("demo", "fork", {"name": "other", "revision": before})
    other = host.residents["other"].engine
    assert other.get("Deployment", "default", "web") is None
    await host.request("other", post(CONFIGMAPS, configmap("a")))
    await host.request("other", post(DEPLOYMENTS, DEPLOYMENT))
    await host.command("other", "clock", {"action": "advance", "seconds": 120})
    pods = [pod for _, pod in other.objects(("Pod",)) if pod["metadata"]["namespace"] == "default"]
    assert [pod["status"]["phase"] for pod in pods] == ["Running", "Running"]
    nodes = [node for _, node in other.objects(("Node",))]
    assert all(c["status"] == "True" for node in nodes for c in node["status"]["conditions"] if c["type"] == "Ready")
    assert host.residents["demo"].engine.get("ConfigMap", "default", "a") is None


async def test_a_fork_of_now_is_the_same_cluster(host: Host) -> None:
    await make(host)
    await host.command("demo", "fork", {"name": "twin"})
    assert host.residents["twin"].engine.state_hash() == host.residents["demo"].engine.state_hash()
    with pytest.raises(NameTaken):
        await host.command("demo", "fork", {"name": "twin"})
