"""The exercises this installation knows: the files of `exercises/` and of the folders in EXERCISES."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from playground.translations import languages

from .exercise import Exercise
from .loading import load_file


def folders() -> list[Path]:
    return [Path(each) for each in getattr(settings, "EXERCISES", ())] or [settings.BASE_DIR / "exercises"]


def files() -> Iterator[Path]:
    for folder in folders():
        yield from sorted(folder.glob("*.yaml"))


@lru_cache(512)
def _loaded(path: Path, changed: tuple[int, ...]) -> Exercise:
    return load_file(path)


def exercises() -> list[Exercise]:
    """All of them, easy ones first. Raises ExerciseError."""
    found = [_loaded(path, languages.changed(path)) for path in files()]
    return sorted(found, key=lambda exercise: (exercise.difficulty, exercise.name))


def find(slug: str) -> Exercise | None:
    return next((exercise for exercise in exercises() if exercise.name == slug), None)
