"""Follow links: who has one sees the cluster and what the presenter shows of it, and can change nothing."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest
from channels.db import database_sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client

from cluster_core.models import Cluster
from playground.live import consumer, follow, following
from playground.live.hub import Hub
from playground.live.past import Pictures
from playground.live.routing import websocket_urlpatterns
from playground.worker.host import Host

pytestmark = pytest.mark.django_db(transaction=True)
VIEW = {"selected": "u1", "caption": "watch this", "frame": None, "presenter": True}
LINKS = "/api/v1/clusters/demo/follow/"


def record(name: str = "demo") -> Cluster:
    return Cluster.objects.create(name=name, token=secrets.token_hex(8), spec="{}", seed=1, created=0.0, state=b"")


@pytest.fixture
async def token(host: Host, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """A link to the cluster `demo`, whose picture is served."""
    hub = Hub(host)
    pictures = Pictures(host)
    monkeypatch.setattr(consumer, "hub", lambda: hub)
    monkeypatch.setattr(following, "pictures", lambda: pictures)
    await host.command("demo", "create", {"seed": 1, "nodes": 0})
    await database_sync_to_async(record)()
    link = await database_sync_to_async(follow.begin)(cluster="demo")
    yield link.token
    hub.close()
    await database_sync_to_async(disconnect)()


def disconnect() -> None:
    """Let go of this thread's connection for good: Django keeps one to a database in memory open, which later tests
    that may use no database would trip over."""
    BaseDatabaseWrapper.close(connection)


class Wire:
    """One websocket."""

    def __init__(self, path: str) -> None:
        self.wire = WebsocketCommunicator(URLRouter(websocket_urlpatterns), path)

    async def open(self) -> Wire:
        connected, _ = await self.wire.connect()
        assert connected
        return self

    async def say(self, **message: Any) -> None:
        await self.wire.send_json_to(message)

    async def hear(self, kind: str) -> dict[str, Any]:
        while True:
            frame = await self.wire.receive_json_from(timeout=5)
            if frame["type"] == kind:
                return dict(frame)


async def presenter(token: str, cluster: str = "demo") -> Wire:
    return await Wire(f"/ws/clusters/{cluster}/present/{token}/").open()


async def follower(token: str) -> Wire:
    return await Wire(f"/ws/follow/{token}/").open()


async def test_followers_see_the_cluster_and_what_the_presenter_shows(token: str) -> None:
    presenting, following = await presenter(token), await follower(token)
    assert (await presenting.hear("followers"))["count"] == 1
    await following.say(type="hello")
    assert (await following.hear("snapshot"))["objects"]
    await presenting.say(type="view", view={**VIEW, "theme": "dark"})
    assert (await following.hear("view"))["view"] == VIEW


async def test_a_late_comer_is_shown_the_newest_view(token: str) -> None:
    presenting = await presenter(token)
    for caption in ("first", "second"):
        await presenting.say(type="view", view={"caption": caption})
    following = await follower(token)
    assert (await following.hear("view"))["view"] == {"caption": "second"}


async def test_followers_are_taken_into_the_past_and_back(token: str, host: Host) -> None:
    presenting, one, other = await presenter(token), await follower(token), await follower(token)
    first = (await host.command("demo", "history", {"revisions": True}))["revisions"][0]
    asked = []
    command = host.command
    host.command = lambda *call: (asked.append(call[1]), command(*call))[1]  # type: ignore[method-assign]
    await presenting.say(type="view", view={"past": first, "caption": "then"})
    for wire in (one, other):
        picture = await wire.hear("past")
        assert picture["revision"] == first and picture["objects"]
        assert (await wire.hear("view"))["view"]["caption"] == "then"
    assert asked == ["history"]
    await presenting.say(type="view", view={"past": None})
    assert (await one.hear("view"))["view"] == {"past": None}


async def test_a_past_that_is_not_remembered_leaves_followers_where_they_are(token: str) -> None:
    presenting, following = await presenter(token), await follower(token)
    await presenting.say(type="view", view={"past": 10**9, "caption": "never"})
    assert (await following.hear("view"))["view"] == {"past": None, "caption": "never"}


async def test_a_presenter_who_comes_back_counts_who_is_there(token: str) -> None:
    first, second = await follower(token), await follower(token)
    presenting = await presenter(token)
    assert [(await presenting.hear("followers"))["count"] for _ in range(2)] == [1, 2]
    await second.wire.disconnect()
    assert (await presenting.hear("followers"))["count"] == 1
    await first.wire.disconnect()


async def test_a_follower_can_show_nothing_to_others(token: str) -> None:
    one, other = await follower(token), await follower(token)
    await one.say(type="view", view=VIEW)
    assert (await one.hear("error"))["message"]
    assert await other.wire.receive_nothing()


@pytest.mark.parametrize("view", [None, [], {"selected": 7}, {"past": "1"}, {"caption": ["<b>"]}, {"trace": "x"}, {"caption": "x" * 40_000}])
async def test_what_is_no_view_is_refused_and_shown_to_nobody(token: str, view: Any) -> None:
    presenting, following = await presenter(token), await follower(token)
    await presenting.say(type="view", view=view)
    assert "view" in (await presenting.hear("error"))["message"]
    assert await following.wire.receive_nothing()


async def test_a_revoked_link_lets_go_of_everybody_and_opens_nothing_any_more(token: str) -> None:
    presenting, following = await presenter(token), await follower(token)
    assert await database_sync_to_async(follow.end)(cluster="demo", token=token)
    await follow.tell_ended(token=token)
    assert (await following.hear("gone"))["ended"]
    await presenting.hear("end")
    late = await follower(token)
    assert (await late.hear("gone"))["ended"]


async def test_a_link_presents_no_other_cluster(token: str) -> None:
    await database_sync_to_async(record)("other")
    stranger = await presenter(token, cluster="other")
    await stranger.hear("end")


@pytest.mark.parametrize("guess", ["x" * 32, "A1b2_C3d4-" * 3])
async def test_a_guess_opens_nothing(token: str, guess: str) -> None:
    await (await follower(guess)).hear("gone")


def test_links_are_made_listed_and_revoked(client: Client) -> None:
    record()
    made = client.post(LINKS).json()
    assert made["url"].endswith(f"/follow/{made['token']}/") and len(made["token"]) >= 32
    assert [link["token"] for link in client.get(LINKS).json()] == [made["token"]]
    page = client.get(f"/follow/{made['token']}/")
    assert page.status_code == 200 and page.headers["Referrer-Policy"] == "no-referrer"
    assert client.delete(f"{LINKS}{made['token']}/").status_code == 204
    assert client.get(f"/follow/{made['token']}/").status_code == 404
    assert client.delete(f"{LINKS}{made['token']}/").status_code == 404


def test_a_link_does_not_show_another_cluster_of_the_same_name(client: Client) -> None:
    old = record()
    link = client.post(LINKS).json()
    old.delete()
    record()
    assert client.get(f"/follow/{link['token']}/").status_code == 404
    assert client.get(LINKS).json() == []


def test_links_to_no_cluster_are_refused(client: Client) -> None:
    assert client.post("/api/v1/clusters/none/follow/").status_code == 404
