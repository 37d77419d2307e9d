"""The demos there are: files of `demos/`, and what people have imported or recorded here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction

from playground.grading.problems import Problem
from playground.shelf import Shelf
from playground.translations import languages
from playground.translations import loading as translations

from . import wording
from .demo import Demo, DemoError, dump, load
from .models import StoredDemo


class NameTaken(ValueError):
    """There is a demo of this name already."""


def files() -> Iterator[Path]:
    yield from sorted(Path(getattr(settings, "DEMOS", settings.BASE_DIR / "demos")).glob("*.yaml"))


def load_file(path: Path) -> Demo:
    """With the translations beside it. Raises DemoError and OSError."""
    found = load(path.read_text(), str(path))
    wanted, there = wording.texts(found), languages.files(path)
    try:
        told = {code: translations.load(file.read_text(), "demo", wanted, str(file)) for code, file in there.items()}
    except translations.TranslationError as error:
        raise DemoError(error.problems) from error
    return replace(found, translations=told)


_SHELF = Shelf(load_file, lambda demo: demo.name)


@lru_cache(64)
def _parsed(name: str, text: str) -> Demo | DemoError:
    try:
        return load(text, name)
    except DemoError as error:
        return error


def _look() -> tuple[list[Demo], list[Problem]]:
    shipped, problems = _SHELF.look(files())
    stored = [_parsed(each.name, each.text) for each in StoredDemo.objects.all()]
    broken = [problem for each in stored if isinstance(each, DemoError) for problem in each.problems]
    return [*shipped, *(each for each in stored if isinstance(each, Demo))], [*problems, *broken]


def demos() -> list[Demo]:
    """All that can be used, those of the folder first."""
    return _look()[0]


def problems() -> list[Problem]:
    """What is wrong with the others."""
    return _look()[1]


def find(name: str) -> Demo | None:
    return next((demo for demo in demos() if demo.name == name), None)


def keep(demo: Demo) -> Demo:
    """Raises NameTaken."""
    if find(demo.name) is not None:
        raise NameTaken(f'there is a demo "{demo.name}" already')
    try:
        with transaction.atomic():
            StoredDemo.objects.create(name=demo.name, text=dump(demo))
    except IntegrityError as error:
        raise NameTaken(f'there is a demo "{demo.name}" already') from error
    return demo


def forget(name: str) -> bool:
    """Whether there was one to forget; shipped ones stay."""
    return bool(StoredDemo.objects.filter(name=name).delete()[0])
