"""A real headless Chromium, and the mock page it opens (static/dev): the screen without a server behind it."""

from __future__ import annotations

import functools
import http.server
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tools import setup

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", action="store_true", help="write docs/screenshots/*.png")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "complaints: the page may log errors, such as a connection that is refused")


expect.set_options(timeout=20_000)
"""How long something may take to appear: a busy machine must fail nothing."""


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Closed after these tests: Playwright keeps an event loop running, beside which no asyncio test can run."""
    path = next((found for name in setup.CHROMIUM_NAMES if (found := shutil.which(name))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Keep the test's output for the test."""


@pytest.fixture(scope="session")
def static_url() -> Iterator[str]:
    setup.bundle(dev=True)
    handler = functools.partial(_Quiet, directory=str(ROOT / "static"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """open_page(url, scheme="light", size="desktop") -> Page. Anything the page logs as an error fails the test."""
    contexts, complaints = [], []

    def hear(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    def open_(url: str, scheme: str = "light", size: str = "desktop", reduced: bool = False, **more: Any) -> Page:
        width, height = SIZES[size]
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type]
            reduced_motion="reduce" if reduced else "no-preference",
            **more,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        return page

    yield open_
    for context in contexts:
        context.close()
    allowed = request.node.get_closest_marker("complaints")
    assert allowed or not complaints, complaints


@pytest.fixture
def mock_page(open_page: OpenPage, static_url: str) -> OpenPage:
    """mock_page(nodes=3, ..., scheme=, size=): the cluster's page over the mock server, once its picture is there."""

    def open_(scheme: str = "light", size: str = "desktop", reduced: bool = False, **query: Any) -> Page:
        page = open_page(f"{static_url}/dev/mock.html?{urlencode(query)}", scheme=scheme, size=size, reduced=reduced)
        if "dashboard" not in query:
            wait(page, "window.playground?.store.state.connection === 'live'")
            wait(page, "playground.diagram.drawn().rooms > 0 || playground.store.kind('Node').size === 0")
        return page

    return open_


def wait(page: Page, expression: str, seconds: float = 30) -> None:
    """Until that is true. Asked from outside, since the page's content policy forbids evaluating strings inside."""
    end = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < end, expression
        page.wait_for_timeout(30)


def uid_of(page: Page, kind: str, name: str) -> str:
    found: str = page.evaluate("([k, n]) => playground.store.all(k).find((o) => o.name === n).uid", [kind, name])
    return found


def click_on_picture(page: Page, uid: str) -> None:
    """Click where the picture shows that object."""
    canvas = page.locator("canvas").bounding_box()
    point = page.evaluate("(uid) => playground.diagram.where(uid)", uid)
    assert canvas and point
    page.mouse.click(canvas["x"] + point["x"], canvas["y"] + point["y"])
