"""A shell in a container: each line that comes is run; with a terminal there are prompts, echo and line editing."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Sequence

from cluster_core.workloads.inner import Inner
from playground.terminal.lineeditor import LineEditor, is_whole

from .channels import Channels

_UNFINISHED = "syntax error: unexpected end of file"
"""Of the shell's parser."""


class Shell:
    """`name`: which shell; `host`: for its prompt."""

    def __init__(self, inner: Inner, channels: Channels, name: str, host: str) -> None:
        self._inner, self._channels = inner, channels
        self._bash, self._host = name.endswith("bash"), host
        self._editor = LineEditor(self._prompt, lambda word: [])
        self._script, self._code, self.over = "", 0, False

    def _prompt(self) -> str:
        if self._script:
            return "> "
        cwd = self._inner.cwd()
        return f"root@{self._host}:{cwd}# " if self._bash else f"{cwd} # "

    async def talk(self) -> int:
        """Until it exits or its input ends: the exit code."""
        if self._channels.tty:
            await self._typed()
        else:
            await self._piped()
        return self._code

    async def _typed(self) -> None:
        await self._say(self._editor.begin())
        while not self.over and (data := await self._channels.read()) is not None:
            for key in self._editor.keys(data.decode("utf-8", "replace")):
                if key == "\x03":
                    self._script, self._code = "", 130
                echo, line = self._editor.key(key)
                await self._say(echo)
                if line is not None:
                    await self._line(line)
                    await self._say("" if self.over else self._editor.begin())
                if self.over:
                    return

    async def _piped(self) -> None:
        rest = b""
        while not self.over and (data := await self._channels.read()) is not None:
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                await self._line(line.decode("utf-8", "replace"))
        if not self.over:
            await self._line(rest.decode("utf-8", "replace"), last=True)
            self.over = True

    async def _line(self, line: str, last: bool = False) -> None:
        """One more line; what is whole is run."""
        if self.over:
            return
        self._script += line + "\n"
        if not last and not is_whole(self._script):
            return
        before, self._script = self._script, ""
        script = before.strip()
        if not script:
            return
        word, _, code = script.partition(" ")
        if word == "exit" and (not code or code.strip().isdigit()):
            self._code, self.over = int(code) & 255 if code else self._code, True
            return
        (code_now, out, err), self.over = self._inner.typed(script)
        if _UNFINISHED in err and not last:  # nothing has run: a loop or condition goes on
            self._script = before
            return
        self._code = code_now
        await self._channels.both(out, err)

    async def _say(self, text: str) -> None:
        if text:
            await self._channels.out(text.encode())


class Client(Shell):
    """redis-cli at a terminal: each line is a command of its own."""

    name = "redis-cli"
    _VALUED = ("-h", "-p", "-a", "-n", "-u")

    def __init__(self, inner: Inner, channels: Channels, argv: Sequence[str]) -> None:
        self._argv = list(argv)
        super().__init__(inner, channels, self.name, "")

    @classmethod
    def has_command(cls, argv: Sequence[str]) -> bool:
        """Whether it is told what to ask."""
        words = list(argv[1:])
        while words and words[0].startswith("-"):
            del words[: 2 if words[0] in cls._VALUED else 1]
        return bool(words)

    def _option(self, name: str, usual: str) -> str:
        return next((value for word, value in itertools.pairwise(self._argv) if word == name), usual)

    def _prompt(self) -> str:
        return f"{self._option('-h', '127.0.0.1')}:{self._option('-p', '6379')}> "

    async def _line(self, line: str, last: bool = False) -> None:
        words = line.split()
        if words[:1] in (["exit"], ["quit"]):
            self.over = True
        elif words:
            try:
                command = shlex.split(line)
            except ValueError:
                await self._say("Invalid argument(s)\n")
                return
            _, out, err = self._inner.execute([*self._argv, "--no-raw", *command])
            await self._channels.both(out, err)
