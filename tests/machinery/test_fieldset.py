"""Field sets: algebra, text and the walks along types that make them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster_core.machinery import fieldset, structured, structured_merge
from tests.machinery.types import THING

ELEMENTS = st.sampled_from(["f:a", "f:b", 'k:{"name":"x"}', 'v:"y"'])
PATHS = st.lists(ELEMENTS, min_size=1, max_size=3).map(tuple)
SETS = st.lists(PATHS, max_size=6).map(lambda paths: fieldset.of_paths(*paths))

LABELS = st.dictionaries(st.sampled_from("ab"), st.sampled_from("12"), max_size=2)
PORTS = st.lists(
    st.fixed_dictionaries({"port": st.integers(1, 3)}, optional={"protocol": st.sampled_from(["TCP", "UDP"])}),
    unique_by=lambda port: (port["port"], port.get("protocol", "TCP")),
    max_size=3,
)
CONTAINERS = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from("xyz")},
        optional={"image": st.sampled_from("12"), "args": st.lists(st.sampled_from("ab"), max_size=2), "ports": PORTS},
    ),
    unique_by=lambda container: container["name"],
    max_size=3,
)
SPECS = st.fixed_dictionaries(
    {"containers": CONTAINERS},
    optional={
        "replicas": st.integers(0, 2),
        "finalizers": st.lists(st.sampled_from("pqr"), unique=True, max_size=3),
        "selector": LABELS,
    },
)
THINGS = st.fixed_dictionaries({"spec": SPECS}, optional={"metadata": st.fixed_dictionaries({"labels": LABELS})})


def paths(fields: Any) -> set[fieldset.Path]:
    return set(fieldset.members(fields))


@given(SETS, SETS)
def test_the_algebra_is_that_of_sets_of_paths(left: Any, right: Any) -> None:
    assert paths(fieldset.union(left, right)) == paths(left) | paths(right)
    assert paths(fieldset.intersection(left, right)) == paths(left) & paths(right)
    assert paths(fieldset.difference(left, right)) == paths(left) - paths(right)


@given(SETS, SETS)
def test_recursive_difference_takes_what_is_below_too(left: Any, right: Any) -> None:
    kept = {path for path in paths(left) if not any(path[: len(gone)] == gone for gone in paths(right))}
    assert paths(fieldset.recursive_difference(left, right)) == kept


@given(SETS)
def test_a_set_survives_being_written(fields: Any) -> None:
    written = fieldset.ordered(fields)
    assert fieldset.parse(written) == written
    assert paths(written) == paths(fields)
    assert all(fieldset.has(fields, path) for path in paths(fields))


def test_elements_are_written_in_upstreams_order() -> None:
    fields = fieldset.of_paths(
        ("f:ports", fieldset.key({"port": 443, "protocol": "TCP"})),
        ("f:ports", fieldset.key({"port": 80, "protocol": "TCP"})),
        ("f:ports",),
        ("f:args",),
    )
    written = fieldset.ordered(fields)
    assert list(written) == ["f:args", "f:ports"]
    assert list(written["f:ports"]) == [".", 'k:{"port":80,"protocol":"TCP"}', 'k:{"port":443,"protocol":"TCP"}']


def test_a_path_prints_as_conflicts_show_it() -> None:
    path = ("f:spec", fieldset.key({"port": 80, "name": "a"}), fieldset.item("x"), "i:3")
    assert fieldset.path_text(path) == '.spec[name="a",port=80][="x"][3]'


@pytest.mark.parametrize("fields", ["text", {"x": {}}, {"q:a": {}}, {"k:{": {}}, {"k:1": {}}])
def test_malformed_sets_are_refused(fields: Any) -> None:
    with pytest.raises(fieldset.FieldSetError):
        fieldset.parse(fields)


def test_spelling_of_keys_is_normalised() -> None:
    assert fieldset.parse({'k:{ "b":1, "a":2 }': {}}) == {'k:{"a":2,"b":1}': {}}


def test_the_fields_of_a_value_follow_its_type() -> None:
    value = {
        "metadata": {"labels": {"a": "1"}},
        "spec": {
            "containers": [{"name": "x", "args": ["1"], "ports": [{"port": 80}]}],
            "finalizers": ["p"],
            "selector": {"a": "1"},
            "strategy": {},
        },
        "status": {"deep": {"er": [1]}},
    }
    assert structured.field_set(THING, value) == {
        "f:metadata": {"f:labels": {"f:a": {}}},
        "f:spec": {
            "f:containers": {
                'k:{"name":"x"}': {
                    ".": {},
                    "f:name": {},
                    "f:args": {},
                    "f:ports": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}}},
                }
            },
            "f:finalizers": {'v:"p"': {}},
            "f:selector": {},
            "f:strategy": {},
        },
        "f:status": {"f:deep": {".": {}, "f:er": {}}},
    }


@given(THINGS, THINGS)
def test_comparing_both_ways_mirrors(old: Any, new: Any) -> None:
    there, back = structured.compare(THING, old, new), structured.compare(THING, new, old)
    assert paths(there.added) == paths(back.removed)
    assert paths(there.modified) == paths(back.modified)
    assert not structured.compare(THING, old, old).changed()


@given(THINGS, THINGS)
def test_nothing_is_both_added_and_modified_or_removed(old: Any, new: Any) -> None:
    change = structured.compare(THING, old, new)
    assert not paths(change.added) & paths(change.removed)
    assert not paths(change.added) & paths(change.modified)


@given(THINGS, THINGS)
def test_merging_gives_everything_that_was_applied(live: Any, applied: Any) -> None:
    merged = structured_merge.merge(THING, live, applied)
    change = structured.compare(THING, applied, merged)
    assert not paths(change.modified) & paths(structured.field_set(THING, applied))
    assert structured_merge.merge(THING, merged, applied) == merged
    assert structured_merge.problems(THING, merged) == ""


def test_the_applied_order_wins_among_shared_items() -> None:
    live = {"spec": {"finalizers": ["a", "b", "c", "d"]}}
    merged = structured_merge.merge(THING, live, {"spec": {"finalizers": ["d", "x", "b"]}})
    assert merged["spec"]["finalizers"] == ["a", "c", "d", "x", "b"]


@given(THINGS)
def test_removing_every_field_leaves_nothing(value: Any) -> None:
    everything = structured.named_fields(THING, structured.field_set(THING, value))
    left = structured_merge.remove(THING, value, everything)
    assert not paths(structured.field_set(THING, left or {}))


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        ({"replicas": "x"}, ".spec.replicas: expected numeric (int or float), got string"),
        ({"containers": "x"}, ".spec.containers: expected list, got &{x}"),
        ({"strategy": [1]}, ".spec.strategy: expected map, got &{[1]}"),
        ({"nonsense": 1}, ".spec.nonsense: field not declared in schema"),
        (
            {"containers": [{"name": "a", "args": 1, "image": 2}]},
            'errors:\n  .spec.containers[name="a"].args: expected list, got &{1}\n'
            '  .spec.containers[name="a"].image: expected string, got &value.valueUnstructured{Value:2}',
        ),
        ({"finalizers": ["a", "a"]}, '.spec.finalizers: duplicate entries for key [="a"]'),
    ],
)
def test_what_does_not_fit_the_type_is_told_in_upstreams_words(spec: Any, problem: str) -> None:
    assert structured_merge.problems(THING, {"spec": spec}) == problem
