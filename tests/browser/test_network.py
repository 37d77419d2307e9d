"""Traced requests: sent from a form, read hop by hop, shown in the picture."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from .conftest import OpenPage, wait
from .test_drawer import tab
from .test_screen import violations

pytestmark = pytest.mark.browser


def send(page: Page, to: str = "") -> Page:
    tab(page, "Network")
    if to:
        page.get_by_label("To", exact=True).fill(to)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("list", name="Hops")).to_be_visible()
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_request_is_told_hop_by_hop(mock_page: OpenPage, scheme: str, size: str) -> None:
    page = send(mock_page(scheme=scheme, size=size, reduced=True, still=1))
    hops = page.get_by_role("list", name="Hops").get_by_role("listitem")
    expect(hops).to_have_count(5)
    expect(hops.nth(0)).to_contain_text("Source")
    expect(hops.nth(4)).to_contain_text("answers 200")
    expect(page.get_by_role("region", name="Answer")).to_contain_text("<h1>Welcome</h1>")
    assert violations(page) == []


def test_hops_are_walked_with_the_arrow_keys(mock_page: OpenPage) -> None:
    page = send(mock_page(still=1))
    page.get_by_role("button", name="Source").click()
    for at, word in ((1, "DNS"), (2, "Rule")):
        page.keyboard.press("ArrowDown")
        wait(page, f"playground.ui.get().trace.at === {at}")
        expect(page.locator('[aria-current="step"]')).to_contain_text(word)
    expect(page.locator('[aria-current="step"]')).to_contain_text("KUBE-SVC-1")


def test_the_picture_shows_the_way_and_comes_to_rest(mock_page: OpenPage) -> None:
    """The canvas changes while the dot travels, and with reduced motion it is at its end at once."""
    page = send(mock_page(still=1, reduced=True))
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    shown = page.locator(".diagram-canvas").screenshot()
    page.wait_for_timeout(300)
    assert page.locator(".diagram-canvas").screenshot() == shown
    page.get_by_role("button", name="Clear").click()
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.locator(".diagram-canvas").screenshot() != shown


def test_a_name_nobody_knows_is_said_plainly(mock_page: OpenPage) -> None:
    page = send(mock_page(still=1), "http://nowhere/")
    expect(page.locator(".network-head")).to_contain_text("No such name")


def test_the_same_request_with_kubectl_is_shown(mock_page: OpenPage) -> None:
    page = send(mock_page(still=1), "http://web/?a=b&c=d")
    expect(page.locator(".drawer-network .kubectl code")).to_contain_text("-- curl -s 'http://web/?a=b&c=d'")
