"""Translations from their files. What is wrong is told with file, line and field, all of it at once."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from jsonschema import Draft202012Validator

from cluster_core.machinery import yamlio
from playground.grading import lines
from playground.grading.problems import Problem, Unusable

from . import texts
from .texts import Texts

SCHEMA_FILE = Path(__file__).with_name("schema.json")
Form = Literal["exercise", "lesson", "demo"]


class TranslationError(Unusable):
    """The translation cannot be used."""


@lru_cache(1)
def schema() -> dict[str, Any]:
    """Of all three forms, as $defs."""
    loaded: dict[str, Any] = json.loads(SCHEMA_FILE.read_text())
    return loaded


def load(text: str, form: Form, wanted: Texts, file: str = "translation.yaml") -> Texts:
    """The texts in a file of nothing but YAML. Raises TranslationError."""
    return checked(read(text, form, file), wanted, text, file)


def read(text: str, form: Form, file: str, *, skipped: int = 0) -> dict[str, Any]:
    """What is written there, of the right shape; `skipped` lines of the file come before it. Raises TranslationError."""
    try:
        value = yamlio.read_one(text)
    except yamlio.YamlError as error:
        raise TranslationError([Problem(file, (error.line or 1) + skipped, "", error.message)]) from error
    whole = {"$ref": f"#/$defs/{form}", "$defs": schema()["$defs"]}
    errors = Draft202012Validator(whole).iter_errors(value)
    found = [(list(error.absolute_path), error.message[:300]) for error in errors]
    complain(found, text, file, skipped=skipped)
    found_texts: dict[str, Any] = _checks(value)
    return found_texts


def _checks(value: Any) -> Any:
    """A check of which nothing but the name is translated may be written as that name."""
    if not isinstance(value, dict):
        return value
    inner = {name: _checks(each) for name, each in value.items()}
    if isinstance(inner.get("checks"), dict):
        named = {name: {"name": each} if isinstance(each, str) else each for name, each in inner["checks"].items()}
        inner["checks"] = named
    return inner


def checked(given: Texts, wanted: Texts, text: str, file: str, *, skipped: int = 0) -> Texts:
    """The same, when it has exactly what the original has. Raises TranslationError."""
    complain(list(texts.differences(given, wanted)), text, file, skipped=skipped)
    return given


def complain(found: list[tuple[list[str | int], str]], text: str, file: str, *, skipped: int = 0) -> None:
    """Raises TranslationError when there is something to complain of."""
    if found:
        place = [(lines.line_of(text, path) + skipped, lines.field_text(path), why) for path, why in found]
        raise TranslationError([Problem(file, line, field, why) for line, field, why in place])
