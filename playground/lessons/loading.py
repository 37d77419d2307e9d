"""Lessons from their files: front matter between lines of three dashes, then Markdown with a section per step.

A step's checks are those of exercises (`playground.grading.checks`), looked at when somebody asks, never over time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from jsonschema import Draft202012Validator

from cluster_core.machinery import yamlio
from playground.grading import lines
from playground.grading import loading as exercises
from playground.grading.problems import Problem, Unusable
from playground.shelf import Shelf
from playground.translations import languages
from playground.translations import loading as translations
from playground.translations.texts import Texts, without_empty

from . import wording
from .lesson import Lesson, Step

_SCHEMA = json.loads(Path(__file__).with_name("schema.json").read_text())
_HEADING = "## "


class LessonError(Unusable):
    """The lesson cannot be used."""


def load(text: str, slug: str, file: str = "lesson.md") -> Lesson:
    """Raises LessonError."""
    front, body, offset = _split(text, file)
    try:
        value = yamlio.read_one(front)
    except yamlio.YamlError as error:
        raise LessonError([Problem(file, error.line + offset, "", error.message)]) from error
    found = _problems(value, body)
    if found:
        problems = [
            Problem(file, lines.line_of(front, path) + offset, lines.field_text(path), said) for path, said in found
        ]
        raise LessonError(problems)
    intro, sections = _sections(body)
    steps = [_step(each, sections[each["name"]]) for each in value["steps"]]
    optional = {key: value[key] for key in ("minutes", "topics", "cluster", "setup", "prepare", "quiz") if key in value}
    return Lesson(slug, value["title"], value["order"], steps, intro, **optional)


def _split(text: str, file: str) -> tuple[str, str, int]:
    """(front matter, body, lines before the front matter)."""
    parts = text.split("\n---\n", 1)
    if not text.startswith("---\n") or len(parts) != 2:
        raise LessonError([Problem(file, 1, "", "a lesson begins with front matter between lines of ---")])
    return parts[0].removeprefix("---\n"), parts[1], 1


def _problems(value: Any, body: str) -> list[tuple[list[str | int], str]]:
    errors = Draft202012Validator(_SCHEMA).iter_errors(value)
    found = [(list(error.absolute_path), error.message[:300]) for error in errors]
    if found:
        return found
    found += _section_problems(
        body, {step["name"]: ["steps", index, "name"] for index, step in enumerate(value["steps"])}
    )
    found += exercises.step_problems(value.get("prepare", ()), ["prepare"])
    for index, step in enumerate(value["steps"]):
        found += exercises.step_problems(step["solution"].get("simulate", ()), ["steps", index, "solution", "simulate"])
        for number, check in enumerate(step["checks"]):
            place = ["steps", index, "checks", number]
            found += [([*place, *path], said) for path, said in exercises.check_problems(check)]
            if {"within", "always", "eventually", "after"} & set(check):
                found.append((place, "a lesson's checks are not over time"))
    for index, question in enumerate(value.get("quiz", ())):
        if question["answer"] >= len(question["options"]):
            found.append((["quiz", index, "answer"], "there is no such option"))
    return found


def _section_problems(body: str, headings: Mapping[str, list[str | int]]) -> list[tuple[list[str | int], str]]:
    """Steps without a section, sections without a step; `headings` says where in the front matter each stands."""
    _, sections = _sections(body)
    missing = [
        (path, f'there is no section "{_HEADING}{name}"') for name, path in headings.items() if name not in sections
    ]
    strange = [
        (["steps"], f'no step has the name of section "{_HEADING}{name}"') for name in sections if name not in headings
    ]
    return [*missing, *strange]


def _sections(body: str) -> tuple[str, dict[str, str]]:
    """(the text before the first heading, heading -> text)."""
    first, *rest = f"\n{body}".split(f"\n{_HEADING}")
    return first.strip(), {part.partition("\n")[0].strip(): part.partition("\n")[2].strip() for part in rest}


def _step(given: Mapping[str, Any], text: str) -> Step:
    checks = [exercises.check_of(each) for each in given["checks"]]
    return Step(given["name"], checks, given["solution"], text, given.get("hint", ""))


# ---------------------------------------------------------------------------------------------------- translations


def load_translation(text: str, lesson: Lesson, file: str = "lesson.md") -> Texts:
    """The texts of a lesson's translation: as `wording.texts` has them. Raises LessonError."""
    front, body, skipped = _split(text, file)
    try:
        given = translations.read(front, "lesson", file, skipped=skipped)
        headings: dict[str, list[str | int]] = {
            step["name"]: ["steps", name, "name"] for name, step in given["steps"].items()
        }
        translations.complain(_section_problems(body, headings), front, file, skipped=skipped)
        return translations.checked(_with_body(given, body), wording.texts(lesson), front, file, skipped=skipped)
    except translations.TranslationError as error:
        raise LessonError(error.problems) from error


def _with_body(given: Texts, body: str) -> Texts:
    """The front matter with the texts that stand below it."""
    intro, sections = _sections(body)
    steps = {name: {**step, "text": sections[step["name"]]} for name, step in given["steps"].items()}
    return without_empty({**given, "text": intro, "steps": steps})


# ---------------------------------------------------------------------------------------------------- the files


def load_file(path: Path) -> Lesson:
    """With the translations beside it. Raises LessonError and OSError."""
    slug = path.stem.partition("-")[2]
    if not slug:
        raise LessonError([Problem(str(path), 1, "", "a lesson's file is called NUMBER-NAME.md")])
    found = load(path.read_text(), slug, str(path))
    there = languages.files(path)
    return replace(
        found, translations={code: load_translation(file.read_text(), found, str(file)) for code, file in there.items()}
    )


def files() -> list[Path]:
    return sorted(Path(getattr(settings, "LESSONS", settings.BASE_DIR / "lessons")).glob("*.md"))


_SHELF = Shelf(load_file, lambda lesson: lesson.slug)


def lessons() -> list[Lesson]:
    """All that can be used, in their order."""
    return sorted(_SHELF.look(files())[0], key=lambda lesson: lesson.order)


def problems() -> list[Problem]:
    """What is wrong with the others."""
    return _SHELF.look(files())[1]


def find(slug: str) -> Lesson | None:
    return next((lesson for lesson in lessons() if lesson.slug == slug), None)
