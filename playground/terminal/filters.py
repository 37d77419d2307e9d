"""`head` and `tee` for a shell: they show what they read at once, where bashkit's own wait until whoever writes has ended."""

from __future__ import annotations

import posixpath
import re
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

_LINE = re.compile(rb"[^\n]*\n|[^\n]+")
_UNITS = {"": 1, "b": 512, "k": 1024, "K": 1024, "kB": 1000, "M": 1024**2, "G": 1024**3}


class _Usage(Exception):
    """str() is what head says."""


class _Asked(NamedTuple):
    """How much is wanted (less than 0: all but so much at the end), in bytes or in lines, and of which files."""

    most: int
    in_bytes: bool
    files: list[str]
    titles: bool


async def tee(context: Any) -> int:
    paths = [posixpath.normpath(posixpath.join(context.cwd, word)) for word in context.argv if not word.startswith("-")]
    for path in paths:
        if not context.fs.exists(posixpath.dirname(path)):
            await context.stderr.write(f"tee: {path}: No such file or directory\n".encode())
            return 1
        if not {"-a", "--append"} & set(context.argv) or not context.fs.exists(path):
            context.fs.write_file(path, b"")
    async for piece in _of_stdin(context.stdin):
        for path in paths:
            context.fs.append_file(path, piece)
        await context.stdout.write(piece)
    return 0


async def head(context: Any) -> int:
    try:
        asked = _read(context.argv)
    except _Usage as error:
        await context.stderr.write(f"head: {error}\n".encode())
        return 1
    code = 0
    for number, name in enumerate(asked.files):
        path = posixpath.normpath(posixpath.join(context.cwd, name))
        if name != "-" and not (context.fs.exists(path) and context.fs.stat(path)["file_type"] == "file"):
            why = "Is a directory" if context.fs.exists(path) else "No such file or directory"
            await context.stderr.write(f"head: cannot open '{name}' for reading: {why}\n".encode())
            code = 1
            continue
        if asked.titles:
            title = "standard input" if name == "-" else name
            await context.stdout.write(f"{chr(10) if number else ''}==> {title} <==\n".encode())
        await _show(context, _of_stdin(context.stdin) if name == "-" else _of_file(context.fs.read_file(path)), asked)
    return code


async def _of_stdin(source: Any) -> AsyncIterator[bytes]:
    while (piece := await source.read_chunk()) is not None:
        yield bytes(piece)


async def _of_file(data: bytes) -> AsyncIterator[bytes]:
    yield bytes(data)


async def _show(context: Any, pieces: AsyncIterator[bytes], asked: _Asked) -> None:
    """Piece by piece, or all at the end when only that tells how much is to be left out."""
    left = asked.most
    if left < 0:
        whole = b"".join([piece async for piece in pieces])
        parts = [whole[at : at + 1] for at in range(len(whole))] if asked.in_bytes else _LINE.findall(whole)
        await context.stdout.write(b"".join(parts[:left]))
        return
    while left > 0 and (piece := await anext(pieces, None)) is not None:
        wanted = piece[:left] if asked.in_bytes else b"".join(_LINE.findall(piece)[:left])
        left -= len(wanted) if asked.in_bytes else wanted.count(b"\n")
        await context.stdout.write(wanted)


def _read(argv: list[str]) -> _Asked:
    """-n 3, -n3, --lines=3, -3, -c 10, -q, -v"""
    words, most, in_bytes, files, titles = list(argv), 10, False, [], ""
    while words:
        word = words.pop(0)
        kind, value = _option(word, words)
        if kind in ("n", "c"):
            most, in_bytes = _amount(value, kind), kind == "c"
        elif kind in ("q", "v"):
            titles = kind
        else:
            files.append(word)
    return _Asked(most, in_bytes, files or ["-"], titles == "v" or (len(files) > 1 and titles != "q"))


_LONG = {"--lines": "n", "--bytes": "c", "--quiet": "q", "--silent": "q", "--verbose": "v"}


def _option(word: str, rest: list[str]) -> tuple[str, str]:
    """(n, c, q or v, its value); ("", "") for a file."""
    if word[:1] != "-" or word == "-":
        return "", ""
    if word[1:].isdigit():
        return "n", word[1:]
    name, _, value = word.partition("=")
    kind = _LONG.get(name, word[1])
    if kind not in "ncqv":
        raise _Usage(f"invalid option -- '{word[1]}'\nTry 'head --help' for more information.")
    if kind in "qv":
        return kind, ""
    return kind, value if name in _LONG else word[2:] or (rest.pop(0) if rest else "")


def _amount(text: str, kind: str) -> int:
    digits = text.lstrip("-").rstrip("bkKMGB")
    if not digits.isdigit() or text.lstrip("-")[len(digits) :] not in _UNITS:
        raise _Usage(f"invalid number of {'bytes' if kind == 'c' else 'lines'}: '{text}'")
    return int(digits) * _UNITS[text.lstrip("-")[len(digits) :]] * (-1 if text.startswith("-") else 1)
