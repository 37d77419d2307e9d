"""The YAML editor in a real browser: what it offers, what it checks, what it compares."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from .conftest import OpenPage

pytestmark = pytest.mark.browser
START = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 9\n"


def editor(page: Page, text: str) -> Page:
    page.get_by_role("button", name="YAML", exact=True).click()
    expect(page.locator(".cm-content")).to_be_visible()
    page.evaluate("(editorText) => playground.ui.set({editorText})", text)
    expect(page.locator(".cm-content")).to_contain_text(text.split("\n")[0])
    page.keyboard.press("Control+End")
    return page


def test_fields_are_offered_with_what_they_mean(mock_page: OpenPage) -> None:
    page = editor(mock_page(), START)
    page.keyboard.type("  str")
    option = page.get_by_role("option", name="strategy")
    expect(option).to_be_visible()
    expect(page.locator(".field-card")).to_contain_text("How to replace pods.")
    option.click()
    page.keyboard.type("type: R")
    page.get_by_role("option", name="RollingUpdate").click()
    expect(page.locator(".cm-content")).to_contain_text("type: RollingUpdate")


def test_what_is_written_already_is_not_offered_again(mock_page: OpenPage) -> None:
    page = editor(mock_page(), START)
    page.keyboard.type("  ")
    page.keyboard.press("Control+Space")
    expect(page.get_by_role("option", name="selector")).to_be_visible()
    expect(page.get_by_role("option", name="replicas")).to_have_count(0)


def test_a_field_explains_itself_under_the_pointer(mock_page: OpenPage) -> None:
    page = editor(mock_page(), START)
    page.get_by_text("replicas", exact=True).first.hover()
    expect(page.locator(".field-card")).to_contain_text("Number of desired pods.")


def test_the_text_is_checked_while_it_is_written(mock_page: OpenPage) -> None:
    page = editor(mock_page(still=1), START)
    results = page.get_by_role("region", name="Results")
    expect(results).to_contain_text("this would work")
    page.keyboard.type("---\nmetadata: {}\n")
    expect(results).to_contain_text("Object 'Kind' is missing")
    expect(page.locator(".cm-lint-marker-error")).to_have_count(1)
    assert page.evaluate("playground.store.named('Deployment', 'default', 'web').desired") != 9


def test_the_text_is_compared_with_what_lives(mock_page: OpenPage) -> None:
    page = editor(mock_page(still=1), START)
    page.get_by_role("button", name="Compare with live").click()
    diff = page.locator(".editor-diff")
    expect(diff.locator(".cm-deletedChunk")).to_contain_text("replicas: 5")
    expect(diff.locator(".cm-changedLine")).to_contain_text("replicas: 9")
    page.get_by_role("button", name="Compare with live").click()
    expect(page.locator(".editor-host .cm-content")).to_be_visible()


def test_files_are_added_to_the_text(mock_page: OpenPage) -> None:
    page = editor(mock_page(), START)
    file = {"name": "more.yaml", "mimeType": "text/plain", "buffer": b"kind: ConfigMap\n"}
    page.get_by_label("Open files…").set_input_files(file)  # type: ignore[arg-type]
    content = page.locator(".editor-host .cm-content")
    expect(content).to_contain_text("kind: ConfigMap")
    page.evaluate(
        """() => {
          const transfer = new DataTransfer();
          transfer.items.add(new File(['kind: Secret'], 's.yaml'));
          const pane = document.querySelector('.editor-pane');
          for (const type of ['dragover', 'drop']) pane.dispatchEvent(new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }"""
    )
    expect(content).to_contain_text("kind: Secret")
    expect(content).to_contain_text("name: web")
