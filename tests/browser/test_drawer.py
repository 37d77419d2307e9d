"""The work area in a real browser: tables of every kind, logs, the terminal, and the address that keeps what is open."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from .conftest import OpenPage, uid_of, wait
from .test_screen import violations

pytestmark = pytest.mark.browser


def tab(page: Page, name: str) -> Page:
    if not page.locator(".drawer").is_visible():
        page.get_by_role("button", name="Events", exact=True).click()
    page.get_by_role("tab", name=name).click()
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_tables_and_logs_are_accessible(mock_page: OpenPage, scheme: str, size: str) -> None:
    page = tab(mock_page(scheme=scheme, size=size, reduced=True), "Objects")
    expect(page.get_by_role("row").nth(1)).to_be_visible()
    assert violations(page) == []
    tab(page, "Logs")
    assert violations(page) == []


def test_a_table_has_the_servers_columns_and_can_be_searched_and_sorted(mock_page: OpenPage) -> None:
    page = tab(mock_page(still=1), "Objects")
    table = page.get_by_role("region", name="Objects")
    expect(table.get_by_role("columnheader", name="Restarts")).to_be_visible()
    expect(table.get_by_role("columnheader", name="Node")).to_have_count(0)
    page.get_by_role("button", name="All columns").click()
    expect(table.get_by_role("columnheader", name="Node")).to_be_visible()
    page.get_by_role("searchbox").fill("crash")
    expect(table.get_by_role("row")).to_have_count(2)
    assert "q=crash" in page.url
    page.get_by_role("searchbox").fill("")
    page.get_by_role("button", name="Restarts").click()
    page.get_by_role("button", name="Restarts").click()
    expect(table.get_by_role("row").nth(1)).to_contain_text("crash")


def test_a_table_leads_to_the_object(mock_page: OpenPage) -> None:
    page = tab(mock_page(), "Objects")
    page.get_by_role("region", name="Objects").get_by_role("button", name="giant", exact=True).click()
    expect(page.get_by_role("complementary", name="Inspector")).to_contain_text("giant")


def test_the_address_keeps_what_is_open(mock_page: OpenPage) -> None:
    page = tab(mock_page(), "Objects")
    page.get_by_role("combobox", name="Kind").select_option("deployments.apps")
    expect(page.get_by_role("region", name="Objects").get_by_role("button", name="web", exact=True)).to_be_visible()
    page.goto(page.url)
    expect(page.get_by_role("region", name="Objects").get_by_role("button", name="web", exact=True)).to_be_visible()
    expect(page.get_by_role("combobox", name="Kind")).to_have_value("deployments.apps")


def test_a_table_follows_the_cluster(mock_page: OpenPage) -> None:
    page = tab(mock_page(still=1), "Objects")
    page.get_by_role("combobox", name="Kind").select_option("nodes")
    expect(page.get_by_role("row")).to_have_count(4)
    page.evaluate("mock.put({k: 'Node', name: 'late', ready: 'True', machine: 'on'})")
    expect(page.get_by_role("region", name="Objects")).to_contain_text("late")


def test_logs_are_text_and_can_be_narrowed(mock_page: OpenPage) -> None:
    page = mock_page()
    page.evaluate("(uid) => playground.select(uid)", uid_of(page, "Pod", "crash"))
    page.get_by_role("button", name="Logs", exact=True).click()
    log = page.get_by_role("log")
    expect(log).to_contain_text("first line")
    expect(log).to_contain_text("<b>bold</b>")
    page.get_by_role("searchbox").fill("last")
    expect(log).to_have_text("last line")
    expect(page.get_by_text("kubectl logs crash")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_terminal_carries_keys_output_and_edited_files(mock_page: OpenPage, scheme: str) -> None:
    page = mock_page(scheme=scheme, reduced=True)
    heard: list[str] = []

    def serve(socket: WebSocketRoute) -> None:
        socket.on_message(lambda message: (heard.append(str(message)), None)[1])
        socket.send('{"type": "output", "data": "$ \\u001b[31mhello\\u001b[0m"}')
        socket.send('{"type": "edit", "path": "/tmp/a.yaml", "content": "kind: Pod"}')

    page.route_web_socket("**/terminal/", serve)
    page.get_by_role("button", name="Terminal").click()
    expect(page.locator(".xterm-rows")).to_contain_text("$ hello")
    expect(page.get_by_label("Editing /tmp/a.yaml")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.type("Template")
    page.get_by_role("button", name="Save").click()
    page.keyboard.type("ls")
    page.wait_for_timeout(300)
    assert any('"type":"resize"' in one and '"cols"' in one for one in heard)
    assert '{"type":"save","path":"/tmp/a.yaml","content":"kind: PodTemplate"}' in heard
    assert [one for one in heard if "input" in one] == ['{"type":"input","data":"l"}', '{"type":"input","data":"s"}']
    assert page.evaluate("document.querySelector('.xterm-screen').getBoundingClientRect().height > 100")
    assert violations(page) == []


@pytest.mark.complaints
def test_a_server_without_terminal_is_told(mock_page: OpenPage) -> None:
    page = tab(mock_page(), "Terminal")
    expect(page.get_by_text("No terminal here")).to_be_visible()
    wait(page, "document.querySelector('.terminal-host').hidden")


def test_any_object_can_be_deleted_from_its_row(mock_page: OpenPage) -> None:
    page = tab(mock_page(still=1), "Objects")
    page.get_by_role("button", name="Delete giant").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    wait(page, "!playground.store.all('Pod').some((pod) => pod.name === 'giant')")
    expect(page.get_by_text("kubectl delete pod/giant")).to_be_visible()
