"""tail: the end of files, and with -f what others write to them from then on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from bashkit import BuiltinContext, BuiltinResult

if TYPE_CHECKING:
    from cluster_core.workloads.shell import Run

_FOLLOW = ("-f", "-F", "--follow", "--follow=name", "--follow=descriptor", "--retry")
_COUNT = re.compile(r"-(?:n|-lines=)?([+-]?)(\d+)")
_PIPED = re.compile(r"\btail\b[^|;&\n]*\s-\w*[fF]\b[^|;&\n]*\|(?!\|)")
"""Followed by a program that reads it line by line: what that says is not known."""


class _Wanted(NamedTuple):
    names: list[str]
    lines: int
    from_start: bool
    follow: bool
    patient: bool


def tail(run: Run, context: BuiltinContext) -> BuiltinResult | str:
    """With -f it never ends."""
    wanted = _read(list(context.argv))
    paths = {name: name if name.startswith("/") else f"{context.cwd.rstrip('/')}/{name}" for name in wanted.names}
    missing = [name for name, path in paths.items() if path != "/dev/null" and not context.fs.exists(path)]
    problems = "".join(f"tail: can't open '{name}': No such file or directory\n" for name in missing)
    text = "".join(_text(context, path) for path in paths.values()) if paths else context.stdin or ""
    shown = _end(text, wanted)
    if not wanted.follow:
        return BuiltinResult(shown, problems, 1 if missing else 0)
    if missing and not wanted.patient and len(missing) == len(paths):
        return BuiltinResult("", problems + "tail: no files\n", 1)
    if not run.is_past:  # whoever looks sees what is there
        return BuiltinResult(shown, problems, 0)
    if not _PIPED.search(run.job.script):
        run.say(shown, problems)
        _follow(run, context, list(paths.values()))
    run.stop()
    return ""


def _read(argv: list[str]) -> _Wanted:
    names: list[str] = []
    count, from_start, follow, patient = 10, False, False, False
    while argv:
        word = argv.pop(0)
        if word in ("-n", "-c", "--lines") and argv:
            word = f"-n{argv.pop(0)}"
        match = _COUNT.fullmatch(word)
        if match:
            from_start, count = match[1] == "+", int(match[2])
        elif word in _FOLLOW or re.fullmatch(r"-[fFqvs]+", word):
            follow, patient = follow or "f" in word.lower(), patient or "F" in word or word in ("--follow=name", "--retry")
        elif word.startswith("-n+"):
            from_start = True
        elif not word.startswith("-") or word == "-":
            names.append(word)
    return _Wanted([name for name in names if name != "-"], count, from_start, follow, patient)


def _end(text: str, wanted: _Wanted) -> str:
    lines = text.splitlines(keepends=True)
    if wanted.from_start:
        return "".join(lines[max(wanted.lines - 1, 0) :])
    return "".join(lines[-wanted.lines :] if wanted.lines else [])


def _text(context: BuiltinContext, path: str) -> str:
    if path == "/dev/null" or not context.fs.exists(path) or context.fs.stat(path)["file_type"] == "directory":
        return ""
    return context.fs.read_file(path).decode("utf-8", "replace")


def _follow(run: Run, context: BuiltinContext, paths: list[str]) -> None:
    """Say what is written to the files, when it is."""
    known = {path: _text(context, path) for path in paths}
    while run.await_change(context.fs):
        for path in paths:
            text, before = _text(context, path), known[path]
            if text != before:
                run.say(text[len(before) :] if text.startswith(before) else text)
                known[path] = text
