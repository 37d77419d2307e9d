"""A class as CSV: a header line with `name`, and if wanted `email` and `role`; errors name their lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from .models import Membership

MOST_ROWS, MOST_BYTES, MOST_NAME = 500, 256 * 1024, 100
_COLUMNS = ("name", "email", "role")
_ROLES = (Membership.Role.STUDENT, Membership.Role.ASSISTANT)
"""Instructors are made one by one, not by a file."""


class Entry(NamedTuple):
    """One person. `line` is where they stand in the file."""

    line: int
    name: str
    email: str = ""
    role: str = Membership.Role.STUDENT


class RosterError(ValueError):
    """What is wrong, by line: [(line, text)]."""

    def __init__(self, problems: list[tuple[int, str]]) -> None:
        super().__init__("; ".join(f"line {line}: {text}" for line, text in problems))
        self.problems = problems


def decoded(data: bytes) -> str:
    """A file's text: UTF-8, else what spreadsheets of western Windows write. Raises RosterError."""
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise RosterError([(1, "the file is not text in UTF-8")])


def parse(text: str) -> list[Entry]:
    """Raises RosterError with everything that is wrong, not only the first."""
    if len(text.encode()) > MOST_BYTES:
        raise RosterError([(1, f"the file is larger than {MOST_BYTES // 1024} KiB")])
    lines = csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=_delimiter(text))
    try:
        header, rows = _header(next(lines, [])), [(lines.line_num, row) for row in lines if any(map(str.strip, row))]
    except csv.Error as error:
        raise RosterError([(lines.line_num, str(error))]) from None
    if not rows or len(rows) > MOST_ROWS:
        raise RosterError([(2, "nobody is in it" if not rows else f"more than {MOST_ROWS} people")])
    entries = [_entry(line, header, row) for line, row in rows]
    problems = [problem for entry in entries for problem in _problems(entry)]
    problems += _twice(entries)
    if problems:
        raise RosterError(sorted(problems))
    return entries


def _delimiter(text: str) -> str:
    """Spreadsheets of some countries write semicolons."""
    first = text.partition("\n")[0]
    return ";" if first.count(";") > first.count(",") else ","


def _header(cells: list[str]) -> list[str]:
    header = [cell.strip().lower() for cell in cells]
    if "name" not in header:
        raise RosterError([(1, 'the first line must name the columns: "name", and if wanted "email" and "role"')])
    unknown = [cell for cell in header if cell not in _COLUMNS]
    if unknown or len(set(header)) < len(header):
        raise RosterError([(1, f"columns are {', '.join(_COLUMNS)}, each once; not: {', '.join(unknown or header)}")])
    return header


def _entry(line: int, header: list[str], row: list[str]) -> Entry:
    cells = dict(zip(header, (" ".join(cell.split()) for cell in row), strict=False))
    role = cells.get("role", "").lower() or str(Membership.Role.STUDENT)
    return Entry(line, cells.get("name", ""), cells.get("email", ""), role)


def _problems(entry: Entry) -> Iterator[tuple[int, str]]:
    if not entry.name:
        yield entry.line, "the name is missing"
    elif len(entry.name) > MOST_NAME or not entry.name.isprintable():
        yield entry.line, f"the name is longer than {MOST_NAME} characters or has signs that cannot be shown"
    if entry.role not in _ROLES:
        yield entry.line, f'the role "{entry.role}" is not one of {", ".join(_ROLES)}'
    if entry.email:
        try:
            validate_email(entry.email)
        except ValidationError:
            yield entry.line, f'"{entry.email}" is no email address'


def _twice(entries: list[Entry]) -> Iterator[tuple[int, str]]:
    seen: dict[str, int] = {}
    for entry in entries:
        address = entry.email.lower()
        if address and address in seen:
            yield entry.line, f"the same email address as in line {seen[address]}"
        seen.setdefault(address, entry.line)
