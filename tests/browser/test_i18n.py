"""No text is left out of the catalogues: pages, templates and both languages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tools import messages

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "static/src"


def catalogue(language: str) -> dict[str, str]:
    """Of all its files."""
    text = "".join(path.read_text() for path in sorted((SRC / "i18n").glob(f"{language}*.js")))
    return dict(re.findall(r'^  "([^"]+)": "((?:[^"\\]|\\.)*)"', text, re.M))


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


def templates_in(code: str) -> Iterator[str]:
    """The markup of each html`...`, with 0 where code stands. Templates inside that code come on their own."""
    start = code.find("html`")
    while start >= 0:
        markup, at, inner = "", start + 5, []
        while code[at] != "`":
            if code.startswith("${", at):
                end = end_of_code(code, at + 2)
                inner.append(code[at + 2 : end - 1])
                markup, at = markup + "0", end
            else:
                markup, at = markup + code[at], at + 1
        yield markup
        for piece in inner:
            yield from templates_in(piece)
        start = code.find("html`", at)


def end_of_code(code: str, at: int) -> int:
    """The place after the } that closes a ${ begun before `at`, past templates nested in it."""
    depth = 1
    while depth:
        if code[at] == "`":
            at = end_of_template(code, at + 1)
            continue
        depth += {"{": 1, "}": -1}.get(code[at], 0)
        at += 1
    return at


def end_of_template(code: str, at: int) -> int:
    while code[at] != "`":
        at = end_of_code(code, at + 2) if code.startswith("${", at) else at + 1
    return at + 1


@pytest.mark.parametrize("path", [path for path in sources() if "html`" in path.read_text()], ids=lambda path: path.name)
def test_views_hold_no_text_of_their_own(path: Path) -> None:
    markups = list(templates_in(path.read_text()))
    assert markups
    for markup in markups:
        parser = Words()
        parser.feed(markup)
        assert [word for word in parser.words if word not in ("Ctrl", "NotReady")] == [], markup


@pytest.mark.parametrize("path", sorted((ROOT / "locale").rglob("django.po")), ids=lambda path: path.parts[-3])
def test_translations_are_compiled_and_complete(path: Path) -> None:
    texts = messages.parse(path.read_text())
    assert path.with_suffix(".mo").read_bytes() == messages.compiled(texts)
    wanted = {text for template in html_templates() for text in texts_of_template(template.read_text())}
    wanted |= {text for path in (ROOT / "playground").rglob("*.py") for text in texts_of_code(path.read_text())}
    assert wanted - texts.keys() == set()
    assert {key: text for key, text in texts.items() if placeholders(key) != placeholders(text)} == {}


def html_templates() -> list[Path]:
    return [*(ROOT / "templates").glob("*.html"), *(ROOT / "playground").rglob("templates/**/*.html")]


def texts_of_template(text: str) -> set[str]:
    found = {one or other for one, other in re.findall(r"""{% trans(?:late)? (?:"([^"]+)"|'([^']+)')""", text)}
    blocks = re.findall(r"{% blocktrans(?:late)?[^%]*%}(.*?){% endblocktrans(?:late)? %}", text, re.S)
    return found | {re.sub(r"{{ (\w+) }}", r"%(\1)s", block) for block in blocks}


def texts_of_code(text: str) -> set[str]:
    """What is handed to gettext, now or later: `_("...")` and `Said("...")`, and other templates that have words in them."""
    tree = ast.parse(text)
    pieces = {id(piece) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for piece in ast.walk(node)}
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    called = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    handed = {id(node.args[0]) for node in called if node.func.id in ("_", "Said") and node.args}
    plain = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    is_text = [node.value for node in plain if id(node) in handed or (placeholders(node.value) and id(node) not in pieces | docs)]
    return {each for each in is_text if re.search(r"[^\W\d_]", re.sub(r"%\(\w+\)\w", "", each))}


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)[sg]", text))


def test_no_text_is_kept_that_nothing_shows() -> None:
    code = "".join(path.read_text() for path in sources())
    composed = re.findall(r"t\(`([\w.-]+)\.\$\{", code)
    unused = {
        key
        for key in catalogue("en")
        if f'"{key.removesuffix(".one")}"' not in code and not any(key.startswith(f"{prefix}.") for prefix in composed)
    }
    assert unused == set()


@pytest.mark.parametrize("path", sorted(html_templates()), ids=lambda path: path.name)
def test_templates_hold_no_text_of_their_own(path: Path) -> None:
    found = Words()
    found.feed(re.sub(r"{% block (?:body_class|main_class|scripts) %}.*?{% endblock %}|{% blocktrans(?:late)?[^%]*%}.*?{% endblocktrans(?:late)? %}|{%.*?%}|{{.*?}}", "", path.read_text(), flags=re.S))
    assert [word for word in found.words if word not in SAME_EVERYWHERE] == []


SAME_EVERYWHERE = {"Markdown", "JUnit", "JSON", "kubeconfig", "ABCD", "EFGH", "JKMN", "PQRS", "name", "email", "Ada", "Lovelace", "ada", "example", "org"}
"""Names, and examples of codes and of a list."""


class Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words += re.findall(r"[^\W\d_]{3,}", data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("aria-label", "title", "placeholder"):
                self.handle_data(value or "")
