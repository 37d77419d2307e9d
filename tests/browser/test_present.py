"""Charts, forms and presenter mode in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .conftest import OpenPage, wait
from .test_drawer import tab
from .test_screen import violations

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_charts_say_their_values_and_are_accessible(mock_page: OpenPage, scheme: str, size: str) -> None:
    page = tab(mock_page(scheme=scheme, size=size, reduced=True), "Charts")
    running = page.evaluate("playground.store.all('Pod').filter((p) => p.phase === 'Running').length")
    expect(page.get_by_role("img", name=f"Pods by phase: Running {running}")).to_be_visible()
    expect(page.locator(".uplot canvas")).to_have_count(4)
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_form_makes_an_object_and_shows_its_yaml(mock_page: OpenPage, scheme: str) -> None:
    page = mock_page(scheme=scheme, reduced=True, still=1)
    page.get_by_role("button", name="New object…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("fresh")
    dialog.get_by_label("Replicas").fill("2")
    yaml = dialog.locator(".create-yaml")
    expect(yaml).to_contain_text("name: fresh")
    expect(yaml).to_contain_text("replicas: 2")
    assert violations(page) == []
    dialog.get_by_role("button", name="Create").click()
    wait(page, "!!playground.store.named('Deployment', 'default', 'fresh')")
    expect(dialog).not_to_be_visible()


@pytest.mark.parametrize(("kind", "label", "value", "line"), [("Service", "Pods with label app", "shop", "app: shop"), ("Pod", "Image", "redis:7", "image: redis:7"), ("ConfigMap", "Data, key=value per line", "a=b=c", "a: b=c")])
def test_every_form_fills_its_manifest(mock_page: OpenPage, kind: str, label: str, value: str, line: str) -> None:
    page = mock_page(still=1)
    page.get_by_role("button", name="New object…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Kind").select_option(kind)
    dialog.get_by_label(label).fill(value)
    expect(dialog.locator(".create-yaml")).to_contain_text(line)
    dialog.get_by_role("button", name="Open in editor").click()
    expect(page.locator(".cm-content")).to_contain_text(line)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_presenter_mode_captions_what_happens(mock_page: OpenPage, scheme: str) -> None:
    page = mock_page(scheme=scheme, reduced=True)
    page.keyboard.press("F9")
    page.evaluate("mock.put({k: 'Event', ns: 'default', name: 'e', type: 'Normal', reason: 'Started', message: 'it runs', about: {kind: 'Pod', name: 'a'}, last: '2026-01-01T09:00:00Z'})")
    expect(page.get_by_role("log", name="What just happened")).to_contain_text("Pod a: Started it runs")
    assert violations(page) == []
    page.keyboard.press("F9")
    expect(page.get_by_role("log", name="What just happened")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("size", "dialog", "title"), [("desktop", "share", "Let others follow…"), ("phone", "share", "Let others follow…"), ("desktop", "access", "Check access…"), ("phone", "access", "Check access…")])
def test_dialogs_of_presenting_and_access_are_accessible(mock_page: OpenPage, scheme: str, size: str, dialog: str, title: str) -> None:
    page = mock_page(scheme=scheme, size=size, reduced=True, still=1)
    page.evaluate("(dialog) => playground.ui.set({dialog})", dialog)
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name=title)).not_to_be_visible()
