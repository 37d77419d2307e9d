"""A text of YAML (or JSON) documents taken apart, each with the line it begins on.

Models apimachinery's util/yaml document splitting; scalars as the API server reads YAML (apiserver.decode_yaml).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cluster_core.apiserver import decode_yaml
from cluster_core.apiserver.decode_syntax import Pairs

_SEPARATOR = re.compile(r"^---(?=\s|$)[^\n]*$", re.MULTILINE)
_LINE = re.compile(r"line (\d+)")
MAX_DOCUMENTS = 1000


@dataclass(frozen=True, slots=True)
class Document:
    """One document: an object, or the message why it is none. Lines count from 1 in the whole text."""

    line: int
    obj: dict[str, Any] | None = None
    problem: str = ""


def split(text: str) -> list[Document]:
    """The documents that are not empty; the items of a List are documents of their own."""
    found = [document for line, part in _parts(text) for document in _documents(line, part)]
    return found[: MAX_DOCUMENTS + 1]


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """(number of the first line, text) of everything between separators."""
    start = 0
    for separator in _SEPARATOR.finditer(text):
        yield text.count("\n", 0, start) + 1, text[start : separator.start()]
        rest = separator[0][3:].strip()
        start = separator.start() + 3 if rest and not rest.startswith("#") else separator.end()
    yield text.count("\n", 0, start) + 1, text[start:]


def _documents(line: int, part: str) -> Iterator[Document]:
    first = line + _blank_lines(part)
    try:
        value, complaints = decode_yaml.parse(part.encode())
    except decode_yaml.YamlError as error:
        yield Document(_line_of(str(error), line, first), problem=str(error))
        return
    if complaints:
        yield Document(first, problem=complaints[0])
    elif value is not None:
        yield from _objects(first, plain(value))


def _objects(line: int, value: Any) -> Iterator[Document]:
    if not isinstance(value, dict):
        yield Document(line, problem="a document must be an object with apiVersion and kind")
    elif str(value.get("kind", "")).endswith("List") and isinstance(value.get("items"), list):
        for item in value["items"]:
            yield from _objects(line, item)
    else:
        yield Document(line, value)


def _blank_lines(part: str) -> int:
    """Lines before the first that says something."""
    for number, text in enumerate(part.split("\n")):
        if text.strip() and not text.lstrip().startswith("#"):
            return number
    return 0


def _line_of(message: str, line: int, first: int) -> int:
    found = _LINE.search(message)
    return line + int(found[1]) - 1 if found else first


def plain(value: Any) -> Any:
    """Decoded pairs as dicts; of repeated keys the last counts."""
    if isinstance(value, Pairs):
        return {key: plain(member) for key, member in value}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
