"""Why an object is as it is, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .conftest import OpenPage, wait
from .test_screen import choose, violations

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_tab_about_a_deployment_is_accessible(mock_page: OpenPage, scheme: str) -> None:
    page = mock_page(scheme=scheme, reduced=True)
    choose(page, "Deployment", "web")
    for tab in page.get_by_role("complementary", name="Inspector").get_by_role("tab").all():
        tab.click()
        page.wait_for_timeout(200)
        assert violations(page) == []


def test_a_rollout_shows_its_arithmetic(mock_page: OpenPage) -> None:
    page = mock_page(still=1)
    choose(page, "Deployment", "web")
    page.get_by_role("tab", name="Rollout").click()
    inspector = page.get_by_role("complementary", name="Inspector")
    expect(inspector).to_contain_text("maxSurge")
    expect(inspector).to_contain_text("At most")


def test_the_story_of_a_pod_names_who_did_what(mock_page: OpenPage) -> None:
    page = mock_page()
    choose(page, "Pod", "giant")
    page.get_by_role("tab", name="Story").click()
    story = page.get_by_role("list", name="Story")
    expect(story).to_contain_text("FailedScheduling")
    expect(story).to_contain_text("stored in etcd")


def test_common_mistakes_are_pointed_out(mock_page: OpenPage) -> None:
    page = mock_page()
    choose(page, "Pod", "giant")
    expect(page.get_by_role("region", name="Worth a look")).to_contain_text("Nothing owns this pod")
    wait(page, "document.querySelectorAll('.hints li').length >= 1")


def test_while_the_scheduler_is_down_the_page_says_why_nothing_new_is_decided(mock_page: OpenPage) -> None:
    page = mock_page(still=1)
    choose(page, "Pod", "giant")
    page.get_by_role("tab", name="Scheduling").click()
    row = page.get_by_role("row", name="node-1").first
    expect(row).to_contain_text("Insufficient cpu")
    page.evaluate("mock.change([...mock.objects.values()].find((one) => one.name === 'kube-scheduler'), {healthy: false})")
    expect(page.locator(".why-down")).to_contain_text("This is what it decided before")
    expect(row).to_contain_text("Insufficient cpu")
    assert violations(page) == []
    page.get_by_role("button", name="To kube-scheduler").click()
    page.get_by_role("button", name="Start", exact=True).click()
    choose(page, "Pod", "giant")
    page.get_by_role("tab", name="Scheduling").click()
    expect(row).to_be_visible()
    expect(page.locator(".why-down")).to_have_count(0)
