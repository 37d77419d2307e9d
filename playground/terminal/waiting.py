"""Commands of a shell that mostly wait: `sleep`, and `watch` of a command of the machine or of kubectl."""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

Command = Callable[[Any], Awaitable[int]]
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+\.?\d*|\.\d+)([smhd]?)")
_LEAST = 0.5
"""Seconds between two looks at the least: each is a kubectl of its own."""
_CLEAR = "\x1b[H\x1b[2J\x1b[3J"


@dataclass(slots=True)
class _Inner:
    """What a watched command is given: the place and the output of its watch."""

    name: str
    argv: list[str]
    outer: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.outer, name)


async def sleep(context: Any) -> int:
    found = [_DURATION.fullmatch(word) for word in context.argv]
    wrong = next((word for word, match in zip(context.argv, found, strict=True) if match is None), None)
    if wrong is not None or not found:
        text = "missing operand" if wrong is None else f"invalid time interval '{wrong}'"
        await context.stderr.write(f"sleep: {text}\n".encode())
        return 1
    await asyncio.sleep(sum(float(match[1]) * _UNITS[match[2]] for match in found if match is not None))
    return 0


def watch(commands: Mapping[str, Command]) -> Command:
    """Over and over, until somebody presses Ctrl-C."""

    async def run(context: Any) -> int:
        seconds, words = _parsed(list(context.argv))
        if not words or words[0] not in commands:
            await context.stderr.write(b"watch: name a command of this machine or of kubectl, without pipes\n")
            return 1
        title = f"{_CLEAR}Every {seconds:.1f}s: {' '.join(words)}\n\n"
        while True:
            await context.stdout.write(title.encode())
            await commands[words[0]](_Inner(words[0], words[1:], context))
            await asyncio.sleep(seconds)

    return run


def _parsed(argv: list[str]) -> tuple[float, list[str]]:
    """(seconds between two looks, the command): -n 1, -n1, --interval=1; other options change only how it looks."""
    seconds = 2.0
    while argv and argv[0].startswith("-"):
        word = argv.pop(0)
        value = word.partition("=")[2] if "=" in word else word[2:]
        if word in ("-n", "--interval") and argv:
            value = argv.pop(0)
        if word.startswith(("-n", "--interval")) and _DURATION.fullmatch(value):
            seconds = max(float(value.rstrip("smhd")), _LEAST)
    return seconds, shlex.split(argv[0]) if len(argv) == 1 else argv
