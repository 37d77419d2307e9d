"""No text is left out of the catalogues: pages, templates and both languages."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "static/src"
PREFIXES = ("action.node.", "action.part.", "done.node.", "done.part.", "part.", "layer.", "theme.", "connection.", "drawer.")


def catalogue(language: str) -> dict[str, str]:
    return dict(re.findall(r'^  "([^"]+)": "((?:[^"\\]|\\.)*)"', (SRC / f"i18n/{language}.js").read_text(), re.M))


def sources() -> list[Path]:
    return [path for path in SRC.rglob("*.js") if path.parent.name != "i18n"]


def test_both_languages_have_the_same_keys() -> None:
    assert catalogue("en").keys() == catalogue("de").keys()


def test_both_languages_fill_the_same_gaps() -> None:
    german = catalogue("de")
    for key, text in catalogue("en").items():
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", german[key])), key


def test_every_key_the_code_asks_for_exists() -> None:
    known = catalogue("en")
    asked = {key for path in sources() for key in re.findall(r'\bt\(\s*"([^"]+)"', path.read_text())}
    assert asked - known.keys() == set()


def words_in_markup(text: str) -> list[str]:
    """Literal words between tags, or in attributes people read, inside html`...` templates."""
    without_code = re.sub(r"\$\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}", "", text)
    between = re.findall(r">([^<>`]*)<", without_code)
    labels = re.findall(r'(?:aria-label|title|placeholder)="([^"]*)"', without_code)
    return [word for part in between + labels for word in re.findall(r"[A-Za-zÄÖÜäöü]{3,}", part)]


@pytest.mark.parametrize("path", sorted((ROOT / "templates").glob("*.html")), ids=lambda path: path.name)
def test_templates_hold_no_text_of_their_own(path: Path) -> None:
    found = Words()
    found.feed(re.sub(r"{% block (?:body_class|scripts) %}.*?{% endblock %}|{% blocktrans %}.*?{% endblocktrans %}|{%.*?%}|{{.*?}}", "", path.read_text(), flags=re.S))
    assert found.words == []


class Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words += re.findall(r"\w{2,}", data)
