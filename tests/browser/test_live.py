"""The real product in a real browser: web, worker, engine and screen together, as a teacher shows it to a class."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

import pytest
from playwright.sync_api import Page, expect

from tests.playground.processes import Playground, running
from tools import setup

from .conftest import ROOT, OpenPage, uid_of, wait
from .test_screen import violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: nginx, image: "nginx:1.27"}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80}]
---
kind: Nonsense
apiVersion: v1
metadata: {name: x}
"""
SIMPLE = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: %s}\nspec:\n  replicas: %d\n  selector: {matchLabels: {app: %s}}\n  template:\n    metadata: {labels: {app: %s}}\n    spec: {containers: [{name: nginx, image: 'nginx:1.27', resources: {requests: {cpu: 250m, memory: 512Mi}}}]}\n"
SERVICE = "---\napiVersion: v1\nkind: Service\nmetadata: {name: shop}\nspec: {selector: {app: shop}, ports: [{port: 80}]}\n"
GIANT = "apiVersion: v1\nkind: Pod\nmetadata: {name: giant}\nspec: {containers: [{name: giant, image: nginx, resources: {requests: {cpu: '64'}}}]}\n"
EXAMPLES = (SIMPLE % ("web", 4, "web", "web"), SIMPLE % ("shop", 3, "shop", "shop") + SERVICE, GIANT)
WEB = "playground.store.all('Pod').filter((p) => p.root === 'Deployment/web'"

NUMBERS = count(1)
"""Each test has a cluster of its own."""


@pytest.fixture(scope="module")
def playground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    setup.bundle(dev=False)
    with running(tmp_path_factory.mktemp("live") / "data") as product:
        yield product


@pytest.fixture
def live(open_page: OpenPage, playground: Playground) -> Page:
    name = f"live-{next(NUMBERS)}"
    with playground.client() as client:
        assert client.post("/api/v1/clusters/", json={"name": name, "nodes": 3, "seed": 7}).status_code == 201
    page = open_page(f"{playground.url}/clusters/{name}/")
    wait(page, "window.playground?.store.state.connection === 'live'", 20)
    page.get_by_role("button", name="Skip").click()
    return page


def apply(page: Page, text: str) -> None:
    page.get_by_role("button", name="YAML", exact=True).click()
    expect(page.locator(".cm-content")).to_be_visible()
    page.evaluate("(editorText) => playground.ui.set({editorText})", text)
    page.get_by_role("button", name="Apply", exact=True).click()


def test_apply_kill_and_watch_the_pods_move(live: Page) -> None:
    apply(live, DEPLOYMENT)
    results = live.get_by_role("region", name="Results")
    expect(results).to_contain_text("Deployment web")
    expect(results).to_contain_text('no matches for kind "Nonsense"')
    wait(live, f"{WEB} && p.phase === 'Running').length === 4", 20)
    wait(live, "playground.store.all('EndpointSlice').some((s) => s.service === 'web' && s.endpoints.filter((e) => e.ready).length === 4)")
    victim = live.evaluate(f"{WEB})[0].node")
    live.evaluate("(uid) => playground.select(uid)", uid_of(live, "Node", victim))
    live.get_by_role("button", name="Kill").click()
    wait(live, f"playground.store.named('Node', undefined, '{victim}').machine === 'killed'")
    live.evaluate("() => playground.api.clock({action: 'advance', seconds: 400})")
    wait(live, f"playground.store.named('Node', undefined, '{victim}').ready === 'Unknown'", 20)
    wait(live, f"{WEB} && p.phase === 'Running' && !p.deleting && p.node !== '{victim}').length === 4", 20)


def test_a_pending_pod_says_why_node_by_node(live: Page) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "giant"}}
    spec = {"containers": [{"name": "c", "image": "nginx", "resources": {"requests": {"cpu": "64"}}}]}
    apply(live, str({**pod, "spec": spec}).replace("'", '"'))
    wait(live, "playground.store.all('Pod').some((p) => p.name === 'giant' && p.reason === 'Unschedulable')", 20)
    live.evaluate("(uid) => playground.select(uid)", uid_of(live, "Pod", "giant"))
    live.get_by_role("tab", name="Scheduling").click()
    expect(live.get_by_role("row", name="node-1").first).to_contain_text("Insufficient cpu")


def test_nodes_join_drain_and_leave(live: Page) -> None:
    live.get_by_role("button", name="Add nodes…").click()
    live.get_by_label("How many").fill("2")
    live.get_by_label("Zone").fill("zone-b")
    live.get_by_role("button", name="Add", exact=True).click()
    wait(live, "playground.store.all('Node').filter((n) => n.zone === 'zone-b').length === 2")
    name = live.evaluate("playground.store.all('Node').find((n) => n.zone === 'zone-b').name")
    live.evaluate("(uid) => playground.select(uid)", uid_of(live, "Node", name))
    live.get_by_role("button", name="Drain").click()
    wait(live, f"playground.store.named('Node', undefined, '{name}').unschedulable")
    live.get_by_role("complementary", name="Inspector").get_by_role("button", name="Delete").click()
    live.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    wait(live, f"!playground.store.named('Node', undefined, '{name}')")


def test_the_past_is_compared_with_now_and_a_new_cluster_begins_there(live: Page) -> None:
    apply(live, EXAMPLES[0])
    wait(live, f"{WEB} && p.phase === 'Running').length === 4", 60)
    old = live.url
    live.get_by_role("button", name="History").click()
    live.get_by_role("slider", name="History").focus()
    live.keyboard.press("Home")
    wait(live, "playground.store.state.past !== null && !playground.store.named('Deployment', 'default', 'web')")
    live.get_by_role("button", name="Compare with now").click()
    expect(live.locator(".timeline-differences")).to_contain_text("Deployment default/web")
    live.get_by_role("button", name="New cluster from here…").click()
    live.locator(".timeline-fork input[name=name]").press("Enter")
    live.wait_for_url(lambda url: url != old and "/clusters/" in url)
    wait(live, "window.playground?.store.state.connection === 'live'", 20)
    assert not live.evaluate("!!playground.store.named('Deployment', 'default', 'web')")


def test_the_clock_obeys(live: Page) -> None:
    live.get_by_role("button", name="Pause").click()
    wait(live, "playground.store.state.clock.paused")
    live.get_by_role("radio", name="Run at ×100").click()
    wait(live, "!playground.store.state.clock.paused && playground.store.state.clock.speed === 100")


CRASH = "apiVersion: v1\nkind: Pod\nmetadata: {name: crash}\nspec: {containers: [{name: c, image: busybox, command: [sh, -c, 'exit 1']}]}\n"
QUOTA = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: compute}\nspec: {hard: {requests.cpu: 600m}}\n---\n"


def test_what_takes_long_shows_how_far_it_is_and_can_be_stopped(live: Page) -> None:
    """A cluster that never comes to rest, sent a year ahead."""
    live.evaluate("(text) => playground.api.apply(text)", CRASH)
    wait(live, "playground.store.all('Pod').some((pod) => pod.name === 'crash')", 20)
    live.evaluate("() => void playground.api.clock({action: 'advance', seconds: 31000000}).then((answer) => (window.answer = answer))")
    expect(live.get_by_role("progressbar")).to_be_visible(timeout=20_000)
    assert violations(live) == []
    live.get_by_role("button", name="Stop", exact=True).click()
    wait(live, "window.answer?.cancelled === true", 20)
    expect(live.get_by_role("progressbar")).to_have_count(0)


BUDGET = "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec: {minAvailable: 4, selector: {matchLabels: {app: web}}}\n"


def test_a_drain_shows_how_far_it_is_and_can_be_stopped(live: Page) -> None:
    """A budget that lets no pod go: the drain waits, until it is stopped and the node takes pods again."""
    live.evaluate("(text) => playground.api.apply(text)", EXAMPLES[0] + BUDGET)
    wait(live, f"{WEB} && p.phase === 'Running').length === 4", 60)
    node = live.evaluate(f"{WEB})[0].node")
    there = live.evaluate(f"{WEB} && p.node === '{node}').map((p) => p.uid)")
    live.evaluate("(uid) => playground.select(uid)", uid_of(live, "Node", node))
    live.get_by_role("button", name="Drain", exact=True).click()
    progress = live.get_by_role("progressbar")
    expect(progress).to_be_visible()
    expect(progress).to_have_accessible_name(re.compile(rf"{node}.*{len(there)}"))
    expect(live.get_by_text("kubectl drain")).to_be_visible()
    wait(live, f"playground.store.named('Node', undefined, '{node}').unschedulable === true")
    assert violations(live) == []
    live.get_by_role("button", name="Stop", exact=True).click()
    expect(progress).to_have_count(0)
    wait(live, f"!playground.store.named('Node', undefined, '{node}').unschedulable")
    live.evaluate("() => playground.api.clock({action: 'advance', seconds: 120})")
    assert live.evaluate(f"{WEB} && p.node === '{node}' && !p.deleting).map((p) => p.uid)") == there


def test_a_drain_that_nothing_holds_up_comes_to_its_end(live: Page) -> None:
    live.evaluate("(text) => playground.api.apply(text)", EXAMPLES[0])
    wait(live, f"{WEB} && p.phase === 'Running').length === 4", 60)
    node = live.evaluate(f"{WEB})[0].node")
    live.evaluate("(uid) => playground.select(uid)", uid_of(live, "Node", node))
    live.get_by_role("button", name="Drain", exact=True).click()
    live.evaluate("() => playground.api.clock({action: 'advance', seconds: 60})")
    wait(live, f"{WEB} && p.node === '{node}').length === 0 && {WEB} && p.phase === 'Running').length === 4", 60)
    expect(live.get_by_role("progressbar")).to_have_count(0)


def test_a_refused_pod_says_how_much_there_was_and_how_much_was_asked_for(live: Page) -> None:
    live.evaluate("(text) => playground.api.apply(text)", QUOTA + SIMPLE % ("greedy", 4, "greedy", "greedy"))
    wait(live, "playground.store.all('Event').some((event) => event.reason === 'FailedCreate')", 20)
    live.evaluate("(uid) => playground.select(uid)", uid_of(live, "Deployment", "greedy"))
    refused = live.get_by_role("region", name="Refused")
    expect(refused).to_contain_text("The quota compute leaves no room for it.")
    expect(refused).to_contain_text("500m used + 250m asked for = 750m, allowed are 600m")
    assert violations(live) == []


def test_who_may_do_what_is_asked_of_the_api_server(live: Page) -> None:
    live.keyboard.press("Control+k")
    live.keyboard.type("check access")
    live.keyboard.press("Enter")
    dialog = live.get_by_role("dialog")
    dialog.get_by_role("button", name="Ask").click()
    expect(dialog).to_contain_text("No: jane may not get pods")
    expect(dialog).to_contain_text("kubectl create rolebinding get-pods --role=get-pods --user=jane -n default")
    dialog.get_by_role("textbox", name="User").fill("system:serviceaccount:kube-system:deployment-controller")
    dialog.get_by_role("button", name="Ask").click()
    expect(dialog).to_contain_text("system:controller:deployment-controller")
    assert violations(live) == []


def test_the_readmes_picture(open_page: OpenPage, playground: Playground, request: pytest.FixtureRequest) -> None:
    """The cluster `demo` as a newcomer sees it after three of the examples."""
    page = open_page(f"{playground.url}/clusters/demo/")
    wait(page, "window.playground?.store.state.connection === 'live'", 20)
    page.get_by_role("button", name="Skip").click()
    for text in EXAMPLES:
        page.evaluate("(text) => playground.api.apply(text)", text)
    wait(page, "playground.store.all('Pod').filter((p) => p.ns === 'default' && p.phase === 'Running').length === 7", 20)
    wait(page, "playground.store.all('Pod').some((p) => p.name === 'giant' && p.msg)")
    page.evaluate("(uid) => playground.select(uid)", uid_of(page, "Pod", "giant"))
    keep(page, request, "live")
    page.get_by_role("tab", name="Scheduling").click()
    keep(page, request, "live-why")
    page.evaluate("playground.ui.set({selected: null, drawer: 'network', outline: false})")
    page.get_by_label("To", exact=True).fill("http://shop/")
    page.get_by_role("button", name="Send", exact=True).click()
    wait(page, "playground.ui.get().trace?.outcome === 'answered'", 20)
    page.wait_for_timeout(7000)  # the dot arrives
    keep(page, request, "live-network")
    page.evaluate("playground.ui.set({drawer: '', trace: null, presenter: true, caption: 'Four replicas, spread over three nodes'})")
    page.evaluate("(uid) => playground.select(uid)", uid_of(page, "Deployment", "web"))
    keep(page, request, "live-presenter")


def test_the_readmes_lesson(open_page: OpenPage, playground: Playground, request: pytest.FixtureRequest) -> None:
    """A rollout half done, with the lesson that asks for it."""
    page = open_page(f"{playground.url}/lessons/deployments/")
    page.get_by_role("button", name="Begin on a new cluster").click()
    page.wait_for_url("**/clusters/**")
    wait(page, "window.playground?.store.state.connection === 'live'", 20)
    page.get_by_role("button", name="Skip").click()
    page.evaluate("(text) => playground.api.apply(text)", (SIMPLE % ("web", 3, "web", "web")).replace("1.27", "1.26"))
    page.evaluate("() => playground.api.clock({action: 'settle', seconds: 300})")
    expect(page.get_by_role("progressbar", name="1 of 2")).to_be_attached()
    page.evaluate("(text) => playground.api.apply(text)", SIMPLE % ("web", 3, "web", "web"))
    wait(page, "playground.store.all('Pod').filter((pod) => pod.root === 'Deployment/web').length === 4")
    page.evaluate("() => playground.api.clock({action: 'pause'})")
    keep(page, request, "live-lesson")


def keep(page: Page, request: pytest.FixtureRequest, name: str) -> None:
    """The page once its motion has come to rest; written when screenshots are asked for."""
    page.wait_for_timeout(1500)
    picture = page.screenshot()
    assert len(picture) > 50_000
    if request.config.getoption("screenshots", False):
        (ROOT / f"docs/screenshots/{name}.png").write_bytes(picture)


def test_the_dashboard_makes_and_deletes_clusters(open_page: OpenPage, playground: Playground) -> None:
    page = open_page(f"{playground.url}/")
    page.get_by_label("Name").fill("from-the-form")
    page.get_by_role("button", name="Create cluster").click()
    page.wait_for_url("**/clusters/from-the-form/")
    page.goto(f"{playground.url}/")
    page.get_by_role("button", name="Delete from-the-form").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="from-the-form")).to_have_count(0)


def test_a_cluster_accepts_any_image_when_its_page_says_so(open_page: OpenPage, playground: Playground) -> None:
    page = open_page(f"{playground.url}/")
    page.get_by_label("Name").fill("any-image")
    page.get_by_role("button", name="Create cluster").click()
    page.wait_for_url("**/clusters/any-image/")
    page.get_by_role("button", name="Skip").click()
    page.keyboard.press("Control+k")
    page.keyboard.type("which images")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Which images can be pulled")
    expect(dialog.get_by_label("Accept any image")).not_to_be_checked()
    assert not violations(page)
    dialog.get_by_label("Accept any image").check()
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Any image can be pulled now")).to_be_visible()
    with playground.client() as client:
        assert client.get("/api/v1/clusters/any-image/images/").json() == {"acceptAnyImage": True}
        client.delete("/api/v1/clusters/any-image/")


def test_pages_speak_the_readers_language_and_keep_foreign_content_out(playground: Playground) -> None:
    with playground.client() as client:
        answer = client.get("/clusters/none/", headers={"Accept-Language": "de"})
        assert answer.status_code == 404 and "Es gibt keinen Cluster namens none" in answer.text
        policy = client.get("/").headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy and "unsafe" not in policy
