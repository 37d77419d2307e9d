"""Quantities parse, compare, round and print as the server's."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster_core.machinery import quantity

SUFFIXES = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e3", "E-3", "e0"]
NUMBERS = st.from_regex(r"[+-]?[0-9]{1,12}(\.[0-9]{0,6})?", fullmatch=True)
TEXTS = st.builds(lambda number, suffix: number + suffix, NUMBERS, st.sampled_from(SUFFIXES))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("0.5", "500m"),
        ("1024Mi", "1Gi"),
        ("1000m", "1"),
        ("1e3", "1e3"),
        ("1000", "1k"),
        ("100Ki", "100Ki"),
        ("1.5Gi", "1536Mi"),
        ("0.1Gi", "107374182400m"),
        ("0.5Mi", "512Ki"),
        ("1500m", "1500m"),
        ("1.500", "1.500"),
        ("0", "0"),
        ("0Mi", "0"),
        ("0.0000000001", "1n"),
        ("-1.5", "-1500m"),
        ("9223372036854775808Ki", "9223372036854775807"),
        ("0.5Ki", "512"),
    ],
)
def test_the_server_writes_back(text: str, written: str) -> None:
    assert quantity.canonical(text) == written


def test_json_numbers_are_quantities_too() -> None:
    assert quantity.canonical(0.5) == "500m"
    assert quantity.canonical(2) == "2"


@pytest.mark.parametrize("text", ["", "x", "1x", "1.5.5", "1 2", "1Kii3x", "１"])
def test_nonsense_is_refused_with_the_real_words(text: str) -> None:
    with pytest.raises(quantity.QuantityError, match="quantities must match the regular expression"):
        quantity.parse(text)


@pytest.mark.parametrize("text", ["1Kii", "1e", "1mm", "1K", "1EE", "--1"])
def test_an_unknown_suffix_is_refused(text: str) -> None:
    with pytest.raises(quantity.QuantityError, match="unable to parse quantity's suffix"):
        quantity.parse(text)


def test_rounding_goes_away_from_zero() -> None:
    assert quantity.milli("1.0001") == 1001
    assert quantity.value("1.1") == 2
    assert quantity.value("-1.1") == -2
    assert quantity.milli("100u") == 1


def test_an_absurd_exponent_costs_nothing() -> None:
    huge, tiny = quantity.parse("1e999999999"), quantity.parse("1e-999999999")
    assert huge.compare(tiny) > 0
    assert huge.value() == 2**63 - 1
    assert str(tiny) == "1e-9"
    assert huge.add(tiny).sign() == 1


def test_the_sum_with_zero_takes_the_others_format() -> None:
    assert str(quantity.ZERO.add(quantity.parse("1Gi"))) == "1Gi"
    assert str(quantity.parse("1Gi").add(quantity.parse("1"))) == "1073741825"
    assert str(quantity.parse("2").sub(quantity.parse("500m"))) == "1500m"


def _exact(text: str) -> Fraction:
    parsed = quantity.parse(text)
    return Fraction(parsed.unscaled) * Fraction(10) ** parsed.scale


@given(TEXTS)
def test_writing_back_keeps_the_amount_and_is_stable(text: str) -> None:
    written = quantity.canonical(text)
    if _exact(text) < Fraction(10) ** 21:  # upstream itself drops the suffix beyond exa
        assert _exact(written) == _exact(text)
        assert quantity.canonical(written) == written


@given(TEXTS, TEXTS)
def test_comparing_agrees_with_exact_arithmetic(left: str, right: str) -> None:
    exact = (_exact(left) > _exact(right)) - (_exact(left) < _exact(right))
    order = quantity.compare(left, right)
    assert (order > 0) - (order < 0) == exact


@given(TEXTS, TEXTS)
def test_adding_and_taking_away_is_exact(left: str, right: str) -> None:
    both = quantity.parse(left).add(quantity.parse(right))
    assert both.sub(quantity.parse(right)).equals(quantity.parse(left))


def test_recorded_amounts_come_back_as_recorded(golden: pathlib.Path) -> None:
    pairs = set()
    for case in json.loads((golden / "create.json").read_text()).values():
        pairs.update(_amounts(case.get("request"), case.get("response")))
    assert len(pairs) > 40
    for sent, returned in pairs:
        assert quantity.canonical(sent) == returned


def _amounts(sent: Any, returned: Any) -> Iterator[tuple[Any, str]]:
    if isinstance(sent, dict) and isinstance(returned, dict):
        for key in sent.keys() & returned.keys():
            if key in ("limits", "requests", "capacity") and isinstance(returned[key], dict):
                yield from ((sent[key][name], text) for name, text in returned[key].items() if name in sent[key])
            else:
                yield from _amounts(sent[key], returned[key])
    elif isinstance(sent, list) and isinstance(returned, list):
        for one, other in zip(sent, returned, strict=False):
            yield from _amounts(one, other)
