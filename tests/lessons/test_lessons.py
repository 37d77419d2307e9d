"""Every lesson starts unsolved, and its solutions solve it step by step."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import call_command

from playground.lessons import doing, loading, machines, selftest

FILES = loading.files()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_lesson_starts_unsolved_and_its_solutions_solve_it(path: Path) -> None:
    assert selftest.complaints(loading.load_file(path)) == []


def test_a_lesson_that_is_solved_already_or_not_by_its_solution_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "01-test.md"
    file.write_text(LESSON)
    with pytest.raises(SystemExit):
        call_command("lesson", "test", str(file))
    assert '  "First" is solved before it is done' in capsys.readouterr().out
    file.write_text(LESSON.replace("equals: 0", "equals: 1"))
    with pytest.raises(SystemExit):
        call_command("lesson", "test", str(file))
    assert 'the solution of "First" does not solve "none": 0 Pod in namespace default, wanted exactly 1' in capsys.readouterr().out
    (tmp_path / "de").mkdir()
    (tmp_path / "de" / "01-test.md").write_text("---\ntitle: Probe\n---\n")
    with pytest.raises(SystemExit):
        call_command("lesson", "test", str(file))
    assert f"{tmp_path}/de/01-test.md:2: 'steps' is a required property" in capsys.readouterr().out


def test_there_are_twenty_lessons_each_with_a_place_text_hints_and_questions() -> None:
    lessons = loading.lessons()
    assert len(lessons) >= 20
    assert [lesson.order for lesson in lessons] == list(range(1, len(lessons) + 1))
    for lesson in lessons:
        assert lesson.text, lesson.slug
        assert lesson.quiz, lesson.slug
        assert all(step.hint and step.text for step in lesson.steps), lesson.slug


LESSON = """---
title: Test
order: 1
steps:
- name: First
  checks: [{name: none, count: {kind: Pod, equals: 0}}]
  solution: {commands: []}
---
Intro

## First
Text
"""


def test_a_lesson_is_its_front_matter_and_a_section_per_step() -> None:
    lesson = loading.load(LESSON, "test")
    assert (lesson.text, lesson.steps[0].text) == ("Intro", "Text")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title: Test", "titel: Test", "lesson.md:2: Additional properties are not allowed ('titel' was unexpected)"),
        ("- name: First", "- name: Second", 'lesson.md:5: steps[0].name: there is no section "## Second"'),
        ("kind: Pod", "kind: Pot", "lesson.md:6: steps[0].checks[0].count.kind: there is no built-in kind"),
        (
            "equals: 0}",
            "equals: 0}, always: true",
            "lesson.md:6: steps[0].checks[0]: a lesson's checks are not over time",
        ),
        ("---\ntitle", "title", "lesson.md:1: a lesson begins with front matter"),
    ],
)
def test_what_is_wrong_is_told_with_file_line_and_field(old: str, new: str, said: str) -> None:
    with pytest.raises(loading.LessonError) as raised:
        loading.load(LESSON.replace(old, new, 1), "test")
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("given", "typed"),
    [
        ({"node": "node-1", "run": "etcdctl get a"}, "etcdctl get a"),
        ({"node": "node-1", "path": "/a", "text": "b\n"}, "cat > /a <<'END'\nb\nEND"),
        ({"node": "node-1", "path": "/a", "old": "b\n", "new": "c\n"}, "sed -i 's,b$,c,' /a"),
    ],
)
def test_what_a_solution_does_on_a_machine_reads_as_one_types_it(given: dict[str, str], typed: str) -> None:
    assert machines.line(given) == typed


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"node": "node-1", "run": "etcdctl snapshot restore /nowhere"}, "etcdctl snapshot restore /nowhere: "),
        ({"node": "node-1", "path": "/etc/hostname", "old": "never there", "new": ""}, '/etc/hostname on node-1 does not contain "never there"'),
    ],
)
def test_a_solution_that_fails_on_a_machine_is_told(given: dict[str, str], said: str) -> None:
    cluster = doing.begin(loading.load(LESSON, "test"))
    with pytest.raises(machines.MachineFailed) as raised:
        machines.do(cluster, given)
    assert str(raised.value).startswith(said)
