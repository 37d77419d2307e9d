"""Values print as Go prints them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster_core.machinery import gofmt

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(-1e9, 1e9) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("plain", '"plain"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("tab\tnul\x00del\x7f", '"tab\\tnul\\x00del\\x7f"'),
        ("é世\u200b", '"é世\\u200b"'),
        ("\U000e0001", '"\\U000e0001"'),
    ],
)
def test_quote(text: str, quoted: str) -> None:
    assert gofmt.quote(text) == quoted


def test_maps_print_sorted_and_nested() -> None:
    assert gofmt.verb_v({"b": [1, None, True], "a": {"x": 1.5}}) == "map[a:map[x:1.5] b:[1 <nil> true]]"


@pytest.mark.parametrize(
    ("value", "as_json", "as_v"),
    [(1.0, "1", "1"), (0.1, "0.1", "0.1"), (1e21, "1e+21", "1e+21"), (1e-7, "1e-7", "1e-07"), (1e-5, "0.00001", "1e-05")],
)
def test_floats(value: float, as_json: str, as_v: str) -> None:
    assert (gofmt.json_float(value), gofmt.float_text(value)) == (as_json, as_v)


@given(JSON)
def test_json_reads_back_as_what_was_written(value: object) -> None:
    assert json.loads(gofmt.json_text(value)) == value


def test_json_escapes_html_and_line_separators() -> None:
    assert gofmt.json_text("<&>\u2028\x01") == '"\\u003c\\u0026\\u003e\\u2028\\u0001"'
