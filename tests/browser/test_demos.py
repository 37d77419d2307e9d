"""A demo in a real browser: chosen from the page, stepped, played, branched off; and a session recorded and saved."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.playground.processes import Playground, running
from tools import setup

from .conftest import OpenPage, wait
from .test_screen import violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LIVE = "window.playground?.store.state.connection === 'live'"


@pytest.fixture(scope="module")
def playground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    setup.bundle(dev=False)
    with running(tmp_path_factory.mktemp("demos") / "data") as product:
        yield product


def begun(page: Page) -> None:
    wait(page, LIVE, 20)
    page.get_by_role("button", name="Skip").click()


def test_a_demo_is_replayed_step_by_step_and_branched_off(open_page: OpenPage, playground: Playground) -> None:
    page = open_page(f"{playground.url}/demos/")
    assert violations(page) == []
    page.get_by_role("button", name="Replay: When a machine dies").click()
    begun(page)
    bar = page.get_by_role("region", name="Demo")
    expect(bar).to_contain_text("0 of 4 steps")
    bar.get_by_role("button", name="Next step").click()
    expect(bar.get_by_role("status")).to_contain_text("A Deployment with six pods")
    expect(bar).to_contain_text("1 of 4 steps")
    wait(page, "!!playground.store.named('Deployment', 'default', 'web')")
    bar.get_by_role("button", name="Next step").click()
    expect(bar.get_by_role("status")).to_contain_text("node-2 loses its power")
    wait(page, "playground.store.named('Node', undefined, 'node-2')?.machine === 'killed'")
    assert violations(page) == []
    bar.get_by_role("button", name="Go on by hand").click()
    expect(bar.get_by_role("status")).to_contain_text("by hand from here")
    expect(bar.get_by_role("button", name="Next step")).to_be_disabled()


def test_a_demo_plays_at_the_clocks_speed(open_page: OpenPage, playground: Playground) -> None:
    with playground.client() as web:
        made = web.post("/api/v1/demos/rolling-update/replay/", json={}).json()
        web.post(f"/api/v1/clusters/{made['cluster']}/clock/", json={"action": "run", "speed": 500})
    page = open_page(f"{playground.url}{made['url']}")
    begun(page)
    expect(page.get_by_role("region", name="Demo")).to_contain_text("5 of 5 steps", timeout=20_000)


def test_a_session_is_recorded_and_saved_from_the_screen(open_page: OpenPage, playground: Playground) -> None:
    with playground.client() as web:
        assert web.post("/api/v1/clusters/", json={"name": "filmed", "nodes": 2}).status_code == 201
    page = open_page(f"{playground.url}/clusters/filmed/")
    begun(page)
    page.evaluate("playground.api.demo({action: 'record'})")
    bar = page.get_by_role("region", name="Demo")
    expect(bar).to_contain_text("Recording: 0 steps")
    page.evaluate("playground.api.nodeVerb('node-1', 'cordon')")
    expect(bar).to_contain_text("Recording: 1 step")
    bar.get_by_label("Title of the demo").fill("My show")
    bar.get_by_role("button", name="Stop and save").click()
    expect(page.locator(".toasts")).to_contain_text("Saved the demo My show")
    with playground.client() as web:
        assert web.get("/api/v1/demos/my-show/").json()["steps"] == 1
    expect(bar).to_have_count(0)
