"""Selectors parse, refuse and match as the server's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster_core.machinery import selector_text, selectors
from cluster_core.machinery.selectors import SelectorError

KEYS = st.sampled_from(["app", "tier", "example.com/x"])
VALUES = st.sampled_from(["a", "b", "", "7"])
LABELS = st.dictionaries(KEYS, VALUES)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("", ""),
        ("tier=b,app==a", "app==a,tier=b"),
        ("app in (b,a),!legacy", "app in (a,b),!legacy"),
        ("x in (foo,,baz),y,z notin ()", "x in (,baz,foo),y,z notin ()"),
        ("a!=b, c>5,d<7", "a!=b,c>5,d<7"),
        ("in=notin", "in=notin"),
        ("a=", "a="),
    ],
)
def test_a_label_selector_prints_in_order(text: str, printed: str) -> None:
    assert str(selector_text.parse_labels(text)) == printed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("=b", "found '=', expected: !, identifier, or 'end of string'"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a=b,", "found '', expected: identifier after ','"),
        ("a in x", "unable to parse requirement: found 'x' expected: '('"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a===b", "unable to parse requirement: found '=', expected: identifier"),
        ("!a=b", "found '=', expected: ',' or 'end of string'"),
        (
            "a>x",
            'unable to parse requirement: values[0]: Invalid value: "x": '
            "for 'Gt', 'Lt' operators, the value must be an integer",
        ),
    ],
)
def test_a_label_selector_is_refused_in_the_real_words(text: str, message: str) -> None:
    with pytest.raises(SelectorError) as error:
        selector_text.parse_labels(text)
    assert str(error.value) == message


def test_a_bad_key_is_reported_without_a_path() -> None:
    with pytest.raises(SelectorError, match=r'unable to parse requirement: <nil>: Invalid value: "-a": name part must'):
        selector_text.parse_labels("-a=b")


def test_set_based_requirements_need_not_have_the_key() -> None:
    absent, matching = {"tier": "x"}, {"app": "c"}
    assert selector_text.parse_labels("app notin (a,b)").matches(absent)
    assert selector_text.parse_labels("app!=a").matches(absent)
    assert not selector_text.parse_labels("app in (a,b)").matches(absent)
    assert not selector_text.parse_labels("app in (a,b)").matches(matching)


def test_comparisons_need_integers_on_both_sides() -> None:
    selector = selector_text.parse_labels("cpu>4")
    assert selector.matches({"cpu": "5"})
    assert not selector.matches({"cpu": "4"})
    assert not selector.matches({"cpu": "many"})
    assert not selector.matches({})


def test_no_selector_object_selects_nothing_and_an_empty_one_everything() -> None:
    assert not selectors.compile(None)({"a": "b"})
    assert selectors.compile({})({"a": "b"})
    assert selectors.compile_map(None)({})


def test_expressions_and_labels_all_have_to_hold() -> None:
    wanted = {
        "matchLabels": {"app": "web"},
        "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["a", "b"]},
            {"key": "gone", "operator": "DoesNotExist"},
        ],
    }
    matches = selectors.compile(wanted)
    assert matches({"app": "web", "tier": "a"})
    assert not matches({"app": "web", "tier": "c"})
    assert not matches({"app": "web", "tier": "a", "gone": ""})


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ({"key": "a", "operator": "Near"}, '"Near" is not a valid label selector operator'),
        (
            {"key": "a", "operator": "In"},
            "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
        ),
        (
            {"key": "a", "operator": "Exists", "values": ["x"]},
            'values: Invalid value: ["x"]: values set must be empty for exists and does not exist',
        ),
    ],
)
def test_a_selector_object_is_refused_in_the_real_words(expression: Any, message: str) -> None:
    with pytest.raises(SelectorError) as error:
        selectors.of_object({"matchExpressions": [expression]})
    assert str(error.value) == message


@given(LABELS, LABELS)
def test_the_compiled_map_agrees_with_the_selector(wanted: dict[str, str], labels: dict[str, str]) -> None:
    expected = all(labels.get(key) == value for key, value in wanted.items())
    assert selectors.compile_map(wanted)(labels) == expected
    assert selectors.compile({"matchLabels": wanted})(labels) == expected
    assert selectors.of_map(wanted).matches(labels) == expected


@given(st.lists(st.tuples(KEYS, st.sampled_from(["=", "!=", "in", "notin", "exists", "!"]), VALUES)), LABELS)
def test_a_selector_survives_being_printed(parts: list[tuple[str, str, str]], labels: dict[str, str]) -> None:
    found = [selectors.requirement(k, op, () if op in ("exists", "!") else (v,)) for k, op, v in parts]
    selector = selectors.Selector(tuple(sorted(found, key=lambda one: one.key)))
    again = selector_text.parse_labels(str(selector))
    assert again.matches(labels) == selector.matches(labels)


def test_any_node_term_suffices_and_an_empty_one_matches_no_node() -> None:
    terms = [
        {},
        {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]},
        {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["node-9"]}]},
    ]
    matches = selectors.compile_node_terms(terms)
    assert matches({"zone": "a"}, "node-1")
    assert matches({}, "node-9")
    assert not matches({}, "node-1")
    assert not selectors.compile_node_terms([{}])({}, "node-1")


def test_node_terms_compare_numbers() -> None:
    matches = selectors.compile_node_term({"matchExpressions": [{"key": "cores", "operator": "Gt", "values": ["3"]}]})
    assert matches({"cores": "4"}, "n")
    assert not matches({"cores": "3"}, "n")


def test_field_selectors_split_unescape_and_match() -> None:
    selector = selector_text.parse_fields(r"spec.nodeName=a,status.phase!=Failed,x==b\,c")
    assert selector.exact("spec.nodeName") == "a"
    assert selector.exact("status.phase") is None
    assert selector.matches({"spec.nodeName": "a", "status.phase": "Running", "x": "b,c"})
    assert not selector.matches({"spec.nodeName": "a", "status.phase": "Failed", "x": "b,c"})
    assert str(selector) == r"spec.nodeName=a,status.phase!=Failed,x=b\,c"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "invalid selector: 'x'; can't understand 'x'"),
        ("a=b=c", "invalid field selector: unescaped character in value: 61"),
        (r"a=\x", r"invalid field selector: invalid escape sequence: \x"),
    ],
)
def test_a_field_selector_is_refused_in_the_real_words(text: str, message: str) -> None:
    with pytest.raises(SelectorError) as error:
        selector_text.parse_fields(text)
    assert str(error.value) == message


def test_recorded_selector_refusals_are_ours(refusals: list[Any]) -> None:
    texts = {status["message"] for status in refusals}
    with pytest.raises(SelectorError) as error:
        selector_text.parse_labels("a==,b==c,a===b")
    assert str(error.value) in texts
