"""Every screen at every width, in both languages and both colour schemes: nothing is wider than the window, axe finds
nothing, and the tools keep to one row where there is room."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from playground.grading import catalogue
from tests.playground.processes import Playground, running
from tools import setup

from .conftest import OpenPage, wait
from .test_screen import AXE, violations

pytestmark = pytest.mark.browser
WIDTHS = [(390, 844), (768, 1024), (1024, 768), (1440, 900), (720, 450)]
"""A phone, a tablet both ways, a desk, and the desk at 200 %."""
TOO_WIDE = """() => {
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= room) return [];
  return [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > room + 0.5).map((one) => `${one.tagName}.${one.getAttribute('class') ?? ''}`).slice(0, 5);
}"""


def uid(kind: str, name: str) -> str:
    return f"playground.store.all('{kind}').find((one) => one.name === '{name}').uid"


def inspect(kind: str, name: str, tab: str) -> str:
    return f"playground.ui.set({{drawer: '', timeline: false, dialog: ''}}), playground.select({uid(kind, name)}), playground.ui.set({{tab: '{tab}'}})"


STATES = {
    "plain": "playground.ui.set({})",
    **{f"pod {tab}": inspect("Pod", "giant", tab) for tab in ("facts", "why", "story", "events", "yaml")},
    **{f"deployment {tab}": inspect("Deployment", "web", tab) for tab in ("facts", "rollout", "story")},
    "node": inspect("Node", "node-1", "facts"),
    "part": inspect("Component", "kube-scheduler", "facts"),
    **{f"drawer {tab}": f"playground.ui.set({{selected: null, drawer: '{tab}'}})" for tab in ("yaml", "explorer", "logs", "events", "charts", "network")},
    "tall drawer": "playground.ui.set({drawer: 'explorer', tall: true})",
    "history": "playground.ui.set({drawer: '', tall: false, timeline: true})",
    "presenter": "playground.ui.set({timeline: false, presenter: true, caption: 'A long caption that says what has just happened in this cluster, and why'})",
    **{f"dialog {name}": f"playground.ui.set({{presenter: false, caption: '', dialog: '{name}', dialogData: null}})" for name in ("access", "addNode", "create", "images", "share", "kubeconfig", "commands")},
    "dialog scale": f"playground.ui.set({{dialog: 'scale', dialogData: {{uid: {uid('Deployment', 'web')}}}}})",
    "dialog confirm": "playground.ui.set({dialog: 'confirm', dialogData: {question: 'Delete Deployment web?', line: 'kubectl delete deployment/web', then() {}}})",
    "tour": "playground.ui.set({dialog: '', tour: 0})",
}  # fmt: skip
"""What the cluster's page can show, each by what leads from the one before to it."""


def states(page: Page) -> Iterator[str]:
    for name, how in STATES.items():
        page.evaluate(f"() => {{ {how} }}")
        page.wait_for_timeout(150)
        yield name


@pytest.mark.parametrize("lang", ["en", "de"])
@pytest.mark.parametrize(("width", "height"), WIDTHS)
def test_nothing_on_a_clusters_page_is_wider_than_the_window(mock_page: OpenPage, lang: str, width: int, height: int) -> None:
    page = mock_page(lang=lang, nodes=4, still=1, size="phone" if width < 500 else "desktop", reduced=True)
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate(f"playground.ui.set({{outline: {str(width > 800).lower()}}})")
    found = {name: too_wide for name in states(page) if (too_wide := page.evaluate(TOO_WIDE))}
    assert found == {}


@pytest.mark.parametrize("lang", ["en", "de"])
def test_the_tools_stay_in_one_row_at_a_desk(mock_page: OpenPage, lang: str) -> None:
    page = mock_page(lang=lang, still=1)
    boxes = page.evaluate("[...document.querySelectorAll('.toolbar > *, .layers > *')].map((one) => one.getBoundingClientRect()).map(({top, bottom}) => [top, bottom])")
    assert len(boxes) > 10
    assert max(top for top, _ in boxes) < min(bottom for _, bottom in boxes)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_axe_finds_nothing_in_any_state_of_a_clusters_page(mock_page: OpenPage, scheme: str, size: str) -> None:
    page = mock_page(scheme=scheme, size=size, reduced=True, still=1, nodes=4)
    found = {name: wrong for name in states(page) if (wrong := violations(page))}
    assert found == {}


# --- the pages of the product ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    setup.bundle(dev=False)
    with running(tmp_path_factory.mktemp("screens") / "data") as product:
        yield product


@pytest.fixture(scope="module")
def addresses(product: Playground) -> dict[str, str]:
    with product.client() as client:
        followed = client.post("/api/v1/clusters/demo/follow/").json()["url"]
        slow = catalogue.find("node-loss").starter.files["manifests.yaml"]
        wanted = {"params": {"wait": 60}, "json": {"manifests": slow}, "timeout": 90}
        made = client.post("/api/v1/exercises/node-loss/submissions/", **wanted).json()
    pages = ("/", "/lessons/", "/lessons/deployments/", "/exercises/", "/exercises/first-pod/", "/demos/", "/nothing/", "/clusters/none/", "/follow/none/")
    graded = (f"/exercises/node-loss/submissions/{made['id']}/", *list(made["links"].values())[:1], f"/submissions/{made['id']}/moment/")
    return {page: product.url + page for page in (*pages, *graded)} | {"/follow/": followed}


def settled(page: Page) -> None:
    page.wait_for_load_state("networkidle") if page.locator("#app").count() == 0 else page.locator("#app > *").first.wait_for()


@pytest.mark.slow
@pytest.mark.complaints  # pages that are not there say so
@pytest.mark.parametrize("locale", ["en", "de"])
def test_no_page_is_wider_than_the_window(open_page: OpenPage, addresses: dict[str, str], locale: str) -> None:
    page = open_page("about:blank", locale=locale)
    found = {}
    for name, address in addresses.items():
        page.goto(address)
        settled(page)
        for width, height in WIDTHS:
            page.set_viewport_size({"width": width, "height": height})
            if too_wide := page.evaluate(TOO_WIDE):
                found[name, width] = too_wide
    assert found == {}


@pytest.mark.slow
@pytest.mark.complaints
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_axe_finds_nothing_on_any_page(open_page: OpenPage, addresses: dict[str, str], scheme: str, size: str) -> None:
    page = open_page("about:blank", scheme=scheme, size=size, reduced=True)
    found = {}
    for name, address in addresses.items():
        page.goto(address)
        settled(page)
        if wrong := violations(page):
            found[name] = wrong
    assert found == {}


SWAGGERS_OWN = ("nested-interactive", "select-name", "region")
"""What its markup does and we cannot mend from outside: buttons in a row that is a button, a list without a name."""


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_documentation_of_the_api_is_readable(open_page: OpenPage, product: Playground, scheme: str) -> None:
    page = open_page(f"{product.url}/api/docs/", scheme=scheme)
    page.locator(".opblock-tag").filter(has_text="Nodes and parts").click()
    page.locator(".opblock-summary-control").first.click()
    expect(page.get_by_text("Parameters").first).to_be_visible()
    page.evaluate(AXE)
    rules: dict[str, Any] = {rule: {"enabled": False} for rule in SWAGGERS_OWN}
    found = page.evaluate("(rules) => axe.run(document, {rules})", rules)["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []
    for width, height in WIDTHS:
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate(TOO_WIDE) == []
    page.get_by_role("link", name="Clusters").first.click()
    wait(page, "location.pathname === '/'")
