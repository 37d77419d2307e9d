"""Fingers on the picture: a tap chooses, a drag moves, two fingers zoom; drawers and dialogs open by tapping."""

from __future__ import annotations

import pytest
from playwright.sync_api import CDPSession, Page, expect

from .conftest import OpenPage, uid_of, wait

pytestmark = pytest.mark.browser
Point = tuple[float, float]
CAMERA = "playground.diagram.frame()"


@pytest.fixture
def page(open_page: OpenPage, static_url: str) -> Page:
    page = open_page(f"{static_url}/dev/mock.html?still=1", size="phone", reduced=True, has_touch=True)
    wait(page, "window.playground?.store.state.connection === 'live' && playground.diagram.drawn().rooms > 0")
    return page


@pytest.fixture
def fingers(page: Page) -> CDPSession:
    return page.context.new_cdp_session(page)


def touch(fingers: CDPSession, kind: str, *points: Point) -> None:
    spots = [{"x": x, "y": y, "id": index} for index, (x, y) in enumerate(points)]
    fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": spots})


def place(page: Page, kind: str, name: str) -> Point:
    canvas = page.locator("canvas").bounding_box()
    point = page.evaluate("(uid) => playground.diagram.where(uid)", uid_of(page, kind, name))
    assert canvas and point
    return canvas["x"] + point["x"], canvas["y"] + point["y"]


def test_a_tap_on_a_node_opens_its_facts(page: Page) -> None:
    page.touchscreen.tap(*place(page, "Node", "node-1"))
    expect(page.get_by_role("complementary", name="Inspector")).to_contain_text("node-1")
    page.get_by_role("button", name="Close inspector").tap()
    expect(page.get_by_role("complementary", name="Inspector")).to_be_hidden()


def test_one_finger_moves_the_picture_by_as_much(page: Page, fingers: CDPSession) -> None:
    before = place(page, "Node", "node-1")
    touch(fingers, "touchStart", (200, 500))
    for step in range(1, 9):
        touch(fingers, "touchMove", (200 - 10 * step, 500 - 5 * step))
    touch(fingers, "touchEnd")
    after = place(page, "Node", "node-1")
    assert after == pytest.approx((before[0] - 80, before[1] - 40), abs=2)
    assert page.evaluate("playground.ui.get().selected") is None


def test_two_fingers_zoom_about_the_point_between_them(page: Page, fingers: CDPSession) -> None:
    width = page.evaluate(f"{CAMERA}.w")
    middle = place(page, "Node", "node-1")
    touch(fingers, "touchStart", (middle[0] - 40, middle[1]), (middle[0] + 40, middle[1]))
    for spread in (50, 60, 70, 80):
        touch(fingers, "touchMove", (middle[0] - spread, middle[1]), (middle[0] + spread, middle[1]))
    touch(fingers, "touchEnd")
    assert page.evaluate(f"{CAMERA}.w") == pytest.approx(width / 2, rel=0.05)
    assert place(page, "Node", "node-1") == pytest.approx(middle, abs=4)
    assert page.evaluate("playground.ui.get().selected") is None


def test_two_fingers_that_move_together_take_the_picture_along(page: Page, fingers: CDPSession) -> None:
    before = place(page, "Node", "node-1")
    touch(fingers, "touchStart", (120, 400), (220, 400))
    for step in range(1, 6):
        touch(fingers, "touchMove", (120 + 8 * step, 400 + 10 * step), (220 + 8 * step, 400 + 10 * step))
    touch(fingers, "touchEnd")
    assert place(page, "Node", "node-1") == pytest.approx((before[0] + 40, before[1] + 50), abs=3)


def test_tools_dialogs_and_drawers_open_by_tapping(page: Page) -> None:
    page.get_by_role("button", name="Add nodes…").tap()
    page.get_by_role("button", name="Add", exact=True).tap()
    wait(page, "playground.store.kind('Node').size === 4")
    page.get_by_role("button", name="Events", exact=True).tap()
    expect(page.get_by_role("tab", name="Events")).to_have_attribute("aria-selected", "true")
    page.get_by_role("button", name="Close panel").tap()
    expect(page.get_by_role("tab", name="Events")).to_be_hidden()
