"""Paths and field errors print as upstream's do."""

from __future__ import annotations

from typing import Any

import pytest

from cluster_core.machinery import errors, field, gofmt
from cluster_core.machinery.field import Path


def test_a_path_prints_names_indices_and_keys() -> None:
    assert str(Path("spec", "template").child("containers").index(0).child("name")) == "spec.template.containers[0].name"
    assert str(Path("metadata") / "annotations" / "x") == "metadata.annotations.x"
    assert str(Path("metadata").child("annotations")["a/b"]) == "metadata.annotations[a/b]"


def test_paths_with_the_same_text_are_equal() -> None:
    assert Path("a", "b") == Path("a").child("b")
    assert len({Path("a").index(1), Path("a")[1]}) == 1


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (field.required("a"), "a: Required value"),
        (field.required("a", "must be set"), "a: Required value: must be set"),
        (field.invalid("a", "x\n", "bad"), 'a: Invalid value: "x\\n": bad'),
        (field.invalid("a", -1, "low"), "a: Invalid value: -1: low"),
        (field.invalid("a", True, "no"), "a: Invalid value: true: no"),
        (field.invalid("a", None, "no"), "a: Invalid value: null: no"),
        (field.invalid("a", {"b": ["<"]}, "no"), 'a: Invalid value: {"b":["\\u003c"]}: no'),
        (field.invalid("a", gofmt.Raw("10Gi"), "no"), "a: Invalid value: 10Gi: no"),
        (field.not_supported("a", "x", ["A", "B"]), 'a: Unsupported value: "x": supported values: "A", "B"'),
        (field.not_supported("a", "x"), 'a: Unsupported value: "x"'),
        (field.duplicate("a", "x"), 'a: Duplicate value: "x"'),
        (field.not_found("a", "x"), 'a: Not found: "x"'),
        (field.forbidden("a", "not now"), "a: Forbidden: not now"),
        (field.too_long("a", 63), "a: Too long: may not be more than 63 bytes"),
        (field.too_long("a", 1), "a: Too long: may not be more than 1 byte"),
        (field.too_long("a", -1), "a: Too long: value is too long"),
        (field.too_many("a", 3, 1), "a: Too many: 3: must have at most 1 item"),
        (field.too_few("a", 0, 2), "a: Too few: 0: must have at least 2 items"),
        (field.too_short("a", 2), "a: Too short: must be at least 2 characters"),
        (field.internal("a", "broken"), "a: Internal error: broken"),
        (field.type_invalid("a", 1.5, "must be string"), "a: Invalid value: 1.5: must be string"),
    ],
)
def test_an_error_reads_as_upstream(error: field.FieldError, text: str) -> None:
    assert str(error) == text


def test_one_error_stands_alone_and_several_are_bracketed_without_repeats() -> None:
    one, two = field.required("a"), field.required("b")
    assert errors.invalid("", "Pod", "x", [one]).message == 'Pod "x" is invalid: a: Required value'
    error = errors.invalid("apps", "Deployment", "x", [one, two, one])
    assert error.message == 'Deployment.apps "x" is invalid: [a: Required value, b: Required value]'
    assert len(error.status()["details"]["causes"]) == 3


def test_the_titles_are_those_that_were_recorded(refusals: list[Any]) -> None:
    causes = [cause for status in refusals for cause in (status.get("details") or {}).get("causes", ())]
    known = [cause for cause in causes if cause.get("reason", "").startswith("FieldValue")]
    assert len(known) > 500
    for cause in known:
        error = field.FieldError(cause["reason"], cause.get("field", ""))
        assert cause["message"].startswith(error.body())
