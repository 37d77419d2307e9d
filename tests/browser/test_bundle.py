"""What a browser downloads: how much before the first view, and from where."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from tools import setup

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "static/dist"
FIRST_VIEW_BYTES = 350 * 1024


@pytest.fixture(scope="module")
def outputs() -> dict[str, dict]:
    setup.bundle(dev=False)
    return json.loads((DIST / "meta.json").read_text())["outputs"]


def first_view(outputs: dict[str, dict], entry: str) -> set[str]:
    """The entry and what it imports at once; dynamic imports come later."""
    seen, waiting = set(), [entry]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        waiting += [one["path"] for one in outputs[name]["imports"] if one["kind"] == "import-statement"]
    return seen


@pytest.mark.parametrize("entry", ["cluster", "dashboard"])
def test_the_first_view_stays_within_its_budget(outputs: dict[str, dict], entry: str) -> None:
    files = first_view(outputs, f"static/dist/{entry}.js")
    size = sum(len(gzip.compress((ROOT / name).read_bytes())) for name in files)
    assert size <= FIRST_VIEW_BYTES


def test_the_editor_is_loaded_when_opened(outputs: dict[str, dict]) -> None:
    early = first_view(outputs, "static/dist/cluster.js")
    inputs = [source for name in early for source in outputs[name]["inputs"]]
    assert not [source for source in inputs if "codemirror" in source or "node_modules/yaml" in source]


def test_the_product_holds_no_mock(outputs: dict[str, dict]) -> None:
    assert not [source for one in outputs.values() for source in one["inputs"] if "static/dev" in source]


def test_nothing_comes_from_a_content_delivery_network() -> None:
    for path in [*ROOT.glob("templates/**/*.html"), *ROOT.glob("static/src/**/*.js"), *ROOT.glob("static/src/**/*.css")]:
        found = [url for url in re.findall(r"https?://[^\s\"'`)]+", path.read_text()) if "www.w3.org" not in url]
        assert not found, path


def test_text_is_never_set_as_markup() -> None:
    """Names, labels, events and log lines are text wherever they appear."""
    for path in ROOT.glob("static/src/**/*.js"):
        assert not re.search(r"innerHTML|insertAdjacentHTML|unsafeHTML|outerHTML|document\.write|\beval\(", path.read_text()), path


def test_codemirror_is_the_agreed_version() -> None:
    assert json.loads((ROOT / "package.json").read_text())["dependencies"]["codemirror"] == "6.0.2"
