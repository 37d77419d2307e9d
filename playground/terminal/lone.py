"""A line that is one waiting command and nothing else: `kubectl get pods -w`, `kubectl logs -f web`, `watch kubectl get nodes`.

It runs beside bash, whose limit of 30 seconds for a line is for programs that do not listen. Anything that bash has to
understand (pipes, variables, wildcards) goes to bash.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

Sink = Callable[[bytes], Coroutine[Any, Any, None]]
INTERRUPTED = 130
"""The exit code of what Ctrl-C ends."""
_KUBECTL = ("kubectl", "k")
_WATCHING = frozenset(("-w", "--watch", "--watch-only", "--follow", "-it", "-ti", "-i", "--stdin", "--tty"))
_LONG = frozenset(("wait", "rollout", "drain", "attach"))
_FOR_BASH = frozenset("|&;<>()$`\\*?[]{}~#!\n\r")


def words_of(line: str, names: Collection[str]) -> list[str] | None:
    """The words of the line when it is one of these commands alone, else None."""
    if not _FOR_BASH.isdisjoint(line.strip()):
        return None
    try:
        words = shlex.split(line)
    except ValueError:
        return None
    return words if words and words[0] in names and _waits(words) else None


def _waits(words: list[str]) -> bool:
    """kubectl only where somebody watches it: what hangs unasked, as a proxy does, ends with bash's limit."""
    if words[0] not in _KUBECTL:
        return True
    asked = {word.partition("=")[0] for word in words}
    verb = next((word for word in words[1:] if not word.startswith("-")), "")
    return bool(asked & _WATCHING) or (verb == "logs" and "-f" in asked) or verb in _LONG


@dataclass(slots=True)
class Output:
    sink: Sink

    async def write(self, data: bytes) -> None:
        await self.sink(data)


@dataclass(slots=True)
class NoInput:
    async def read_chunk(self) -> None:
        """There is no pipe in front."""


@dataclass(slots=True)
class Context:
    """What bash would hand to the command."""

    name: str
    argv: list[str]
    env: Mapping[str, str]
    cwd: str
    fs: Any
    stdout: Output
    stderr: Output
    stdin: NoInput = field(default_factory=NoInput)


class Alone:
    """The command that runs beside bash now, if any."""

    def __init__(self) -> None:
        self._task: asyncio.Task[int] | None = None

    async def run(self, command: Coroutine[Any, Any, int]) -> int:
        self._task = asyncio.create_task(command)
        try:
            await asyncio.wait((self._task,))
        finally:
            task, self._task = self._task, None
            task.cancel()
        return INTERRUPTED if task.cancelled() else task.result()

    def cancel(self) -> bool:
        """As Ctrl-C does; False when there is none."""
        return self._task is not None and self._task.cancel()


def counted(sink: Sink, most: int, stop: Callable[[], object]) -> Sink:
    """The sink, until more than so many bytes are said."""
    left = [most]

    async def counting(data: bytes) -> None:
        left[0] -= len(data)
        if left[0] > 0:
            await sink(data)
        else:
            stop()

    return counting
