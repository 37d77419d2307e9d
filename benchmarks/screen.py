"""The screen: frames of a big cluster in a real browser without a GPU, and what is loaded before the first view.

`frame_p95_ms` is the time from one animation frame to the next, as the browser gives them, while the picture of 1,000
nodes with 10,000 pods is moved, zoomed through all its levels of detail, and pods change state.
"""

from __future__ import annotations

import functools
import gzip
import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tools import setup

from .durable import percentile

ROOT = Path(__file__).resolve().parent.parent
NODES, PODS = 1000, 10_000
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update", "--disable-sync")
WORK = """async (level) => {
  const canvas = document.querySelector(".diagram-canvas");
  const centre = { offsetX: 0, offsetY: 0, clientX: canvas.clientWidth / 2, clientY: canvas.clientHeight / 2, bubbles: true };
  const key = (name) => canvas.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true }));
  playground.diagram.fit();
  for (let n = 0; n < 20; n++) await new Promise(requestAnimationFrame);
  playground.diagram.zoom(level);
  const pods = playground.store.all("Pod");
  const steps = ["ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown"];
  const times = [];
  let last = await new Promise(requestAnimationFrame);
  for (let n = 0; n < 90; n++) {
    key(steps[(n >> 3) % 4]);
    playground.diagram.zoom(n % 20 < 10 ? 1.03 : 1 / 1.03);
    if (n % 3 === 0) mock.change(pods[(n * 37) % pods.length], { phase: n % 2 ? "Running" : "Pending", reason: "" });
    const now = await new Promise(requestAnimationFrame);
    times.push(now - last);
    last = now;
  }
  return times;
}"""
"""One level of detail: `level` is how far the whole is zoomed into."""
LEVELS = (1, 6, 25)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Keep the output for the figures."""


@contextmanager
def served_files() -> Iterator[str]:
    setup.bundle(dev=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(ROOT / "static")))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@contextmanager
def big_cluster() -> Iterator[Page]:
    """The page with the picture of the big cluster, at rest."""
    path = next((found for name in setup.CHROMIUM_NAMES if (found := shutil.which(name))), None)
    with served_files() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{url}/dev/mock.html?nodes={NODES}&pods={PODS}&still&bare")
        page.wait_for_function(f"() => window.playground?.diagram.drawn().pods === {PODS}", timeout=60_000)
        yield page
        browser.close()


def frames() -> dict[str, float]:
    """p95 of the worst level, and of each: from far, between, near."""
    with big_cluster() as page:
        page.evaluate(WORK, LEVELS[0])  # once to get warm
        found = [percentile(page.evaluate(WORK, level), 0.95) for level in LEVELS]
    return {"frame_p95_ms": max(found), **{f"frame_p95_{name}_ms": value for name, value in zip(("far", "mid", "near"), found, strict=True)}}


def first_view_kib() -> float:
    """The cluster page's scripts and style sheet, compressed; what is imported later does not count."""
    setup.bundle(dev=False)
    outputs = json.loads((ROOT / "static/dist/meta.json").read_text())["outputs"]
    seen: set[str] = set()
    waiting = ["static/dist/cluster.js", "static/dist/theme.css"]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += [one["path"] for one in outputs[name]["imports"] if one["kind"] == "import-statement"]
    return sum(len(gzip.compress((ROOT / name).read_bytes())) for name in seen) / 1024


def figures() -> dict[str, float]:
    return {"first_view_kib": first_view_kib(), **frames()}
