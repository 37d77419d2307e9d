"""The texts of something, as a tree: what the original has is what a translation must have.

Leaves are texts and lists of texts. What is named is a mapping from the original's name to its texts, so that a part which
is renamed or taken away in the original is found out in every translation of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Texts = Mapping[str, Any]
Found = Iterator[tuple[list[str | int], str]]


def differences(given: Any, wanted: Any, path: tuple[str | int, ...] = ()) -> Found:
    """(where, what is wrong) of a translation: texts that are missing, empty, or not the original's."""
    if isinstance(wanted, str):
        if not isinstance(given, str) or not given.strip():
            yield [*path], "must be a text, and not an empty one"
    elif isinstance(wanted, Mapping):
        yield from _of_names(given, wanted, path)
    elif not isinstance(given, list) or len(given) != len(wanted):
        yield [*path], f"must be {len(wanted)} texts, as in the original"
    else:
        for index, (one, other) in enumerate(zip(given, wanted, strict=True)):
            yield from differences(one, other, (*path, index))


def _of_names(given: Any, wanted: Texts, path: tuple[str | int, ...]) -> Found:
    if not isinstance(given, Mapping):
        yield [*path], "must be a mapping"
        return
    for name, text in wanted.items():
        if name in given:
            yield from differences(given[name], text, (*path, name))
        else:
            yield [*path], f'"{name}" is not translated'
    for name in given:
        if name not in wanted:
            yield [*path, name], f'the original has no "{name}"'


def without_empty(texts: Texts) -> dict[str, Any]:
    """A tree without what has no text."""
    pruned = {name: without_empty(each) if isinstance(each, Mapping) else each for name, each in texts.items()}
    return {name: each for name, each in pruned.items() if each}


def pairs(given: Any, wanted: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[list[str | int], str, str]]:
    """(where, the translated text, the original one) of every leaf of a translation without differences."""
    if isinstance(wanted, str):
        yield [*path], given, wanted
    else:
        steps = wanted if isinstance(wanted, Mapping) else range(len(wanted))
        for step in steps:
            yield from pairs(given[step], wanted[step], (*path, step))
