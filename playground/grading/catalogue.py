"""The exercises this installation knows: the files of `exercises/` and of the folders in EXERCISES."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from playground.shelf import Shelf

from .exercise import Exercise
from .loading import load_file
from .problems import Problem


def folders() -> list[Path]:
    return [Path(each) for each in getattr(settings, "EXERCISES", ())] or [settings.BASE_DIR / "exercises"]


def files() -> Iterator[Path]:
    for folder in folders():
        yield from sorted(folder.glob("*.yaml"))


_SHELF = Shelf(load_file, lambda exercise: exercise.name)


def exercises() -> list[Exercise]:
    """All that can be used, easy ones first."""
    return sorted(_SHELF.look(files())[0], key=lambda exercise: (exercise.difficulty, exercise.name))


def problems() -> list[Problem]:
    """What is wrong with the others."""
    return _SHELF.look(files())[1]


def find(slug: str) -> Exercise | None:
    return next((exercise for exercise in exercises() if exercise.name == slug), None)
