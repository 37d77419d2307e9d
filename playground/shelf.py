"""Files that hold one thing each: exercises, lessons, demos. One that cannot be used hides no other, and is told about."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Generic, TypeVar

from playground.grading.problems import Problem, Unusable
from playground.translations import languages

log = logging.getLogger(__name__)
T = TypeVar("T")


class Shelf(Generic[T]):
    """`load` reads a file, `name` says what it is called; both of a kind of thing."""

    def __init__(self, load: Callable[[Path], T], name: Callable[[T], str]) -> None:
        self._load, self._name = load, name
        self._read = lru_cache(512)(self._loaded)

    def look(self, files: Iterable[Path]) -> tuple[list[T], list[Problem]]:
        """(what can be used, in the order of the files; what is wrong with the others). Read anew when a file changes."""
        found: dict[str, T] = {}
        problems: list[Problem] = []
        for path in files:
            read = self._looked_at(path)
            if isinstance(read, Unusable):
                problems += read.problems
            elif self._name(read) in found:
                problems.append(Problem(str(path), 1, "", f'the name "{self._name(read)}" is used in another file already'))
            else:
                found[self._name(read)] = read
        return list(found.values()), problems

    def _looked_at(self, path: Path) -> T | Unusable:
        try:
            return self._read(path, languages.changed(path))
        except OSError as error:  # it has just gone, or nobody may read it
            return Unusable([Problem(str(path), 1, "", error.strerror or str(error))])

    def _loaded(self, path: Path, changed: tuple[int, ...]) -> T | Unusable:
        try:
            return self._load(path)
        except Unusable as error:
            log.warning("not used: %s", error)
            return error
        except UnicodeDecodeError as error:
            return Unusable([Problem(str(path), 1, "", f"is not text in UTF-8: {error.reason}")])
