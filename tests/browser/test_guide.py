"""Lessons and exercises beside their cluster, in a real browser over the running product."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.test_screen import violations
from tests.playground.processes import Playground

pytestmark = [pytest.mark.browser, pytest.mark.slow]

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: 'nginx:1.27'}]}\n"


LESSON = {"slug": "first-pod", "title": "t", "text": "", "steps": [], "solved": 0, "quiz": []}


def begin(open_page: OpenPage, product: Playground, address: str, routes: dict[str, object] | None = None) -> Page:
    page = open_page(product.url + address)
    for pattern, answer in (routes or {}).items():
        page.route(pattern, lambda route, _, answer=answer: route.fulfill(json=answer))
    page.get_by_role("button", name="Begin on a new cluster").click()
    page.wait_for_url(re.compile("/clusters/"))
    if (skip := page.get_by_role("button", name="Skip")).count():
        skip.click()
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", ["/", "/lessons/", "/lessons/first-pod/", "/exercises/", "/exercises/node-loss/"])
def test_pages_of_text_are_accessible(open_page: OpenPage, product: Playground, address: str, scheme: str) -> None:
    page = open_page(product.url + address, scheme=scheme)
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()
    assert violations(page) == []


def test_a_step_is_seen_to_be_done_as_it_is_done(open_page: OpenPage, product: Playground) -> None:
    page = begin(open_page, product, "/lessons/first-pod/")
    guide = page.get_by_role("complementary", name="Guide")
    expect(guide.get_by_role("progressbar", name=re.compile("^0 of 2"))).to_be_attached()
    name = page.evaluate("playground.cluster")
    with product.client() as client:
        client.post(f"/api/v1/clusters/{name}/apply/", content=POD, headers={"Content-Type": "application/yaml"}).raise_for_status()
        client.post(f"/api/v1/clusters/{name}/clock/", json={"action": "settle", "seconds": 300}).raise_for_status()
    expect(guide.get_by_role("progressbar", name=re.compile("^1 of 2"))).to_be_attached()
    assert violations(page) == []


@pytest.mark.parametrize("locale", ["en-US", "de-DE"])
def test_a_long_name_pushes_no_button_off_the_screen(open_page: OpenPage, product: Playground, locale: str) -> None:
    with product.client() as client:
        name = f"a-cluster-whose-name-nobody-would-want-to-type-{locale.lower()}"
        client.post("/api/v1/clusters/", json={"name": name, "nodes": 1}).raise_for_status()
    page = open_page(f"{product.url}/clusters/{name}/", locale=locale)
    buttons = page.locator(".head button:visible")
    expect(buttons.nth(8)).to_be_visible()
    for width in (1440, 1281, 1024, 820, 390):
        page.set_viewport_size({"width": width, "height": 800})
        assert buttons.evaluate_all("(all) => all.every((each) => each.getBoundingClientRect().right <= innerWidth)"), width


def test_enlarged_the_guide_leaves_the_picture_room(open_page: OpenPage, product: Playground) -> None:
    """A window of 1440 by 900 at 200 %."""
    page = begin(open_page, product, "/lessons/first-pod/")
    page.set_viewport_size({"width": 720, "height": 450})
    guide, stage = (page.locator(place).bounding_box() for place in (".guide", ".stage"))
    assert guide and stage
    assert stage["height"] > 300 and stage["width"] > 400 and guide["x"] + guide["width"] <= stage["x"] + 1


def test_a_cluster_is_handed_in_from_beside_it(open_page: OpenPage, product: Playground) -> None:
    page = begin(open_page, product, "/exercises/first-pod/")
    guide = page.get_by_role("complementary", name="Guide")
    guide.get_by_role("button", name="Hand in this cluster").click()
    expect(guide.get_by_text("Not passed yet")).to_be_visible(timeout=30_000)
    guide.get_by_role("button", name="Close the guide").click()
    expect(guide).to_be_hidden()
    assert "exercise=" not in page.url


def test_markup_from_the_server_is_copied_element_by_element(open_page: OpenPage, product: Playground) -> None:
    """Were a lesson's text to hold more than Markdown makes, it would come through as text."""
    evil = "<p onclick=\"x()\">a<script>x()</script><img src=x onerror=\"x()\"><a href=\"javascript:x()\">b</a><a href=\"/lessons/\">c</a></p>"
    page = begin(open_page, product, "/lessons/first-pod/", routes={"**/api/v1/lessons/first-pod/**": {**LESSON, "text": evil}})
    shown = page.locator(".guide-body .prose").first
    expect(shown).to_have_text("ax()bc")
    assert shown.evaluate("(e) => e.innerHTML.replace(/<!--.*?-->/g, '')") == '<p>ax()<a>b</a><a href="/lessons/">c</a></p>'
