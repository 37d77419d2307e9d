"""A lesson, an exercise and a demo in German, in a real browser over the running product; and the switch between languages."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, wait
from tests.browser.test_screen import violations
from tests.playground.processes import Playground

pytestmark = [pytest.mark.browser, pytest.mark.slow]

QUOTA = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: team, namespace: team}\nspec: {hard: {pods: '2'}}\n"


def begin(page: Page) -> Page:
    page.get_by_role("button", name="Auf einem neuen Cluster beginnen").click()
    page.wait_for_url(re.compile("/clusters/"))
    if (skip := page.get_by_role("button", name="Überspringen")).count():
        skip.click()
    return page


def test_the_switch_changes_the_page_and_lasts(open_page: OpenPage, product: Playground) -> None:
    page = open_page(f"{product.url}/lessons/")
    page.get_by_role("button", name="Deutsch").click()
    expect(page.get_by_role("heading", name="Lektionen")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Ein gerechter Anteil"))).to_be_visible()
    assert violations(page) == []
    page.goto(f"{product.url}/exercises/")
    expect(page.get_by_role("button", name="Deutsch", pressed=True)).to_be_visible()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Exercises")).to_be_visible()


def test_a_lesson_beside_its_cluster_speaks_german(open_page: OpenPage, product: Playground) -> None:
    page = begin(open_page(f"{product.url}/lessons/quotas/", locale="de-DE"))
    guide = page.get_by_role("complementary", name="Anleitung")
    expect(guide.get_by_role("heading", name="Ein gerechter Anteil")).to_be_visible()
    expect(guide.get_by_text("Die Quota gilt")).to_be_visible()
    expect(guide.get_by_text("nicht da: ResourceQuota team im Namespace team")).to_be_visible()
    guide.get_by_text("Hinweis").first.click()
    expect(guide.locator("details code", has_text="kubectl -n team create quota")).to_be_visible()
    with product.client() as client:
        address = f"/api/v1/clusters/{page.evaluate('playground.cluster')}/apply/"
        client.post(address, content=QUOTA, headers={"Content-Type": "application/yaml"}).raise_for_status()
    expect(guide.get_by_role("progressbar", name="1 von 2 Schritten erledigt")).to_be_attached()
    guide.get_by_label("der API-Server, bei der Admission").check()
    expect(guide.get_by_text("der ReplicaSet-Controller bekommt ein 403")).to_be_visible()
    assert violations(page) == []


def test_an_exercise_is_graded_and_told_in_german(open_page: OpenPage, product: Playground) -> None:
    page = begin(open_page(f"{product.url}/exercises/self-healing/", locale="de-DE"))
    guide = page.get_by_role("complementary", name="Anleitung")
    expect(guide.get_by_role("heading", name="Pods, die wiederkommen")).to_be_visible()
    guide.get_by_role("button", name="Diesen Cluster abgeben").click()
    expect(guide.get_by_text("Noch nicht bestanden")).to_be_visible(timeout=30_000)
    expect(guide.get_by_text("Drei Pods sind binnen einer Minute bereit")).to_be_visible()
    expect(guide.get_by_text("Pod mit app=web im Namespace default: 0 bereit, verlangt: genau 3").first).to_be_visible()


def test_a_demo_is_captioned_in_german(open_page: OpenPage, product: Playground) -> None:
    page = open_page(f"{product.url}/demos/", locale="de-DE")
    page.get_by_role("button", name="Abspielen: Wenn eine Maschine stirbt").click()
    wait(page, "window.playground?.store.state.connection === 'live'")
    page.get_by_role("button", name="Überspringen").click()
    bar = page.get_by_role("region", name="Vorführung")
    expect(bar).to_contain_text("Wenn eine Maschine stirbt")
    bar.get_by_role("button", name="Nächster Schritt").click()
    expect(bar.get_by_role("status")).to_contain_text("Ein Deployment mit sechs Pods, die auf eine verlorene Maschine nur 30 Sekunden warten")
    assert violations(page) == []
