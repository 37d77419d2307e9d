"""Files too large to be kept: dd, fallocate and truncate make them; only their size is remembered, as disk use.

What a file of this size really holds here is its beginning, so that commands find it where it was put.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bashkit import BuiltinContext, BuiltinResult

if TYPE_CHECKING:
    from cluster_core.workloads.builtins import Command
    from cluster_core.workloads.shell import Run

_SIZE = re.compile(r"(\d+(?:\.\d+)?)([kKMGT]?)(i?B?)")
_POWERS = {"": 0, "k": 1, "M": 2, "G": 3, "T": 4}
_KEPT = 4096
"""Bytes of a large file that are really there."""
_DISK_SPEED = 500e6
"""Bytes per second that dd writes."""


def size_of(text: str) -> int | None:
    """Bytes that 10M, 1G, 512 or 1MiB mean; None when it means nothing."""
    match = _SIZE.fullmatch(text)
    if match is None:
        return None
    base = 1000 if match[3] == "B" else 1024
    return int(float(match[1]) * base ** _POWERS[match[2].replace("K", "k")])


def commands(run: Run) -> dict[str, Command]:
    """The commands of one run."""
    return {
        "dd": lambda context: _dd(run, context),
        "fallocate": lambda context: _allocate(run, context, "-l", "--length"),
        "truncate": lambda context: _allocate(run, context, "-s", "--size"),
    }


def _absolute(context: BuiltinContext, path: str) -> str:
    return path if path.startswith("/") else f"{context.cwd.rstrip('/')}/{path}"


def _write(run: Run, context: BuiltinContext, path: str, size: int) -> str:
    """Put the file there; answers what hinders."""
    whole = _absolute(context, path)
    if whole.startswith("/dev/"):
        return ""
    parent = whole.rpartition("/")[0] or "/"
    if not context.fs.exists(parent):
        return f"{path}: No such file or directory"
    context.fs.write_file(whole, b"\0" * min(size, _KEPT))
    run.occupy(whole, size)
    return ""


def _dd(run: Run, context: BuiltinContext) -> BuiltinResult:
    given = dict(word.partition("=")[::2] for word in context.argv)
    source, target = given.get("if", ""), given.get("of", "")
    block, count = size_of(given.get("bs", "512")), given.get("count", "")
    if not source.startswith("/dev/") or block is None or not count.isdigit():
        return BuiltinResult("", f"dd: cannot open '{source}': No such file or directory\n" if source else "dd: missing if=\n", 1)
    size = block * int(count)
    problem = _write(run, context, target, size) if target else ""
    if problem:
        return BuiltinResult("", f"dd: can't open '{problem.replace(': ', chr(39) + ': ', 1)}\n", 1)
    seconds = size / _DISK_SPEED
    run.clock += seconds
    rate = f"{_DISK_SPEED / 1e6:.0f} MB/s"
    told = f"{count}+0 records in\n{count}+0 records out\n{size} bytes ({size / 1e6:.1f} MB) copied, {seconds:.6f} s, {rate}\n"
    return BuiltinResult("", told, 0)


def _allocate(run: Run, context: BuiltinContext, *options: str) -> BuiltinResult:
    size, path = None, ""
    words = iter(context.argv)
    for word in words:
        name, equals, value = word.partition("=")
        if name in options:
            size = size_of(value if equals else next(words, ""))
        elif word[:2] == options[0] and len(word) > 2:
            size = size_of(word[2:])
        elif not word.startswith("-"):
            path = word
    if size is None or not path:
        return BuiltinResult("", f"{context.name}: you must specify a file and its size\n", 1)
    problem = _write(run, context, path, size)
    return BuiltinResult("", f"{context.name}: {problem}\n" if problem else "", int(bool(problem)))
