"""Translations: files beside the originals, with all their texts and nothing else; and what is wrong with one is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.utils import translation
from jsonschema import Draft202012Validator

from playground.demos import catalogue as demos
from playground.demos import wording as demo_wording
from playground.grading import catalogue, loading
from playground.grading import wording as exercise_wording
from playground.lessons import loading as lessons
from playground.lessons import wording as lesson_wording
from playground.translations import languages, terms, texts

SHIPPED: list[tuple[str, Path, Any, Any]] = [
    *((path.stem, path, loading.load_file, exercise_wording.texts) for path in catalogue.files()),
    *((path.stem, path, lessons.load_file, lesson_wording.texts) for path in lessons.files()),
    *((path.stem, path, demos.load_file, demo_wording.texts) for path in demos.files()),
]


@pytest.mark.parametrize("language", languages.others())
@pytest.mark.parametrize(
    ("name", "path", "load", "wanted"), SHIPPED, ids=[f"{path.parent.name}-{name}" for name, path, _, _ in SHIPPED]
)
def test_what_is_shipped_is_there_in_every_language(
    name: str, path: Path, load: Any, wanted: Any, language: str
) -> None:
    """That no text is missing in a translation, the loader sees to."""
    found = load(path)
    assert language in found.translations, f"{path.parent / language / path.name} is missing"
    said = [
        f"{'.'.join(map(str, place))}: {what}"
        for place, what in terms.differences(found.translations[language], wanted(found))
    ]
    assert said == []


def test_no_translation_is_left_of_what_is_no_longer_there() -> None:
    folders = {path.parent for _, path, _, _ in SHIPPED}
    beside = {file for folder in folders for code in languages.codes() for file in (folder / code).glob("*")}
    assert beside == {file for _, path, _, _ in SHIPPED for file in languages.files(path).values()}


EXERCISE = """apiVersion: playground.dev/v1alpha1
kind: Exercise
metadata: {name: test}
spec:
  title: Count
  topics: [pods]
  description: Make two pods from `nginx:1.27`.
  faults: [{at: 5s, name: one goes, kubectl: kubectl delete pod a}]
  checks:
  - {name: Two pods, hint: Two., count: {kind: Pod, equals: 2}}
  - {name: No job, cel: {expression: "jobs.size() == 0", message: there is a job}}
"""
GERMAN = """title: Zähle
topics: {pods: Pods}
description: Lege zwei Pods aus `nginx:1.27` an.
faults: {one goes: einer geht}
checks:
  Two pods: {name: Zwei Pods, hint: Zwei.}
  No job:
    name: Kein Job
    message: Es gibt einen Job
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "de").mkdir()
    (tmp_path / "test.yaml").write_text(EXERCISE)
    (tmp_path / "de" / "test.yaml").write_text(GERMAN)
    return tmp_path


def test_an_exercise_reads_in_the_language_asked_for_and_keeps_its_names(folder: Path) -> None:
    exercise = loading.load_file(folder / "test.yaml")
    with translation.override("de"):
        shown = exercise_wording.exercise(exercise)
    assert (shown["title"], shown["topics"]) == ("Zähle", ["Pods"])
    assert [(each["name"], each["title"], each["hint"]) for each in shown["checks"]] == [
        ("Two pods", "Zwei Pods", "Zwei."),
        ("No job", "Kein Job", ""),
    ]
    with translation.override("fr"):
        assert exercise_wording.exercise(exercise)["title"] == "Count", (
            "without a translation it reads as it was written"
        )


def test_a_translation_changes_nothing_of_what_is_graded(folder: Path) -> None:
    exercise = loading.load_file(folder / "test.yaml")
    (folder / "de" / "test.yaml").unlink()
    assert loading.load_file(folder / "test.yaml").digest == exercise.digest


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title: Zähle\n", "", ":1: 'title' is a required property"),
        ("description: Lege", "beschreibung: Lege", ":1: Additional properties are not allowed ('beschreibung' was unexpected)"),
        ("  Two pods:", "  Three pods:", ':6: checks.Three pods: the original has no "Three pods"'),
        ("  Two pods:", "  Three pods:", ':5: checks: "Two pods" is not translated'),
        (", hint: Zwei.", "", ':6: checks.Two pods: "hint" is not translated'),
        ("name: Kein Job", "name: ''", ":8: checks.No job.name: '' should be non-empty"),
        ("one goes: einer geht", "one goes: ' '", ":4: faults.one goes: must be a text, and not an empty one"),
        ("{pods: Pods}", "{pods: Pods", ":3: "),
        ("    message:", "    points: 1\n    message:", ":7: checks.No job: Additional properties are not allowed"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_translation_is_told_with_file_line_and_field(
    folder: Path, old: str, new: str, said: str
) -> None:
    file = folder / "de" / "test.yaml"
    file.write_text(GERMAN.replace(old, new, 1))
    with pytest.raises(loading.ExerciseError) as raised:
        loading.load_file(folder / "test.yaml")
    assert f"{file}{said}" in str(raised.value)


LESSON = """---
title: Test
order: 1
steps:
- name: First
  checks: [{name: none, count: {kind: Pod, equals: 0}}]
  solution: {commands: []}
quiz:
- {question: "Who?", options: [you, me], answer: 1}
---
Intro

## First
Type `kubectl get pods`.
"""
LESSON_IN_GERMAN = """---
title: Probe
steps:
  First: {name: Erstens, checks: {none: keiner}}
quiz:
  "Who?": {question: "Wer?", options: [du, ich]}
---
Einleitung

## Erstens
Tippe `kubectl get pods`.
"""


def test_a_translated_lesson_is_a_document_of_its_own() -> None:
    found = lessons.load_translation(LESSON_IN_GERMAN, lessons.load(LESSON, "test"))
    assert (found["text"], found["steps"]["First"]["text"]) == ("Einleitung", "Tippe `kubectl get pods`.")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("## Erstens", "## Zweitens", 'lesson.md:4: steps.First.name: there is no section "## Erstens"'),
        ("## Erstens", "## Zweitens", 'lesson.md:3: steps: no step has the name of section "## Zweitens"'),
        ("Einleitung", "", 'lesson.md:2: "text" is not translated'),
        ("[du, ich]", "[du]", "lesson.md:6: quiz.Who?.options: must be 2 texts, as in the original"),
        ("Tippe `kubectl get pods`.", "", 'lesson.md:4: steps.First: "text" is not translated'),
        ("---\ntitle", "title", "lesson.md:1: a lesson begins with front matter"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_translated_lesson_is_told(old: str, new: str, said: str) -> None:
    with pytest.raises(lessons.LessonError) as raised:
        lessons.load_translation(LESSON_IN_GERMAN.replace(old, new, 1), lessons.load(LESSON, "test"))
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Run `kubectl get pods` twice: `kubectl get pods`.", ["kubectl get pods", "kubectl get pods"]),
        ("All run nginx:1.27 on node-2, COLOUR=green", ["COLOUR=green", "nginx:1.27", "node-2"]),
        ("Its targetPort is 80, and it asks for 250m.", ["250m", "targetPort"]),
        ("Words with-hyphens, and/or: three.", []),
    ],
)
def test_technical_terms_are_what_a_reader_types_or_sees(text: str, found: list[str]) -> None:
    assert sorted(terms.of(text).elements()) == found


def test_a_term_that_a_translation_loses_or_invents_is_found() -> None:
    given, wanted = {"a": "Nimm `x` und `z`"}, {"a": "Take `x` and `y`"}
    assert list(terms.differences(given, wanted)) == [
        (["a"], "lacks y, which the original has"),
        (["a"], "has z, which the original has not"),
    ]


def test_only_leaves_with_text_are_texts() -> None:
    assert texts.without_empty({"a": "", "b": {"c": ""}, "d": ["x"], "e": {"f": "y", "g": []}}) == {
        "d": ["x"],
        "e": {"f": "y"},
    }


@pytest.mark.parametrize("language", languages.others())
def test_a_topic_is_called_the_same_everywhere(language: str) -> None:
    called: dict[str, set[str]] = {}
    for _, path, load, _ in SHIPPED:
        for topic, translated in load(path).translations[language].get("topics", {}).items():
            called.setdefault(topic, set()).add(translated)
    assert {topic: names for topic, names in called.items() if len(names) > 1} == {}


def test_the_command_that_tests_exercises_tells_of_translations(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    german = folder / "de" / "test.yaml"
    german.write_text(GERMAN.replace("`nginx:1.27`", "`nginx:1.26`"))
    with pytest.raises(SystemExit):
        call_command("exercise", "test", str(folder / "test.yaml"))
    assert "  de: description: lacks nginx:1.27, which the original has" in capsys.readouterr().out
    german.write_text(GERMAN.replace("title: Zähle\n", ""))
    with pytest.raises(SystemExit):
        call_command("exercise", "test", str(folder / "test.yaml"))
    assert f"{german}:1: 'title' is a required property" in capsys.readouterr().out


def test_the_schema_of_translations_is_published(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("exercise", "schema", "--translations")
    schema = json.loads(capsys.readouterr().out)
    assert list(Draft202012Validator(schema).iter_errors(yaml.safe_load(GERMAN))) == []
    assert list(Draft202012Validator(schema).iter_errors({"title": "", "checks": {}}))
