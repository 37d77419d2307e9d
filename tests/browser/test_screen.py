"""The cluster's page in a real browser, over the mock server: what people see and do."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import ROOT, OpenPage, click_on_picture, uid_of, wait

pytestmark = pytest.mark.browser
AXE = (ROOT / "node_modules/axe-core/axe.min.js").read_text() if Path(ROOT / "node_modules/axe-core").exists() else ""


def violations(page: Page) -> list[str]:
    page.wait_for_timeout(300)  # colours are measured after the last transition
    page.evaluate(AXE)
    found = page.evaluate("axe.run()")["violations"]
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]


def choose(page: Page, kind: str, name: str) -> None:
    page.evaluate("(uid) => playground.select(uid)", uid_of(page, kind, name))


# --- accessible ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_no_screen_breaks_accessibility_rules(mock_page: OpenPage, scheme: str, size: str) -> None:
    page = mock_page(scheme=scheme, size=size, reduced=True, nodes=4, zones=2)
    assert violations(page) == []
    choose(page, "Pod", "giant")
    for tab in page.get_by_role("tab").all():
        tab.click()
        assert violations(page) == []
    page.get_by_role("button", name="Close inspector").click()
    page.get_by_role("button", name="YAML", exact=True).click()
    expect(page.locator(".cm-content")).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_dialogs_tour_and_dashboard_are_accessible(mock_page: OpenPage, scheme: str) -> None:
    page = mock_page(scheme=scheme, reduced=True, tour=1)
    assert violations(page) == []
    page.get_by_role("button", name="Add nodes…").click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    assert violations(page) == []
    dashboard = mock_page(scheme=scheme, dashboard=1)
    dashboard.get_by_role("link", name="demo").wait_for()
    assert violations(dashboard) == []


def test_the_outline_follows_the_keyboard(mock_page: OpenPage) -> None:
    page = mock_page()
    tree = page.get_by_role("tree")
    tree.locator('[tabindex="0"]').focus()
    page.keyboard.press("n")  # type ahead: Nodes
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    focused = page.locator(":focus")
    expect(focused).to_contain_text("node-1")
    page.keyboard.press("ArrowRight")
    expect(focused).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary", name="Inspector")).to_contain_text("Pod")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(":focus")).to_contain_text("node-1")


def test_the_outline_says_what_the_picture_shows(mock_page: OpenPage) -> None:
    page = mock_page(still=1)
    names = page.evaluate("playground.store.all('Pod').filter((p) => p.ns === 'default').map((p) => p.name).sort()")
    rows = page.get_by_role("treeitem").filter(has_text="node-")
    expect(rows).to_have_count(page.evaluate("playground.store.all('Node').filter((n) => n.name.includes('node-')).length"))
    for row in rows.all():
        row.locator(".twist").click()
    expect(page.locator('[role="treeitem"][aria-level="3"]')).to_have_count(len(names) - 1)
    shown = page.locator('[role="treeitem"][aria-level="3"] .row-name, [role="treeitem"]:has-text("giant") .row-name').all_inner_texts()
    assert sorted(shown) == names


def test_every_action_is_in_the_command_palette(mock_page: OpenPage) -> None:
    page = mock_page()
    choose(page, "Node", "node-1")
    page.keyboard.press("Control+k")
    page.keyboard.type("kill node-1")
    page.keyboard.press("Enter")
    wait(page, "playground.store.named('Node', undefined, 'node-1').machine === 'killed'")


# --- looking -------------------------------------------------------------------------------------------------------


def test_a_click_on_a_pod_opens_its_facts(mock_page: OpenPage) -> None:
    page = mock_page(still=1)
    click_on_picture(page, uid_of(page, "Pod", "crash"))
    inspector = page.get_by_role("complementary", name="Inspector")
    expect(inspector).to_contain_text("CrashLoopBackOff")
    expect(inspector).to_contain_text("kubectl describe pod/crash")


def test_a_pending_pod_shows_the_verdict_node_by_node(mock_page: OpenPage) -> None:
    page = mock_page()
    choose(page, "Pod", "giant")
    page.get_by_role("tab", name="Scheduling").click()
    row = page.get_by_role("row", name="node-1").first
    expect(row).to_contain_text("Insufficient cpu")
    expect(row).to_contain_text("NodeResourcesFit")


def test_an_object_can_be_read_and_edited_as_yaml(mock_page: OpenPage) -> None:
    page = mock_page()
    choose(page, "Pod", "crash")
    page.get_by_role("complementary", name="Inspector").get_by_role("tab", name="YAML").click()
    expect(page.locator(".inspector pre.code")).to_contain_text("kind: Pod")
    page.get_by_role("button", name="Edit").click()
    expect(page.locator(".cm-content")).to_contain_text("name: crash")


def test_layers_can_be_switched(mock_page: OpenPage) -> None:
    page = mock_page(still=1)
    before = page.evaluate("playground.diagram.drawn().pods")
    page.get_by_role("button", name="System pods").click()
    wait(page, f"playground.diagram.drawn().pods > {before}")


# --- doing ---------------------------------------------------------------------------------------------------------


def test_adding_nodes_makes_rooms(mock_page: OpenPage) -> None:
    page = mock_page()
    rooms = page.evaluate("playground.diagram.drawn().rooms")
    page.get_by_role("button", name="Add nodes…").click()
    page.get_by_label("How many").fill("2")
    page.get_by_role("button", name="Add", exact=True).click()
    wait(page, f"playground.diagram.drawn().rooms === {rooms + 2}")
    expect(page.get_by_text("Added 2 nodes")).to_be_visible()


def test_killing_a_node_moves_its_pods(mock_page: OpenPage) -> None:
    page = mock_page()
    choose(page, "Node", "node-1")
    page.get_by_role("button", name="Kill").click()
    wait(page, "playground.store.named('Node', undefined, 'node-1').ready === 'Unknown'")
    wait(page, "playground.store.all('Pod').filter((p) => p.root === 'Deployment/web' && p.phase === 'Running' && p.node === 'node-2').length === 5")


def test_scaling_shows_the_kubectl_line(mock_page: OpenPage) -> None:
    page = mock_page()
    choose(page, "Deployment", "web")
    page.get_by_role("button", name="Scale…").click()
    page.get_by_role("spinbutton", name="Replicas").fill("7")
    page.get_by_role("button", name="Scale", exact=True).click()
    expect(page.get_by_text("kubectl scale deployment/web --replicas=7")).to_be_visible()
    wait(page, "playground.store.all('Pod').filter((p) => p.root === 'Deployment/web' && p.phase === 'Running').length === 7")


def test_deleting_more_than_a_pod_asks_first(mock_page: OpenPage) -> None:
    page = mock_page()
    choose(page, "Deployment", "web")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_contain_text("Delete Deployment web?")
    page.keyboard.press("Escape")
    assert uid_of(page, "Deployment", "web")


def test_applying_tells_the_fate_of_each_document(mock_page: OpenPage) -> None:
    page = mock_page()
    page.get_by_role("button", name="YAML", exact=True).click()
    expect(page.locator(".cm-content")).to_be_visible()
    text = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: fresh\nspec:\n  replicas: 2\n---\nnothing: here\n"
    page.evaluate("(editorText) => playground.ui.set({editorText})", text)
    page.get_by_role("button", name="Apply", exact=True).click()
    results = page.get_by_role("region", name="Results")
    expect(results).to_contain_text("created")
    expect(results).to_contain_text("Object 'Kind' is missing")
    expect(page.locator(".cm-lint-marker-error")).to_have_count(1)


def test_the_clock_can_be_paused_and_run_faster(mock_page: OpenPage) -> None:
    page = mock_page()
    page.get_by_role("radio", name="Run at ×100").click()
    wait(page, "playground.store.state.clock.speed === 100")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("Paused")).to_be_visible()


def test_a_part_of_the_control_plane_can_be_stopped(mock_page: OpenPage) -> None:
    page = mock_page()
    choose(page, "Component", "kube-scheduler")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_visible()


def test_colours_can_be_chosen(mock_page: OpenPage) -> None:
    page = mock_page()
    page.get_by_role("button", name="Colours: as the system").click()
    page.get_by_role("button", name="Colours: light").click()
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"


def test_the_page_speaks_german(mock_page: OpenPage) -> None:
    page = mock_page(lang="de")
    expect(page.get_by_role("button", name="Neue Nodes…")).to_be_visible()


# --- states people meet --------------------------------------------------------------------------------------------


def test_an_empty_cluster_says_what_to_do(mock_page: OpenPage) -> None:
    page = mock_page(nodes=0)
    expect(page.get_by_text("This cluster has no nodes")).to_be_visible()


def test_a_lost_connection_is_told_and_resumed(mock_page: OpenPage) -> None:
    page = mock_page()
    page.evaluate("mock.cut()")
    expect(page.get_by_text("Connection lost. Reconnecting…")).to_be_visible()
    wait(page, "playground.store.state.connection === 'live'")


@pytest.mark.parametrize("frame", ["'no json {'", "{type: 'delta', from: 1, revision: 2, changes: []}", "{type: 'delta', from: mock.revision(), revision: 9e9, changes: [['put', {k: 7}]]}", "{type: 'what'}"])
def test_a_garbled_frame_leads_to_a_resync_never_to_a_wrong_picture(mock_page: OpenPage, frame: str) -> None:
    page = mock_page()
    page.evaluate(f"mock.send({frame})")
    page.evaluate("mock.put({k: 'Node', name: 'late', ready: 'True', machine: 'on'})")
    wait(page, "playground.store.named('Node', undefined, 'late')")
    same = "JSON.stringify([...mock.objects.keys()].sort()) === JSON.stringify(['Pod','Node','Service','Namespace','Event','Component','Deployment','ReplicaSet','EndpointSlice'].flatMap((k) => playground.store.all(k).map((o) => o.uid)).sort())"
    wait(page, same)


def test_a_deleted_cluster_offers_the_way_back(mock_page: OpenPage) -> None:
    page = mock_page()
    page.evaluate("mock.send({type: 'gone', reason: 'cluster was deleted'})")
    expect(page.get_by_text("Cluster is gone").first).to_be_visible()


def test_markup_in_names_labels_and_events_stays_text(mock_page: OpenPage) -> None:
    page = mock_page(nasty=1)
    page.evaluate("playground.select(playground.store.all('Pod').find((p) => p.name.startsWith('<img')).uid)")
    page.get_by_role("button", name="Events").first.click()
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate("window.hacked === undefined && document.querySelectorAll('#app img, #app b').length === 0")


def test_the_tour_is_shown_once(mock_page: OpenPage) -> None:
    page = mock_page(tour=1)
    for _ in range(2):
        page.get_by_role("button", name="Next", exact=True).click()
    page.get_by_role("button", name="Start", exact=True).click()
    assert page.evaluate("localStorage.getItem('playground.tour')") == "1"


def test_with_reduced_motion_nothing_glides(mock_page: OpenPage) -> None:
    page = mock_page(reduced=True)
    uid = uid_of(page, "Node", "node-1")
    before = page.evaluate("(uid) => playground.diagram.where(uid)", uid)
    page.evaluate("for (let n = 0; n < 6; n++) mock.put({k: 'Node', name: 'more-' + n, ready: 'True', machine: 'on'})")
    wait(page, "playground.diagram.drawn().rooms === 8")
    page.evaluate("() => new Promise(requestAnimationFrame)")
    settled = page.evaluate("(uid) => playground.diagram.where(uid)", uid)
    page.wait_for_timeout(200)
    assert settled != before
    assert page.evaluate("(uid) => playground.diagram.where(uid)", uid) == settled


def test_phone_width_needs_no_sideways_scrolling(mock_page: OpenPage) -> None:
    page = mock_page(size="phone")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    choose(page, "Pod", "crash")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_on_a_phone_the_outline_can_be_closed_again(mock_page: OpenPage) -> None:
    """It covers the button that opened it."""
    page = mock_page(size="phone")
    page.get_by_role("button", name="Outline", exact=True).click()
    outline = page.get_by_role("complementary", name="Outline")
    outline.get_by_role("button", name="Close the outline").click()
    expect(outline).to_be_hidden()


PAINTS = """async () => {
  frames.length = 0;
  for (let i = 0; i < 60; i++) {
    playground.diagram.zoom(i % 2 ? 1.02 : 1 / 1.02);
    await new Promise(requestAnimationFrame);
  }
  return frames.sort((a, b) => a - b)[frames.length >> 1];
}"""
"""The median of how long painting takes, in milliseconds."""


@pytest.mark.slow
def test_a_hundred_times_as_much_is_painted_in_far_less_than_a_hundred_times_the_time(mock_page: OpenPage) -> None:
    """1,000 nodes with 10,000 pods against 10 with 100: what is too small to be seen is not drawn. Benchmarks measure whole frames."""
    times = []
    for nodes in (10, 1000):
        page = mock_page(nodes=nodes, pods=nodes * 10, still=1, bare=1)
        wait(page, f"playground.diagram.drawn().pods === {nodes * 10}")
        times.append(page.evaluate(PAINTS))
    assert times[1] <= 20 * max(times[0], 0.2), times
