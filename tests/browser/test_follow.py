"""Following a presenter, in two real browsers over the real product."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.playground.processes import Playground, running
from tools import setup

from .conftest import OpenPage, uid_of, wait
from .test_screen import violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def playground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    setup.bundle(dev=False)
    with running(tmp_path_factory.mktemp("follow") / "data") as product:
        yield product


@pytest.fixture
def presenter(open_page: OpenPage, playground: Playground) -> Page:
    page = open_page(f"{playground.url}/clusters/demo/")
    wait(page, "window.playground?.store.state.connection === 'live'", 20)
    page.get_by_role("button", name="Skip").click()
    page.get_by_role("button", name="Let others follow…").click()
    page.get_by_role("button", name="Make a link").click()
    wait(page, "!!playground.ui.get().sharing")
    return page


def follow(open_page: OpenPage, presenter: Page, **how: str) -> Page:
    page = open_page(presenter.evaluate("playground.ui.get().sharing.url"), **how)
    wait(page, "window.playground?.store.state.connection === 'live' && playground.diagram.drawn().rooms > 0", 20)
    return page


@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_follower_sees_what_the_presenter_selects_says_and_looks_at(open_page: OpenPage, presenter: Page, scheme: str, size: str) -> None:
    page = follow(open_page, presenter, scheme=scheme, size=size)
    expect(presenter.get_by_role("button", name="1 follows")).to_have_count(1)
    presenter.get_by_label("Caption").fill("Watch the scheduler")
    presenter.keyboard.press("Escape")
    presenter.evaluate("(uid) => playground.select(uid)", uid_of(presenter, "Node", "node-2"))
    wait(page, f"playground.ui.get().selected === '{uid_of(presenter, 'Node', 'node-2')}'")
    expect(page.get_by_role("log")).to_contain_text("Watch the scheduler")
    presenter.evaluate("playground.diagram.zoom(1.7)")
    seen = "(({x, y}) => [x, y].map(Math.round).join())(playground.diagram.frame())"
    wait(page, f"{seen} === '{presenter.evaluate(seen)}'")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_followers_scrub_along_through_history(open_page: OpenPage, presenter: Page) -> None:
    page = follow(open_page, presenter)
    presenter.keyboard.press("Escape")
    presenter.get_by_role("button", name="History").click()
    presenter.get_by_role("slider", name="History").focus()
    presenter.keyboard.press("Home")
    wait(presenter, "playground.store.state.past !== null && playground.store.kind('Node').size === 0")
    revision = presenter.evaluate("playground.store.state.revision")
    wait(page, f"playground.store.state.past !== null && playground.store.state.revision === {revision}")
    assert page.evaluate("playground.store.kind('Node').size") == 0
    expect(page.get_by_text(f"Revision {revision}")).to_be_visible()
    assert violations(page) == []
    presenter.get_by_role("button", name="Back to now").click()
    wait(page, "playground.store.state.past === null && playground.store.kind('Node').size > 0")
    expect(page.get_by_text(f"Revision {revision}")).to_have_count(0)


def test_who_looks_around_alone_can_come_back(open_page: OpenPage, presenter: Page) -> None:
    page = follow(open_page, presenter)
    presenter.keyboard.press("Escape")
    page.get_by_role("button", name="Zoom in").click()
    presenter.evaluate("(uid) => playground.select(uid)", uid_of(presenter, "Node", "node-1"))
    page.wait_for_timeout(300)
    assert page.evaluate("playground.ui.get().selected") is None
    page.get_by_role("button", name="Follow again").click()
    wait(page, "playground.ui.get().selected !== null")


def test_a_follower_is_offered_nothing_that_changes_anything(open_page: OpenPage, presenter: Page) -> None:
    page = follow(open_page, presenter)
    presenter.evaluate("(uid) => playground.select(uid)", uid_of(presenter, "Node", "node-1"))
    expect(page.get_by_role("complementary", name="Inspector")).to_contain_text("node-1")
    names = page.get_by_role("button").all_inner_texts()
    assert not {"Kill", "Drain", "Delete", "Add nodes…", "Apply"} & set(names)


def test_an_ended_presentation_says_so(open_page: OpenPage, presenter: Page) -> None:
    page = follow(open_page, presenter)
    presenter.get_by_role("button", name="End it").click()
    expect(page.locator(".overlay")).to_contain_text("The presentation has ended")
    assert presenter.evaluate("playground.ui.get().sharing") is None
