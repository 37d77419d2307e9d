"""Malformed exercises are told with file, line and field; verdicts become reports."""

from __future__ import annotations

import csv
import io
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from playground.grading import loading, render
from playground.grading.exercise import seconds
from playground.grading.runner import grade

from .making import answer, exercise

TEXT = """apiVersion: playground.dev/v1alpha1
kind: Exercise
metadata: {name: test}
spec:
  title: Test
  faults:
  - {at: 10s, name: lost, command: kill-node, args: {node: node-1}}
  checks:
  - name: one
    cel: pods.size() > 0
  - name: two
    after: lost
    count: {kind: Pod, atLeast: 1}
"""


def test_a_well_formed_exercise_is_read() -> None:
    found = loading.load(TEXT)
    assert [check.name for check in found.checks] == ["one", "two"]
    assert found.faults[0].at == 10


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title: Test", "titel: Test", "x.yaml:4: spec: Additional properties"),
        ("name: test", "name: Te st", "x.yaml:3: metadata.name: 'Te st' does not match"),
        ("cel: pods.size() > 0", "cel: podz.size() > 0", "x.yaml:10: spec.checks[0].cel: does not compile: "),
        ("cel: pods.size() > 0", "cel: pods.size()", "x.yaml:10: spec.checks[0].cel: must be true or false, is int"),
        ("cel: pods.size() > 0", "points: 1", "x.yaml:9: spec.checks[0]: exactly one of match, cel, count, "),
        ("kind: Pod,", "kind: Pot,", 'x.yaml:13: spec.checks[1].count.kind: there is no built-in kind "Pot"'),
        ("after: lost", "after: found", 'x.yaml:12: spec.checks[1].after: "found" is neither a fault nor a check with'),
        ("name: two", "name: one", 'x.yaml:11: spec.checks[1].name: "one" is used twice'),
        ("kill-node", "explode", "x.yaml:7: spec.faults[0].command: must be one of add-node"),
        ("at: 10s", "at: soon", "x.yaml:7: spec.faults[0].at: 'soon' does not match"),
        ("title: Test", "title: [", "x.yaml:"),
    ],
)
def test_what_is_wrong_is_told_with_file_line_and_field(old: str, new: str, said: str) -> None:
    with pytest.raises(loading.ExerciseError) as raised:
        loading.load(TEXT.replace(old, new, 1), "x.yaml")
    assert said in str(raised.value)


def test_a_visible_check_cannot_follow_a_hidden_one() -> None:
    hidden = {"cel": "true", "eventually": True, "hidden": True, "name": "secret"}
    with pytest.raises(loading.ExerciseError, match="cannot follow a hidden one"):
        exercise(hidden, {"cel": "true", "after": "secret"})


@pytest.mark.parametrize(("text", "number"), [("90s", 90), ("1m30s", 90), ("1.5h", 5400), ("250ms", 0.25), (7, 7)])
def test_durations_are_gos(text: str | int, number: float) -> None:
    assert seconds(text) == number


def test_junit_counts_what_fails_and_holds_no_characters_that_xml_forbids() -> None:
    verdict = grade(exercise({"cel": "false"}, {"cel": "true"}, {"cel": "false", "extra": True}), answer()).document()
    suite = Xml.fromstring(render.junit([("a\x00b", verdict)])).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")


def test_markdown_shows_text_of_students_as_text() -> None:
    verdict = grade(exercise({"cel": "false", "hint": "think"}), answer()).document()
    report = render.markdown("<b>|ada", verdict)
    assert "\\<b\\>\\|ada" in report
    assert "Hint for *check 0*: think" in report


def test_the_gradebook_takes_the_best_and_no_names_for_formulas() -> None:
    rows = [
        {"student": "=cmd()", "exercise": "a", "points": 1.0},
        {"student": "=cmd()", "exercise": "a", "points": 3.0},
        {"student": "bob", "exercise": "b", "points": 0.5},
    ]
    table = list(csv.reader(io.StringIO(render.gradebook(rows, ["a", "b"]))))
    assert table == [["student", "a", "b", "total"], ["'=cmd()", "3", "", "3"], ["bob", "", "0.5", "0.5"]]


@pytest.mark.parametrize(
    ("fault", "field", "words"),
    [
        ({"command": "explode-node", "args": {}}, "spec.faults[0].command", "must be one of add-node, "),
        ({"command": "kill-node", "args": {"nod": "node-1"}}, "spec.faults[0].args", '"nod" is no argument of kill-node'),
        ({"command": "add-node", "args": {"memmory": "8Gi"}}, "spec.faults[0].args", '"memmory" is no argument of add-node'),
    ],
)
def test_a_misspelt_command_or_argument_is_told(fault: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(loading.ExerciseError) as caught:
        exercise({"cel": "true"}, faults=[{"at": "1s", "name": "it", **fault}])
    (problem,) = caught.value.problems
    assert (problem.field, words in problem.message) == (field, True)
