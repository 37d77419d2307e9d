"""Keys become lines as people are used to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.terminal.lineeditor import LineEditor, is_whole

UP, DOWN, LEFT, HOME, DELETE = "\x1b[A", "\x1b[B", "\x1b[D", "\x1b[H", "\x1b[3~"


def editor(*candidates: str) -> LineEditor:
    made = LineEditor(lambda: "# ", lambda before: [each for each in candidates if each.startswith(before.split(" ")[-1])])
    made.begin()
    return made


def typed(made: LineEditor, text: str) -> str | None:
    line = None
    for key in LineEditor.keys(text):
        _, done = made.key(key)
        if done is not None:
            line = done
            made.begin()
    return line


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ("echo hi\r", "echo hi"),
        ("ecko\x7f\x7fho hi\r", "echo hi"),
        (f"bc{LEFT}{LEFT}a\r", "abc"),
        (f"xabc{HOME}{DELETE}\r", "abc"),
        ("one two\x17three\r", "one three"),
        ("gone\x15stays\r", "stays"),
        ("gone\x03stays\r", "stays"),
        ("\x04", "exit"),
        ("ignored\x1b[5;5Z\x00\r", "ignored"),
    ],
)
def test_keys_edit_the_line(keys: str, line: str) -> None:
    assert typed(editor(), keys) == line


def test_history_comes_back_and_the_unfinished_line_too() -> None:
    made = editor()
    typed(made, "first\rsecond\r")
    assert typed(made, f"{UP}{UP}\r") == "first"
    assert typed(made, f"unfinished{UP}{UP}{UP}{DOWN}{DOWN}{DOWN}{DOWN}\r") == "unfinished"


def test_tab_completes() -> None:
    made = editor("manifests/", "machine")
    assert typed(made, "cd man\t\r") == "cd manifests/"
    assert typed(made, "cat mac\t\r") == "cat machine "


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("echo hi", True),
        ("echo 'hi", False),
        ("echo hi \\", False),
        ("cat <<EOF > x", False),
        ("cat <<EOF > x\nit's\nEOF", True),
        ("echo 'a\nb'", True),
    ],
)
def test_a_script_goes_on_until_it_is_whole(text: str, whole: bool) -> None:
    assert is_whole(text) is whole


@given(st.text(max_size=60))
def test_no_input_breaks_it(text: str) -> None:
    typed(editor("a", "ab"), text)
