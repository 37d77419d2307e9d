"""Everything that can be done: by keyboard alone, with the line one would type instead, and with the focus kept."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from .conftest import OpenPage, uid_of, wait

pytestmark = pytest.mark.browser
OBJECTS = [("Node", "node-1"), ("Component", "kube-scheduler"), ("Deployment", "web"), ("Pod", "crash"), ("Service", "web")]
KINDS = ("Node", "Deployment", "StatefulSet", "DaemonSet", "Job", "Service", "Component", "ReplicaSet", "Pod")
CLEAN = "{drawer: '', dialog: '', dialogData: null, timeline: false, presenter: false, tour: -1, outline: true, toasts: []}"
EFFECT = """() => {
  const {drawer, dialog, timeline, presenter, tour, outline, services, owners, system, selected} = playground.ui.get();
  const changed = mock.requests.filter((one) => !one.startsWith('GET')).length;
  return JSON.stringify([drawer, dialog, timeline, presenter, tour, outline, services, owners, system, selected, changed, playground.diagram.frame()]);
}"""


def choose(page: Page, kind: str, name: str) -> None:
    page.evaluate("(uid) => playground.select(uid)", uid_of(page, kind, name))


def offered(page: Page) -> list[tuple[str, str]]:
    """What the palette offers to do, with its hint; without the objects it would only show."""
    page.keyboard.press("Control+k")
    page.get_by_role("listbox").wait_for()
    page.locator(".command").first.wait_for()
    found = page.evaluate("[...document.querySelectorAll('.command')].map((row) => [...row.children].map((one) => one.textContent))")
    page.keyboard.press("Escape")
    return [(label, hint) for label, hint in found if label.split(" ")[0] not in KINDS or "…" in label]


def do(page: Page, label: str) -> None:
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Type to find an action or an object")).to_be_focused()
    page.keyboard.type(label)
    page.keyboard.press("Enter")


@pytest.mark.complaints  # the mock has no terminal
def test_every_action_of_the_page_is_done_from_the_palette(mock_page: OpenPage) -> None:
    page = mock_page(still=1)
    labels = [label for label, _ in offered(page)]
    assert len(labels) > 25
    for label in labels:
        page.evaluate(f"playground.ui.set({CLEAN})")
        page.evaluate("playground.diagram.zoom(1.3)")
        page.wait_for_timeout(400)  # the picture comes to rest
        before = page.evaluate(EFFECT)
        do(page, label)
        wait(page, f"({EFFECT})() !== {before!r}", 5)


@pytest.mark.parametrize(("kind", "name"), OBJECTS)
def test_every_action_of_an_object_is_done_from_the_palette_and_says_what_one_would_type(mock_page: OpenPage, kind: str, name: str) -> None:
    page = mock_page(still=1)
    choose(page, kind, name)
    about = [(label, hint) for label, hint in offered(page) if label.endswith(f" {name}")]
    assert about
    for label, hint in about:
        assert hint.split(" ")[0] in ("kubectl", "ssh", "curl") or label.startswith("Scale"), (label, hint)
        page = mock_page(still=1)
        choose(page, kind, name)
        before = page.evaluate(EFFECT)
        do(page, label)
        wait(page, f"({EFFECT})() !== {before!r}", 5)
        if page.evaluate("playground.ui.get().dialog"):
            expect(page.get_by_role("dialog").locator("code")).to_have_count(1)
            if label.startswith("Delete"):
                expect(page.get_by_role("button", name="Cancel")).to_be_focused()  # what cannot be undone is not the default
                page.keyboard.press("Tab")
            page.keyboard.press("Enter")
            wait(page, "mock.requests.some((one) => !one.startsWith('GET'))", 5)


@pytest.mark.parametrize(("kind", "name", "button", "line"), [
    ("Node", "node-1", "Kill", "curl -X POST http://127.0.0.1"),
    ("Node", "node-1", "Power off", "ssh node-1 poweroff"),
    ("Node", "node-1", "Stop kubelet", "ssh node-1 systemctl stop kubelet"),
    ("Node", "node-1", "Drain", "kubectl drain node-1"),
    ("Component", "kube-scheduler", "Stop", "ssh demo-control-plane systemctl stop kube-scheduler"),
])  # fmt: skip
def test_what_was_done_is_told_with_its_line_and_whose_it_is(mock_page: OpenPage, kind: str, name: str, button: str, line: str) -> None:
    page = mock_page(still=1)
    choose(page, kind, name)
    page.get_by_role("button", name=button, exact=True).click()
    toast = page.locator(".toast")
    expect(toast.locator("code")).to_contain_text(line)
    words = {"kubectl": "with kubectl", "ssh": "in a terminal of this cluster", "curl": "the playground’s own API"}
    expect(toast).to_contain_text(words[line.split(" ")[0]])


def test_forms_show_the_line_for_what_is_filled_in(mock_page: OpenPage) -> None:
    page = mock_page(still=1)
    page.get_by_role("button", name="Add nodes…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("How many").fill("2")
    dialog.get_by_label("Labels").fill("disk=ssd")
    dialog.get_by_label("Taints").fill("a=b:NoSchedule")
    wanted = '{"count":2,"cpu":"4","memory":"8Gi","labels":{"disk":"ssd"},"taints":["a=b:NoSchedule"]}'
    expect(dialog.locator("code")).to_contain_text(f"curl -H 'Content-Type: application/json' -d '{wanted}' http")
    page.keyboard.press("Escape")
    choose(page, "Deployment", "web")
    page.get_by_role("button", name="Scale…").click()
    dialog.get_by_role("spinbutton", name="Replicas").fill("7")
    expect(dialog.locator("code")).to_have_text("kubectl scale deployment/web --replicas=7")


@pytest.mark.parametrize("button", ["Add nodes…", "New object…", "Search or run a command", "Use the real kubectl", "Let others follow…"])
def test_the_focus_goes_back_to_what_opened_a_dialog(mock_page: OpenPage, button: str) -> None:
    page = mock_page(still=1)
    opener = page.get_by_role("button", name=button)
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate("document.querySelector('dialog[open]').contains(document.activeElement)")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(opener).to_be_focused()


def test_the_focus_goes_back_when_a_panel_closes(mock_page: OpenPage) -> None:
    page = mock_page(still=1)
    opener = page.get_by_role("button", name="Events", exact=True)
    opener.focus()
    page.keyboard.press("Enter")
    close = page.get_by_role("button", name="Close panel")
    close.focus()
    page.keyboard.press("Enter")
    expect(opener).to_be_focused()
    row = page.get_by_role("treeitem").filter(has_text="node-1").first
    row.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Close inspector").focus()
    page.keyboard.press("Enter")
    expect(row).to_be_focused()


def test_the_focus_is_not_lost_with_an_object_that_is_deleted(mock_page: OpenPage) -> None:
    page = mock_page(still=1)
    choose(page, "Deployment", "web")
    page.get_by_role("complementary", name="Inspector").get_by_role("button", name="Delete").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("kubectl delete deployment/web")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    wait(page, "!playground.store.named('Deployment', 'default', 'web')")
    wait(page, "document.activeElement !== document.body && document.activeElement.checkVisibility()")


def test_where_the_keyboard_is_can_be_seen(mock_page: OpenPage) -> None:
    """Tab through the page: whatever has the focus has a ring of at least two pixels."""
    page = mock_page(still=1)
    choose(page, "Pod", "crash")
    seen = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        found = page.evaluate("""() => {
          const one = document.activeElement, style = getComputedStyle(one);
          return [one.tagName + '.' + one.className + one.textContent.trim().slice(0, 20), one === document.body || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2)];
        }""")
        assert found[1], found[0]
        seen.add(found[0])
    assert len(seen) > 25
