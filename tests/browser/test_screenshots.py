"""Pictures of the screens for README and docs, and for looking at: `make screenshots` writes them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from .conftest import ROOT, OpenPage, uid_of

pytestmark = pytest.mark.browser
FOLDER = ROOT / "docs/screenshots"


def inspect_giant(page: Page) -> None:
    page.evaluate("(uid) => playground.select(uid)", uid_of(page, "Pod", "giant"))
    page.get_by_role("tab", name="Scheduling").click()
    expect(page.get_by_role("row", name="node-1").first).to_be_visible()


def open_yaml(page: Page) -> None:
    page.get_by_role("button", name="YAML", exact=True).click()
    expect(page.locator(".cm-content")).to_be_visible()


def open_objects(page: Page) -> None:
    page.evaluate("playground.ui.set({drawer: 'explorer'})")
    expect(page.locator(".explorer-table")).to_be_visible()


def open_history(page: Page) -> None:
    page.get_by_role("button", name="History").click()
    page.get_by_role("button", name="One change back").click()
    expect(page.locator(".timeline-caption")).to_be_visible()


def trace_a_request(page: Page) -> None:
    page.get_by_role("button", name="Network", exact=True).click()
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("list", name="Hops")).to_be_visible()
    page.wait_for_timeout(3500)  # the dot arrives


def nothing(page: Page) -> None:
    """The screen as it comes."""


SCREENS = {
    "cluster": ({"nodes": 4}, nothing),
    "why": ({"nodes": 4}, inspect_giant),
    "yaml": ({"nodes": 4}, open_yaml),
    "objects": ({"nodes": 4}, open_objects),
    "network": ({"nodes": 4}, trace_a_request),
    "history": ({"nodes": 4}, open_history),
}


@pytest.mark.parametrize(("scheme", "size"), [("light", "desktop"), ("dark", "desktop"), ("light", "phone")])
@pytest.mark.parametrize("screen", SCREENS)
def test_screens_can_be_pictured(mock_page: OpenPage, request: pytest.FixtureRequest, screen: str, scheme: str, size: str) -> None:
    query, prepare = SCREENS[screen]
    page = mock_page(scheme=scheme, size=size, still=1, **query)
    prepare(page)
    page.wait_for_timeout(700)  # motion comes to rest
    picture = page.screenshot()
    assert len(picture) > 10_000
    if request.config.getoption("screenshots", False):
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / f"{screen}-{scheme}-{size}.png").write_bytes(picture)
