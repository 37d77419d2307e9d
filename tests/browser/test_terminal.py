"""The terminal and the etcd browser of the running product, in a real browser, as a student uses them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.playground.processes import Playground, running
from tools import setup

from .conftest import OpenPage, wait
from .test_screen import violations

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def playground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playground]:
    setup.bundle(dev=False)
    with running(tmp_path_factory.mktemp("terminal") / "data") as product:
        yield product


@pytest.fixture
def page(open_page: OpenPage, playground: Playground, request: pytest.FixtureRequest) -> Page:
    name = re.sub(r"[^a-z]+", "-", request.node.name)[5:60].strip("-")
    with playground.client() as client:
        assert client.post("/api/v1/clusters/", json={"name": name, "nodes": 2, "seed": 7}).status_code == 201
    page = open_page(f"{playground.url}/clusters/{name}/")
    wait(page, "window.playground?.store.state.connection === 'live'", 30)
    page.get_by_role("button", name="Skip").click()
    return page


def rows(page: Page):  # type: ignore[no-untyped-def]
    """What the shell in front shows."""
    return page.locator(".terminal-host:not([hidden]) .xterm-rows")


def terminal(page: Page) -> None:
    page.get_by_role("button", name="Terminal", exact=True).click()
    expect(rows(page)).to_contain_text("root@control-plane:~#")
    page.wait_for_timeout(200)


def typed(page: Page, line: str) -> None:
    page.keyboard.type(line)
    page.keyboard.press("Enter")


def test_history_completion_and_control_c(page: Page) -> None:
    terminal(page)
    typed(page, "echo one two")
    expect(rows(page)).to_contain_text("one two")
    page.keyboard.press("ArrowUp")
    page.keyboard.type(" three")
    page.keyboard.press("Enter")
    expect(rows(page)).to_contain_text("one two three")
    page.keyboard.type("ls /etc/kubernetes/man")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(rows(page)).to_contain_text("kube-apiserver.yaml")
    typed(page, "kubectl get pods -A -w")
    expect(rows(page)).to_contain_text("kube-proxy")
    page.keyboard.press("Control+c")
    typed(page, "echo back again")
    expect(rows(page)).to_contain_text("back again")
    typed(page, "ps aux | grep kube-apiserver | tr ' ' '\\n' | grep authorization")
    expect(rows(page)).to_contain_text("--authorization-mode=Node,RBAC")


def test_streaming_commands_and_shells_in_containers(page: Page) -> None:
    terminal(page)
    typed(page, "kubectl run web --image=nginx && kubectl wait --for=condition=Ready pod/web")
    expect(rows(page)).to_contain_text("condition met")
    typed(page, "clear")
    typed(page, "kubectl logs -f web")
    expect(rows(page)).to_contain_text("ready for start up")
    page.keyboard.press("Control+c")
    typed(page, "clear")
    typed(page, "kubectl exec -it web -- sh")
    expect(rows(page)).to_contain_text("/ #")
    typed(page, "hostname")
    expect(rows(page)).to_contain_text("web")
    typed(page, "exit")
    expect(rows(page)).to_contain_text("root@control-plane:~#")


def test_files_and_objects_open_in_the_editor(page: Page) -> None:
    terminal(page)
    typed(page, "vi /root/notes.txt")
    editor = page.get_by_role("textbox", name="Editing /root/notes.txt")
    expect(editor).to_be_focused()
    page.keyboard.type("remember this")
    page.get_by_role("button", name="Save").click()
    typed(page, "cat /root/notes.txt")
    expect(rows(page)).to_contain_text("remember this")
    typed(page, "kubectl create configmap settings --from-literal=mode=slow && kubectl edit configmap settings")
    form = page.locator(".terminal-edit")
    expect(form.locator(".cm-content")).to_contain_text("mode: slow")
    form.locator(".cm-line", has_text="mode: slow").click()
    page.keyboard.press("End")
    page.keyboard.press("Shift+Control+ArrowLeft")
    page.keyboard.type("fast")
    page.get_by_role("button", name="Save").click()
    expect(rows(page)).to_contain_text("configmap/settings replaced")


def test_several_shells_and_all_of_them_after_a_reload(page: Page) -> None:
    terminal(page)
    typed(page, "cd /etc; echo first")
    page.get_by_role("combobox", name="Machine").select_option("node-1")
    page.get_by_role("button", name="New shell on node-1").click()
    expect(rows(page)).to_contain_text("root@node-1:~#")
    typed(page, "echo second")
    expect(rows(page)).to_contain_text("second")
    assert violations(page) == []
    page.reload()
    wait(page, "window.playground?.store.state.connection === 'live'", 30)
    expect(rows(page)).to_contain_text("second")
    page.get_by_role("group", name="Shells").get_by_role("button", name="control-plane", exact=True).click()
    expect(rows(page)).to_contain_text("root@control-plane:/etc#")
    page.get_by_role("button", name="End the shell on node-1").click()
    expect(page.get_by_role("group", name="Shells").get_by_role("button", name="node-1", exact=True)).to_have_count(0)


def test_etcd_shows_keys_values_and_changes(page: Page) -> None:
    page.evaluate("playground.ui.set({drawer: 'etcd'})")
    page.get_by_role("searchbox", name="Keys that begin with").fill("/registry/configmaps/default/")
    page.evaluate("playground.api.apply('apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: settings}\\ndata: {mode: slow}\\n')")
    page.get_by_role("button", name="/registry/configmaps/default/settings").click()
    value = page.locator(".etcd-value pre")
    expect(value).to_contain_text('"mode": "slow"')
    page.evaluate("playground.api.apply('apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: settings}\\ndata: {mode: fast}\\n')")
    expect(value).to_contain_text('"mode": "fast"')
    page.get_by_role("group", name="Versions").get_by_role("button").nth(2).click()
    expect(value).to_contain_text('"mode": "slow"')
    assert violations(page) == []
