"""What the screen must survive, over the real product: a bad network, and markup wherever a cluster can hold text."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.playground.processes import Playground, running
from tools import setup

from .conftest import OpenPage, uid_of, wait

pytestmark = [pytest.mark.browser, pytest.mark.slow]
BAD = "<img src=x onerror='window.hacked=1'><b>bold</b>"
SEEN = "JSON.stringify(['Pod', 'Node', 'Service', 'Deployment', 'ReplicaSet', 'EndpointSlice'].map((k) => playground.store.all(k).map((o) => [o.uid, o.rv, o.phase]).sort()))"
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "annotations": {"note": BAD}},
    "spec": {
        "replicas": 3,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1.27"}]}},
    },
}
SHOUTING = {"name": "c", "image": "busybox", "command": ["sh", "-c", f'echo "{BAD}"; sleep 100000']}
OBJECTS = [
    DEPLOYMENT,
    {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "loud", "annotations": {"note": BAD}}, "spec": {"containers": [SHOUTING]}},
    {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "odd"}, "spec": {"containers": [{"name": "c", "image": BAD}]}},
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "data"}, "data": {"text": BAD}},
    {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "told", "namespace": "default"},
        "involvedObject": {"kind": "Pod", "namespace": "default", "name": BAD},
        "type": "Warning",
        "reason": BAD,
        "message": BAD,
        "source": {"component": BAD},
    },
]


@pytest.fixture(scope="module")
def playground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    setup.bundle(dev=False)
    with running(tmp_path_factory.mktemp("robust") / "data") as product:
        yield product


def opened(page: Page) -> Page:
    wait(page, "window.playground?.store.state.connection === 'live'", 20)
    page.evaluate("playground.ui.set({tour: -1})")
    return page


class BadNetwork:
    """Between page and server: loses, cuts short, repeats and makes up frames, and hangs up."""

    def __init__(self, seed: int) -> None:
        self.chance, self.calm, self.done = random.Random(seed), False, 0

    def __call__(self, wire: WebSocketRoute) -> None:
        server = wire.connect_to_server()
        server.on_message(lambda message: self.pass_on(wire, message))

    def pass_on(self, wire: WebSocketRoute, message: str | bytes) -> None:
        what = "pass" if self.calm else self.chance.choice(["pass", "pass", "lose", "cut", "repeat", "invent", "hang up"])
        self.done += what != "pass"
        if what == "hang up":
            wire.close()
        elif what == "invent":
            wire.send(json.dumps({"type": "delta", "from": 1, "revision": 2, "changes": [["del", "Node", "x"]]}))
        elif what != "lose":
            wire.send(message[: len(message) // 2] if what == "cut" else message)
            if what == "repeat":
                wire.send(message)


@pytest.mark.complaints
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_the_network_does_the_picture_ends_as_the_servers(open_page: OpenPage, playground: Playground, seed: int) -> None:
    network = BadNetwork(seed)
    page = open_page("about:blank")
    page.route_web_socket("**/ws/clusters/demo/", network)
    page.goto(f"{playground.url}/clusters/demo/")
    wait(page, "!!window.playground", 20)
    page.evaluate("(text) => void playground.api.apply(text)", json.dumps(DEPLOYMENT))
    for replicas in (6, 1, 4):
        page.evaluate("(replicas) => void playground.api.patch({kind: 'Deployment', ns: 'default', name: 'web'}, {spec: {replicas}})", replicas)
        page.wait_for_timeout(400)
    network.calm = True
    page.evaluate("() => playground.api.patch({kind: 'Deployment', ns: 'default', name: 'web'}, {spec: {replicas: 2}})")
    settled = "playground.store.state.connection === 'live' && playground.store.all('Pod').filter((p) => p.root === 'Deployment/web' && p.phase === 'Running').length === 2 && playground.store.all('Pod').filter((p) => p.deleting).length === 0"
    wait(page, settled, 60)
    fresh = opened(open_page(f"{playground.url}/clusters/demo/"))
    end = time.monotonic() + 30  # the cluster may still be at work: both must come to the same
    while page.evaluate(SEEN) != fresh.evaluate(SEEN):
        assert time.monotonic() < end, (page.evaluate(SEEN), fresh.evaluate(SEEN))
        page.wait_for_timeout(100)
    assert network.done > 3


def test_markup_is_text_on_every_screen(open_page: OpenPage, playground: Playground) -> None:
    page = opened(open_page(f"{playground.url}/clusters/demo/"))
    page.evaluate("(text) => playground.api.apply(text)", "\n---\n".join(json.dumps(one) for one in OBJECTS))
    wait(page, "playground.store.all('Pod').some((p) => p.name === 'loud' && p.phase === 'Running')", 30)
    wait(page, "playground.store.all('Event').some((e) => e.reason.startsWith('<img'))")
    for kind, name in (("Pod", "loud"), ("Pod", "odd"), ("Deployment", "web")):
        page.evaluate("(uid) => playground.select(uid)", uid_of(page, kind, name))
        for tab in page.get_by_role("complementary", name="Inspector").get_by_role("tab").all():
            tab.click()
            page.wait_for_timeout(250)
            harmless(page)
    page.evaluate("(uid) => playground.ui.set({selected: uid, caption: '<b>said</b>', presenter: true})", uid_of(page, "Pod", "loud"))
    for drawer in ("yaml", "explorer", "logs", "events", "charts", "network", "terminal"):
        page.evaluate("(drawer) => playground.ui.set({drawer})", drawer)
        page.wait_for_timeout(400)
        harmless(page)
    page.evaluate("() => playground.ui.set({drawer: 'logs'})")
    expect(page.locator(".drawer-logs")).to_contain_text("<b>bold</b>")
    page.evaluate("(text) => playground.ui.set({drawer: 'network', trace: {target: text, outcome: text, at: 0, run: 1, way: [{step: 0}], steps: [{kind: text, text, seconds: 0, details: [text]}]}})", BAD)
    expect(page.locator(".hops")).to_contain_text("<b>bold</b>")
    for dialog in ("commands", "share", "access", "create"):
        page.evaluate("(dialog) => playground.ui.set({dialog})", dialog)
        page.wait_for_timeout(150)
        harmless(page)
        page.keyboard.press("Escape")


def harmless(page: Page) -> None:
    found = page.evaluate("[window.hacked === undefined, document.querySelectorAll('#app img, #app b').length]")
    assert found == [True, 0]


@pytest.mark.complaints
def test_without_the_network_the_page_says_so_in_words_and_loads_what_was_missing_later(open_page: OpenPage, playground: Playground) -> None:
    page = open_page(f"{playground.url}/clusters/demo/")
    wait(page, "window.playground?.store.state.connection === 'live'", 20)
    page.get_by_role("button", name="Skip").click()
    sockets: list[WebSocketRoute] = []
    page.route_web_socket("**/ws/**", lambda socket: (sockets.append(socket), socket.connect_to_server())[0])
    page.reload()
    wait(page, "window.playground?.store.state.connection === 'live'", 20)
    page.context.set_offline(True)
    sockets[-1].close()
    expect(page.get_by_text("Connection lost. Reconnecting…")).to_be_visible()
    page.get_by_role("button", name="Objects", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("This could not be loaded")
    page.evaluate("(uid) => playground.select(uid)", uid_of(page, "Node", "node-1"))
    page.get_by_role("button", name="Cordon").click()
    expect(page.locator(".toast")).to_contain_text("The playground cannot be reached")
    page.context.set_offline(False)
    wait(page, "playground.store.state.connection === 'live'", 20)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".explorer-table")).to_contain_text("kube-proxy")
