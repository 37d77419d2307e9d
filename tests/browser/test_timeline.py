"""The scrubber over history in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .conftest import OpenPage, wait
from .test_screen import violations

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_the_past_can_be_shown_and_left(mock_page: OpenPage, scheme: str, size: str) -> None:
    page = mock_page(scheme=scheme, size=size, reduced=True, still=1)
    pods = page.evaluate("playground.store.kind('Pod').size")
    page.get_by_role("button", name="History").click()
    slider = page.get_by_role("slider", name="History")
    slider.focus()
    page.keyboard.press("Home")
    wait(page, "playground.store.state.past !== null && playground.store.kind('Pod').size === 0")
    expect(page.locator(".timeline-caption")).to_contain_text("created")
    page.get_by_role("button", name="Compare with now").click()
    expect(page.locator(".timeline-differences")).to_contain_text("Deployment default/web")
    page.get_by_role("button", name="New cluster from here…").click()
    assert violations(page) == []
    page.get_by_role("button", name="Back to now").click()
    wait(page, f"playground.store.state.past === null && playground.store.kind('Pod').size === {pods}")


def test_what_happens_meanwhile_does_not_disturb_the_past(mock_page: OpenPage) -> None:
    page = mock_page(still=1)
    page.get_by_role("button", name="History").click()
    page.get_by_role("button", name="One change back").click()
    wait(page, "playground.store.state.past !== null")
    page.evaluate("mock.put({k: 'Node', name: 'late', ready: 'True', machine: 'on'})")
    page.evaluate("mock.flush()")
    assert not page.evaluate("!!playground.store.named('Node', undefined, 'late')")
    page.get_by_role("button", name="Back to now").click()
    wait(page, "!!playground.store.named('Node', undefined, 'late')")
