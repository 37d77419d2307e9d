"""YAML is read within bounds and means what it means to Go."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster_core.machinery import yamlio


def test_several_documents_know_their_lines_and_empty_ones_vanish() -> None:
    documents = yamlio.read("# nothing\n---\na: 1\n---\n---\nb: 2\n")
    assert [(document.value, document.line) for document in documents] == [({"a": 1}, 3), ({"b": 2}, 6)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.0", 1),
        ("1e3", 1000),
        ("0x10", 16),
        ("010", 8),
        ("0b11", 3),
        ("1_000", 1000),
        ("1:30", "1:30"),
        ("2020-01-01", "2020-01-01"),
        ("yes", True),
        ("n", False),
        ("'yes'", "yes"),
        ("~", None),
        (".5", 0.5),
        ("!!str 5", "5"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_scalars(text: str, value: Any) -> None:
    read = yamlio.read_one(f"x: {text}")["x"]
    assert read == value
    assert type(read) is type(value)


def test_anchors_and_merge_keys_are_expanded() -> None:
    assert yamlio.read_one("a: &a {i: 1, j: 2}\nb: {<<: *a, j: 3}\n") == {"a": {"i": 1, "j": 2}, "b": {"i": 1, "j": 3}}


def test_a_key_given_twice_is_told_in_gos_words() -> None:
    (document,) = yamlio.read("apiVersion: v1\ndata:\n  k: a\n  k: b\n")
    assert document.value["data"] == {"k": "b"}
    assert document.duplicates == ('line 4: key "k" already set in map',)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "yaml: line 1: did not find expected node content"),
        ("a: b: c", "yaml: line 1: mapping values are not allowed in this context"),
        ("a: .inf", "yaml: line 1: json: unsupported value: inf"),
        ("a: !!python/name:os.system", "yaml: line 1: cannot decode tag:yaml.org,2002:python/name:os.system"),
        ("? [a]\n: b", "yaml: line 1: a key must be a scalar"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, message: str) -> None:
    with pytest.raises(yamlio.YamlError) as error:
        yamlio.read(text)
    assert str(error.value) == message


def test_an_error_knows_line_and_column() -> None:
    with pytest.raises(yamlio.YamlError) as error:
        yamlio.read("a:\n- b\n c: d\n")
    assert (error.value.line, error.value.column) == (3, 3)


def test_a_billion_laughs_are_cut_short() -> None:
    bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
    bomb += "".join(f"a{i + 1}: &a{i + 1} [{','.join([f'*a{i}'] * 9)}]\n" for i in range(9))
    with pytest.raises(yamlio.YamlError, match="more than 100000 nodes"):
        yamlio.read(bomb)


def test_depth_and_size_are_bounded() -> None:
    with pytest.raises(yamlio.YamlError, match="nested deeper than 100"):
        yamlio.read("[" * 2000 + "]" * 2000)
    with pytest.raises(yamlio.YamlError, match="nested deeper than 100"):
        yamlio.read("a: &a [*a]")
    with pytest.raises(yamlio.YamlError, match="the limit is"):
        yamlio.read("x" * (yamlio.MAX_BYTES + 1))


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text("ab \"'<é:-#"), st.lists))
def test_json_is_yaml(value: Any) -> None:
    assert yamlio.read_one(json.dumps([value])) == [value]


def test_nesting_that_would_overflow_the_c_stack_is_refused() -> None:
    with pytest.raises(yamlio.YamlError, match="nested deeper than 100"):
        yamlio.read("[" * 300_000)
