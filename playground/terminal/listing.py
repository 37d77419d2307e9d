"""`ls` for a shell: bashkit's own says nothing of owners and links. Models GNU ls as far as people use it."""

from __future__ import annotations

import posixpath
from datetime import UTC, datetime
from typing import Any, NamedTuple

_KINDS = {"directory": "d", "symlink": "l", "file": "-"}
_KNOWN = frozenset("laA1hrtSRdFinog")


class _Entry(NamedTuple):
    name: str
    kind: str
    mode: int
    size: int
    changed: float


async def ls(context: Any) -> int:
    flags = {letter for word in context.argv if word.startswith("-") and not word.startswith("--") for letter in word[1:]}
    flags |= {"a"} if "--all" in context.argv else set()
    unknown = sorted(flags - _KNOWN)
    if unknown:
        await context.stderr.write(f"ls: invalid option -- '{unknown[0]}'\nTry 'ls --help' for more information.\n".encode())
        return 2
    code, files, places = 0, list[_Entry](), list[tuple[str, str]]()
    names = [word for word in context.argv if not word.startswith("-")] or ["."]
    for name in names:
        whole = posixpath.normpath(posixpath.join(context.cwd, name))
        if not context.fs.exists(whole):
            await context.stderr.write(f"ls: cannot access '{name}': No such file or directory\n".encode())
            code = 2
        elif context.fs.stat(whole)["file_type"] == "directory" and "d" not in flags:
            places.append((name, whole))
        else:
            files.append(_entry(name, context.fs.stat(whole)))
    said = _shown(files, flags, total=False) if files else ""
    if "R" in flags:
        places = [each for name, whole in places for each in _below(context.fs, name, whole)]
    for number, (name, whole) in enumerate(places):
        title = f"{name}:\n" if len(names) > 1 or "R" in flags else ""
        said += ("\n" if said or number else "") + title + _shown(_inside(context.fs, whole, flags), flags, total=True) if title else _shown(_inside(context.fs, whole, flags), flags, total=True)
    try:
        await context.stdout.write(said.encode())
    except BrokenPipeError:
        return 141
    return code


def _entry(name: str, facts: Any) -> _Entry:
    return _Entry(name, str(facts["file_type"]), int(facts.get("mode") or 0o644), int(facts.get("size") or 0), float(facts.get("modified") or 0))


def _below(fs: Any, name: str, whole: str) -> list[tuple[str, str]]:
    found = [(name, whole)]
    for each in sorted(fs.read_dir(whole), key=lambda each: each["name"]):
        if each["metadata"]["file_type"] == "directory":
            found += _below(fs, f"{name.rstrip('/')}/{each['name']}", posixpath.join(whole, each["name"]))
    return found


def _inside(fs: Any, whole: str, flags: set[str]) -> list[_Entry]:
    hidden = bool(flags & {"a", "A"})
    found = [_entry(each["name"], each["metadata"]) for each in fs.read_dir(whole) if hidden or not each["name"].startswith(".")]
    return [_entry(dot, fs.stat(whole)) for dot in (".", "..")] + found if "a" in flags else found


def _shown(found: list[_Entry], flags: set[str], total: bool) -> str:
    key: Any = (lambda each: (-each.changed, each.name)) if "t" in flags else (lambda each: (-each.size, each.name)) if "S" in flags else (lambda each: each.name)
    found = sorted(found, key=key, reverse="r" in flags)
    if "l" not in flags:
        return "".join(f"{each.name}{'/' if 'F' in flags and each.kind == 'directory' else ''}\n" for each in found)
    sizes = [_size(4096 if each.kind == "directory" else each.size, "h" in flags) for each in found]
    wide = max((len(size) for size in sizes), default=1)
    lines = [f"{_mode(each)} {2 if each.kind == 'directory' else 1} root root {size:>{wide}} {_when(each)} {each.name}\n" for each, size in zip(found, sizes, strict=True)]
    blocks = sum(4 * max(1, -(-each.size // 4096)) for each in found)
    return (f"total {blocks}\n" if total else "") + "".join(lines)


def _mode(each: _Entry) -> str:
    letters = "".join(letter if each.mode >> (8 - index) & 1 else "-" for index, letter in enumerate("rwxrwxrwx"))
    return _KINDS.get(each.kind, "-") + letters


def _when(each: _Entry) -> str:
    return f"{datetime.fromtimestamp(each.changed, UTC):%b %e %H:%M}"


def _size(count: int, human: bool) -> str:
    if not human or count < 1024:
        return str(count)
    value, unit = float(count), 0
    while value >= 1024 and unit < 3:
        value, unit = value / 1024, unit + 1
    return f"{value:.1f}{'BKMG'[unit]}" if value < 10 else f"{value:.0f}{'BKMG'[unit]}"
